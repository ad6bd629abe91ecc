/** The order that sorts a column, and columns put in it together. */
import type { U32Column } from "../bytes/columns.ts";

const indexLimit = 0x200000;

/** Indices in ascending order of value, equal ones in the order given; null when they are in order already. */
export function ascendingOrder(values: Uint32Array): ArrayLike<number> | null {
  let ascending = true;
  for (let i = 1; i < values.length && ascending; i++) ascending = values[i]! >= values[i - 1]!;
  if (ascending) return null;
  if (values.length > indexLimit) return new Uint32Array(values.length).map((_, i) => i).sort((a, b) => values[a]! - values[b]! || a - b);
  // Value and index in one float64 (32 + 21 bits): the native numeric sort needs no comparator.
  const packed = Float64Array.from(values, (value, i) => value * indexLimit + i).sort();
  return packed.map((key) => key % indexLimit);
}

/** Brings columns of one length into an order, from index `from` on; null leaves them. */
export function reorder(columns: readonly U32Column[], order: ArrayLike<number> | null, from: number): void {
  if (order === null) return;
  for (const column of columns) {
    const values = column.view().slice(from);
    for (let i = 0; i < order.length; i++) column.set(from + i, values[order[i]!]!);
  }
}

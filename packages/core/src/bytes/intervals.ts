/**
 * Overlapping address ranges made disjoint.
 *
 * Debug files state ranges that nest or overlap: an assembler label inside a function, a line record inside another. The
 * answer at an address is the range that covers it and starts last; among ranges with one start the first in the input.
 *
 *   input    A [10, 50)   B [20, 30)   C [20, 40)
 *   output   A [10, 20)   B [20, 30)   C [30, 40)   A [40, 50)
 */

/** Disjoint ranges in ascending order; `item` is the index of the input range that covers each. All three have one length. */
export type DisjointRanges = { start: Uint32Array; end: Float64Array; item: Uint32Array };

/**
 * Ranges are [start[i], end[i]); empty ones cover nothing. Ends are numbers above any start and may be 2^32. Returns null when the
 * input is already ascending and disjoint, which is the usual case: every input range stands for itself.
 */
export function makeDisjoint(start: ArrayLike<number>, end: ArrayLike<number>, count: number): DisjointRanges | null {
  let tidy = true;
  for (let i = 0; i < count && tidy; i++) {
    if (end[i]! <= start[i]! || (i + 1 < count && end[i]! > start[i + 1]!)) tidy = false;
  }
  if (tidy) return null;

  // Ascending by start; of equal starts the first of the input last, so that a range always outranks those before it.
  const order = sortedOrder(start, end, count);
  const outStart = new Uint32Array(2 * order.length);
  const outEnd = new Float64Array(2 * order.length);
  const outItem = new Uint32Array(2 * order.length);
  let written = 0;
  const open = new Uint32Array(order.length);
  let depth = 0;
  let at = 0;
  for (let k = 0; k <= order.length; k++) {
    const next = k < order.length ? order[k]! : -1;
    const limit = next < 0 ? Number.POSITIVE_INFINITY : start[next]!;
    while (depth > 0 && at < limit) {
      const top = open[depth - 1]!;
      if (end[top]! <= at) {
        depth--;
        continue;
      }
      const until = Math.min(end[top]!, limit);
      if (written > 0 && outItem[written - 1] === top && outEnd[written - 1] === at) {
        outEnd[written - 1] = until;
      } else {
        outStart[written] = at;
        outEnd[written] = until;
        outItem[written] = top;
        written++;
      }
      at = until;
    }
    if (next < 0) break;
    at = limit;
    open[depth++] = next;
  }
  return { start: outStart.slice(0, written), end: outEnd.slice(0, written), item: outItem.slice(0, written) };
}

const INDEX_LIMIT = 0x200000;

/** Indices of the non-empty ranges, ascending by start, later input before earlier input of the same start. */
function sortedOrder(start: ArrayLike<number>, end: ArrayLike<number>, count: number): Uint32Array {
  let used = 0;
  const order = new Uint32Array(count);
  for (let i = 0; i < count; i++) {
    if (end[i]! > start[i]!) order[used++] = i;
  }
  const indices = order.subarray(0, used);
  if (count > INDEX_LIMIT) return indices.sort((a, b) => start[a]! - start[b]! || b - a);
  // Both keys packed into one float64 (32 + 21 bits): the native numeric sort is several times faster than a comparator.
  const packed = new Float64Array(used);
  for (let k = 0; k < used; k++) packed[k] = start[indices[k]!]! * INDEX_LIMIT + (INDEX_LIMIT - 1 - indices[k]!);
  packed.sort();
  for (let k = 0; k < used; k++) indices[k] = INDEX_LIMIT - 1 - (packed[k]! % INDEX_LIMIT);
  return indices;
}

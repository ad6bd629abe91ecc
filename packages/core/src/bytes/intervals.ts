/**
 * Overlapping address ranges made disjoint.
 *
 * Debug files state ranges that nest or overlap: an assembler label inside a function, a line record inside another. The
 * answer at an address is the range that covers it and starts last; among ranges with one start the first in the input.
 *
 *   input    A [10, 50)   B [20, 30)   C [20, 40)
 *   output   A [10, 20)   B [20, 30)   C [30, 40)   A [40, 50)
 */

const indexLimit = 0x200000;
/** So few are sorted faster by insertion. */
const smallSort = 24;

/** Disjoint ranges in ascending order; `item` is the index of the input range that covers each. All three have one length. */
export type DisjointRanges = { start: Uint32Array; end: Float64Array; item: Uint32Array };

/**
 * Ranges are [start[i], end[i]); empty ones cover nothing. Ends are numbers above any start and may be 2^32. Returns null when the
 * input is already ascending and disjoint, which is the usual case: every input range stands for itself.
 */
export function makeDisjoint(start: ArrayLike<number>, end: ArrayLike<number>, count: number): DisjointRanges | null {
  const ranges = new Disjoiner().run(start, end, count);
  return ranges && { start: ranges.start.slice(), end: ranges.end.slice(), item: ranges.item.slice() };
}

/** `makeDisjoint` for many small inputs: each result lies in the memory of the one before. */
export class Disjoiner {
  #start = new Uint32Array(0);
  #end = new Float64Array(0);
  #item = new Uint32Array(0);
  #open = new Uint32Array(0);
  #order = new Uint32Array(0);
  #packed = new Float64Array(0);

  /** As makeDisjoint; good until the next call. */
  run(start: ArrayLike<number>, end: ArrayLike<number>, count: number): DisjointRanges | null {
    if (isDisjoint(start, end, count)) return null;
    this.#room(count);
    // Ascending by start; of equal starts the first of the input last, so that a range always outranks those before it.
    const used = this.#sort(start, end, count);
    const order = this.#order;
    const outStart = this.#start;
    const outEnd = this.#end;
    const outItem = this.#item;
    const open = this.#open;
    let written = 0;
    let depth = 0;
    let at = 0;
    for (let k = 0; k <= used; k++) {
      const next = k < used ? order[k]! : -1;
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
    return { start: outStart.subarray(0, written), end: outEnd.subarray(0, written), item: outItem.subarray(0, written) };
  }

  #room(count: number): void {
    if (count <= this.#order.length) return;
    const size = Math.max(count, 2 * this.#order.length);
    this.#start = new Uint32Array(2 * size);
    this.#end = new Float64Array(2 * size);
    this.#item = new Uint32Array(2 * size);
    this.#open = new Uint32Array(size);
    this.#order = new Uint32Array(size);
    this.#packed = new Float64Array(size);
  }

  /** Puts the indices of the non-empty ranges in order: ascending by start, later input before earlier input of the same start. */
  #sort(start: ArrayLike<number>, end: ArrayLike<number>, count: number): number {
    const order = this.#order;
    let used = 0;
    for (let i = 0; i < count; i++) {
      if (end[i]! > start[i]!) order[used++] = i;
    }
    if (used <= smallSort) {
      for (let k = 1; k < used; k++) {
        const index = order[k]!;
        const key = start[index]!;
        let at = k;
        // Of equal starts the later one, which is `index`, goes first.
        for (; at > 0 && start[order[at - 1]!]! >= key; at--) order[at] = order[at - 1]!;
        order[at] = index;
      }
    } else if (count > indexLimit) {
      order.subarray(0, used).sort((a, b) => start[a]! - start[b]! || b - a);
    } else {
      // Both keys packed into one float64 (32 + 21 bits): the native numeric sort is several times faster than a comparator.
      const packed = this.#packed.subarray(0, used);
      for (let k = 0; k < used; k++) packed[k] = start[order[k]!]! * indexLimit + (indexLimit - 1 - order[k]!);
      packed.sort();
      for (let k = 0; k < used; k++) order[k] = indexLimit - 1 - (packed[k]! % indexLimit);
    }
    return used;
  }
}

function isDisjoint(start: ArrayLike<number>, end: ArrayLike<number>, count: number): boolean {
  for (let i = 0; i < count; i++) {
    if (end[i]! <= start[i]! || (i + 1 < count && end[i]! > start[i + 1]!)) return false;
  }
  return true;
}

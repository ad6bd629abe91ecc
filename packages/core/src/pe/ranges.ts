/** Unwind ranges of a whole image: those of functions, and in the code between them the rules of functions without unwind data. */
import type { UnwindRange, UnwindRow } from "../unwind/rules.ts";

/** A stretch of code. */
export type CodeGap = { start: number; end: number };

/** Ranges in ascending order with the rest of `code` filled by `leaf`; neighbours with one row become one range. */
export function* withGaps(ranges: Iterable<UnwindRange>, code: Iterable<CodeGap>, leaf: UnwindRow): Iterable<UnwindRange> {
  let last: UnwindRange | null = null;
  for (const range of filled(ranges, [...code], leaf)) {
    if (last !== null && last.start + last.length === range.start && isSameRow(last.row, range.row)) {
      last = { start: last.start, length: last.length + range.length, row: last.row };
      continue;
    }
    if (last !== null) yield last;
    last = range;
  }
  if (last !== null) yield last;
}

function* filled(ranges: Iterable<UnwindRange>, code: readonly CodeGap[], leaf: UnwindRow): Iterable<UnwindRange> {
  let done = 0;
  for (const range of ranges) {
    // Damaged tables are not in order: what lies below what has been given is left out.
    const start = Math.max(range.start, done);
    const end = range.start + range.length;
    if (end <= start) continue;
    yield* between(done, start, code, leaf);
    yield { start, length: end - start, row: range.row };
    done = end;
  }
  yield* between(done, Number.POSITIVE_INFINITY, code, leaf);
}

function* between(from: number, to: number, code: readonly CodeGap[], leaf: UnwindRow): Iterable<UnwindRange> {
  let at = from;
  for (const gap of code) {
    const start = Math.max(gap.start, at);
    const end = Math.min(gap.end, to);
    if (end <= start) continue;
    yield { start, length: end - start, row: leaf };
    at = end;
  }
}

function isSameRow(a: UnwindRow | null, b: UnwindRow | null): boolean {
  return a === b || JSON.stringify(a, mapsToLists) === JSON.stringify(b, mapsToLists);
}

function mapsToLists(_key: string, value: unknown): unknown {
  return value instanceof Map ? [...value] : value;
}

/**
 * Code that has lines but lies in no function of its unit: assembler files, clang's -gline-tables-only, skeletons without their split file, the filling between
 * functions. It is given as one function without a name, which a symbol table may name.
 *
 *   lines   [100, 200)            unit  [100, 190)
 *   functions  [110, 140)         parts [100, 110)  [140, 190)
 */
import { makeDisjoint } from "../bytes/intervals.ts";
import type { LineRanges } from "./line-program.ts";
import { CodeRanges } from "./range-lists.ts";

/** The parts, ascending and disjoint. `unit`: where the unit's code lies, since units may share a line table. */
export function bareLines(lines: LineRanges, functions: CodeRanges, unit: CodeRanges): CodeRanges {
  const out = new CodeRanges();
  const covered = new Passing(functions);
  const inside = new Passing(unit);
  for (let i = 0; i < lines.start.length; i++) {
    const row = lines.item === null ? i : lines.item[i]!;
    if (lines.line[row] === 0) continue;
    const end = lines.end[i]!;
    let at = lines.start[i]!;
    while (at < end) {
      // To the next place where a function or the unit's code starts or ends.
      const isCovered = covered.holds(at);
      const isInside = inside.holds(at);
      const until = Math.min(end, inside.change, covered.change);
      if (isInside && !isCovered) append(out, at, until);
      at = until;
    }
  }
  return out;
}

function append(out: CodeRanges, start: number, end: number): void {
  const last = out.end.length - 1;
  if (last >= 0 && out.end.at(last) === start) out.end.set(last, end);
  else {
    out.start.push(start);
    out.end.push(end);
  }
}

/** Asked for ascending addresses: whether ranges cover one, and up to where the answer holds. */
class Passing {
  readonly #start: ArrayLike<number>;
  readonly #end: ArrayLike<number>;
  #next = 0;
  change = 0;

  constructor({ start, end }: CodeRanges) {
    const disjoint = makeDisjoint(start.view(), end.view(), start.length);
    this.#start = disjoint?.start ?? start.view();
    this.#end = disjoint?.end ?? end.view();
  }

  holds(address: number): boolean {
    while (this.#next < this.#start.length && this.#end[this.#next]! <= address) this.#next++;
    if (this.#next === this.#start.length) {
      this.change = Number.POSITIVE_INFINITY;
      return false;
    }
    const start = this.#start[this.#next]!;
    this.change = start > address ? start : this.#end[this.#next]!;
    return start <= address;
  }
}

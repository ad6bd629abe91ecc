/** Which FDE covers an address: one ascending table over the sections of a file, made by one pass over their entries. */
import { lastAtOrBelow } from "../bytes/bisect.ts";
import { FormatError } from "../bytes/format-error.ts";
import { makeDisjoint } from "../bytes/intervals.ts";
import type { FrameEntries } from "./cie-fde.ts";

const addressLimit = 0x100000000;
/** More functions than any program has; the table takes 17 bytes for each. */
const maxFdes = 1 << 24;

/** A stretch of code and the FDE in force there: offset in its section, number of the section. */
export type IndexEntry = { start: number; end: number; fde: number; section: number };

export class FrameIndex {
  readonly count: number;
  readonly #start: Uint32Array;
  readonly #end: Float64Array;
  readonly #item: Uint32Array | null;
  readonly #fde: Float64Array;
  readonly #section: Uint8Array;

  /** Sections that come first win where two describe the same function. */
  constructor(sections: readonly { entries: FrameEntries; stopsAtTerminator: boolean }[]) {
    const columns = new Columns();
    for (const [number, { entries, stopsAtTerminator }] of sections.entries()) collect(entries, stopsAtTerminator, number, columns);
    const { start, end, count } = columns;
    this.#fde = columns.fde;
    this.#section = columns.section;
    const disjoint = makeDisjoint(start, end, count);
    this.#start = disjoint?.start ?? start.subarray(0, count);
    this.#end = disjoint?.end ?? end;
    this.#item = disjoint?.item ?? null;
    this.count = this.#start.length;
  }

  at(position: number): IndexEntry {
    const item = this.#item === null ? position : this.#item[position]!;
    return { start: this.#start[position]!, end: this.#end[position]!, fde: this.#fde[item]!, section: this.#section[item]! };
  }

  /** The stretch between the entries before and behind an address that none covers. */
  gapAt(relativeAddress: number): { start: number; end: number } {
    const before = lastAtOrBelow(this.#start, relativeAddress);
    const start = before < 0 ? 0 : this.#end[before]!;
    return { start, end: before + 1 < this.count ? this.#start[before + 1]! : addressLimit };
  }

  /** Where the entries that follow each other without a gap from an address on end; the address itself when none covers it. */
  coveredTo(relativeAddress: number): number {
    let end = relativeAddress;
    for (let position = lastAtOrBelow(this.#start, end); position >= 0 && position < this.count; position++) {
      if (this.#start[position]! > end || this.#end[position]! <= end) break;
      end = this.#end[position]!;
    }
    return end;
  }

  /** The entry that covers an address, null when none does. */
  find(relativeAddress: number): IndexEntry | null {
    const position = lastAtOrBelow(this.#start, relativeAddress);
    if (position < 0 || relativeAddress >= this.#end[position]!) return null;
    return this.at(position);
  }
}

class Columns {
  count = 0;
  start = new Uint32Array(1024);
  end = new Float64Array(1024);
  fde = new Float64Array(1024);
  section = new Uint8Array(1024);

  push(start: number, end: number, fde: number, section: number): void {
    const at = this.count;
    if (at === this.start.length) this.#grow(2 * at);
    this.start[at] = start;
    this.end[at] = end;
    this.fde[at] = fde;
    this.section[at] = section;
    this.count = at + 1;
  }

  #grow(size: number): void {
    const { start, end, fde, section } = this;
    this.start = new Uint32Array(size);
    this.start.set(start);
    this.end = new Float64Array(size);
    this.end.set(end);
    this.fde = new Float64Array(size);
    this.fde.set(fde);
    this.section = new Uint8Array(size);
    this.section.set(section);
  }
}

/**
 * A damaged entry is passed over; behind an impossible length nothing can be found any more. Terminators in the middle are left by linkers
 * that join tables.
 */
function collect(entries: FrameEntries, stopsAtTerminator: boolean, section: number, columns: Columns): void {
  let offset = 0;
  while (offset + 4 <= entries.size) {
    let next = entries.size;
    try {
      const head = entries.head(offset);
      if (head.bodyBytes === 0 && stopsAtTerminator) return;
      next = head.next;
      if (head.cie !== "cie") {
        const { start, length, isDiscarded } = entries.fde(head);
        const end = start + length;
        if (!isDiscarded && length > 0 && start >= 0 && end <= addressLimit) columns.push(start, end, offset, section);
      }
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
    }
    if (columns.count > maxFdes) entries.fail(offset, `more than ${maxFdes} functions`);
    offset = next;
  }
}

/**
 * Where an entry's code lies: one range (DW_AT_low_pc, DW_AT_high_pc) or a list of them.
 *
 * .debug_ranges (DWARF 2-4) holds pairs of addresses relative to a base; the pair 0, 0 ends a list, a pair whose first is the highest
 * address sets the base. .debug_rnglists (DWARF 5) holds entries of a kind byte and operands; kind 0 ends a list. Its tables start with a header and may
 * hold an array of offsets, by which DW_FORM_rnglistx finds lists.
 *
 * Ranges that lie in no code of the image are left out: empty ones, and what linkers leave of functions that they dropped.
 */
import { U32Column } from "../bytes/columns.ts";
import { FormatError } from "../bytes/format-error.ts";
import type { Part, SectionBlocks } from "./blocks.ts";
import { Form } from "./constants.ts";
import type { EntryReader } from "./entries.ts";
import { Slot } from "./slots.ts";
import type { Unit } from "./units.ts";

/** A function has a handful, a unit with each function in a section of its own tens of thousands. */
const maxListEntries = 1 << 20;
/** No entry of a list is longer. */
const maxEntryBytes = 32;

const Kind = {
  endOfList: 0,
  baseAddressx: 1,
  startxEndx: 2,
  startxLength: 3,
  offsetPair: 4,
  baseAddress: 5,
  startEnd: 6,
  startLength: 7,
} as const;

/** Image-relative ranges of code, in the order of the file. */
export class CodeRanges {
  readonly start = new U32Column();
  readonly end = new U32Column();

  append(more: CodeRanges): void {
    for (let i = 0; i < more.start.length; i++) {
      this.start.push(more.start.at(i));
      this.end.push(more.end.at(i));
    }
  }

  clear(): void {
    this.start.clear();
    this.end.clear();
  }
}

/** Whether an entry states where its code lies. */
export function statesCode(entry: EntryReader): boolean {
  return entry.form[Slot.ranges] !== 0 || (entry.form[Slot.lowPc] !== 0 && entry.form[Slot.highPc] !== 0);
}

/** Appends the ranges of the entry read last. Throws FormatError for a list that cannot be read; what came before stays. */
export function appendRanges(unit: Unit, entry: EntryReader, out: CodeRanges): void {
  if (entry.form[Slot.ranges] !== 0) {
    appendList(unit, entry.form[Slot.ranges]!, entry.value[Slot.ranges]!, out);
    return;
  }
  if (entry.form[Slot.highPc] === 0) return;
  const low = unit.address(entry, Slot.lowPc);
  if (low === null) return;
  // As an address the end itself, otherwise the size.
  const high = unit.address(entry, Slot.highPc);
  append(unit, low, high ?? low + entry.value[Slot.highPc]!, out);
}

function append(unit: Unit, start: number, end: number, out: CodeRanges): void {
  if (!unit.addresses.isCode(start, end)) return;
  out.start.push(start);
  out.end.push(end);
}

function appendList(unit: Unit, form: number, value: number, out: CodeRanges): void {
  if (unit.version < 5) {
    const blocks = present(unit.main.blocks("ranges"), "ranges");
    new RangeList(unit, blocks, value + (unit.skeleton === null ? 0 : unit.rangesBase), out).readPairs();
    return;
  }
  const blocks = present(unit.file.blocks("rnglists"), "rnglists");
  let offset = value;
  if (form === Form.rnglistx) {
    offset = unit.rnglistsBase + blocks.word(unit.rnglistsBase + value * unit.offsetBytes, unit.offsetBytes);
  }
  new RangeList(unit, blocks, offset, out).readEntries();
}

function present(blocks: SectionBlocks | null, name: string): SectionBlocks {
  if (blocks === null) throw new FormatError(`dwarf: .debug_${name}`, null, "is missing");
  return blocks;
}

class RangeList {
  readonly #unit: Unit;
  readonly #blocks: SectionBlocks;
  readonly #out: CodeRanges;
  readonly #size: number;
  #part: Part;
  #at: number;

  constructor(unit: Unit, blocks: SectionBlocks, offset: number, out: CodeRanges) {
    this.#unit = unit;
    this.#blocks = blocks;
    this.#out = out;
    this.#size = unit.addressBytes;
    this.#part = blocks.part(offset);
    this.#at = offset - this.#part.base;
  }

  readPairs(): void {
    const unit = this.#unit;
    const size = this.#size;
    const highest = size === 8 ? -1 : size === 4 ? 0xffffffff : 0xffff;
    let base = unit.base;
    for (let i = 0; i < maxListEntries; i++) {
      const at = this.#need(2 * size);
      const { view } = this.#part;
      const first = unit.addresses.readOffset(view, at, size);
      const second = unit.addresses.readOffset(view, at + size, size);
      if (first === 0 && second === 0) return;
      if (first === highest) base = unit.addresses.read(view, at + size, size);
      else if (first !== second) append(unit, base + first, base + second, this.#out);
    }
    this.#fail("range list does not end");
  }

  readEntries(): void {
    const unit = this.#unit;
    let base = unit.base;
    for (let i = 0; i < maxListEntries; i++) {
      const kind = this.#u8();
      switch (kind) {
        case Kind.endOfList:
          return;
        case Kind.baseAddressx:
          base = unit.indexedAddress(this.#uleb());
          break;
        case Kind.startxEndx: {
          const start = unit.indexedAddress(this.#uleb());
          append(unit, start, unit.indexedAddress(this.#uleb()), this.#out);
          break;
        }
        case Kind.startxLength: {
          const start = unit.indexedAddress(this.#uleb());
          append(unit, start, start + this.#uleb(), this.#out);
          break;
        }
        case Kind.offsetPair: {
          const start = base + this.#uleb();
          append(unit, start, base + this.#uleb(), this.#out);
          break;
        }
        case Kind.baseAddress:
          base = this.#address();
          break;
        case Kind.startEnd: {
          const start = this.#address();
          append(unit, start, this.#address(), this.#out);
          break;
        }
        case Kind.startLength: {
          const start = this.#address();
          append(unit, start, start + this.#uleb(), this.#out);
          break;
        }
        default:
          this.#fail(`range list entry of kind ${kind}`);
      }
    }
    this.#fail("range list does not end");
  }

  /** Position of the next bytes within the part at hand. */
  #need(length: number): number {
    if (length > this.#part.bytes.length - this.#at) {
      const offset = this.#part.base + this.#at;
      if (length > this.#blocks.size - offset) this.#fail("range list reaches past the end");
      this.#part = this.#blocks.part(offset);
      this.#at = offset - this.#part.base;
      // The part ends with the section or holds a kilobyte more.
      if (this.#part.bytes.length - this.#at < Math.min(length, maxEntryBytes)) this.#fail("range list reaches past the end");
    }
    const at = this.#at;
    this.#at += length;
    return at;
  }

  #u8(): number {
    const at = this.#need(1);
    return this.#part.bytes[at]!;
  }

  #uleb(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 0x80) {
      const byte = this.#u8();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
  }

  #address(): number {
    const at = this.#need(this.#size);
    return this.#unit.addresses.read(this.#part.view, at, this.#size);
  }

  #fail(reason: string): never {
    return this.#blocks.fail(this.#part.base + this.#at, reason);
  }
}

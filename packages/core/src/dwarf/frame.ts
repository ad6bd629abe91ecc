/**
 * Call frame information in DWARF's form (.eh_frame, .debug_frame) as unwind rules. Used by ELF files, and by Mach-O files beside their
 * compact unwind tables. Given sections, never files.
 *
 * A lookup goes through .eh_frame_hdr where there is one, else through an index made at the first lookup; `ranges` always uses the index.
 * What the sections mean is in cie-fde.ts (entries), call-frame.ts (instructions) and expressions.ts.
 */
import { BlockReader } from "../bytes/block-reader.ts";
import type { ByteSource } from "../bytes/byte-source.ts";
import { FormatError } from "../bytes/format-error.ts";
import type { UnwindRange, UnwindRow, UnwindSource } from "../unwind/rules.ts";
import { CallFrame } from "./call-frame.ts";
import { type Fde, FrameEntries } from "./cie-fde.ts";
import { type EhFrameHdr, openEhFrameHdr } from "./eh-frame-hdr.ts";
import type { ExpressionContext } from "./expressions.ts";
import { FrameIndex } from "./frame-index.ts";
import type { PointerBases } from "./pointer.ts";
import type { DwarfRegisters } from "./registers.ts";

const blockBytes = 64 << 10;
const maxBlocks = 32;

/** Bytes of one section and where they lie. */
export type SectionBytes = {
  /** The section's bytes alone, decompressed. */
  bytes: ByteSource;
  /** Image-relative address of the first byte; 0 for sections that are not loaded. */
  address: number;
  /** Place of the first byte in the file, for errors. */
  fileOffset: number;
};

export type FrameSection = SectionBytes & {
  kind: "eh_frame" | "debug_frame";
  /** The search table beside an .eh_frame. */
  hdr?: SectionBytes;
  /** The bytes may go on behind the table, as when its size is not known: the first zero length ends it. */
  stopsAtTerminator?: boolean;
};

export type DwarfFramesInput = {
  /** Where two describe one function, the first is believed. */
  sections: readonly FrameSection[];
  registers: DwarfRegisters;
  littleEndian: boolean;
  addressBytes: 4 | 8;
  /** Address that the file states for image-relative address 0. */
  imageBase: bigint;
  /** Image-relative starts of code and global offset table, when pointers count from them. */
  textStart?: number;
  dataStart?: number;
};

export interface DwarfFrames extends UnwindSource {
  /** The rules of the FDE at an offset of the first section, at an image-relative address; null when the FDE does not cover it. */
  findInFde(fdeOffset: number, relativeAddress: number): UnwindRow | null;
  /** The stretch of code whose FDE covers an address, null when none does. */
  functionAt(relativeAddress: number): { start: number; end: number } | null;
  /** Where the FDEs that follow each other from an address on end; the address itself when none covers it. */
  describedTo(relativeAddress: number): number;
  /** The stretch without an FDE that holds an address, between the functions before and behind it; ends are 0 and 2^32 where there is none. */
  gapAt(relativeAddress: number): { start: number; end: number };
}

/** Opens frame sections; reads nothing yet. */
export function openDwarfFrames(input: DwarfFramesInput): DwarfFrames {
  return new Frames(input);
}

type OpenSection = { section: FrameSection; entries: FrameEntries; stopsAtTerminator: boolean; hdr: EhFrameHdr | null };

class Frames implements DwarfFrames {
  readonly #sections: readonly OpenSection[];
  readonly #context: ExpressionContext;
  #index: FrameIndex | null = null;

  constructor({ sections, registers, littleEndian, addressBytes, imageBase, textStart, dataStart }: DwarfFramesInput) {
    this.#context = { registers, addressBytes, littleEndian };
    const bases: PointerBases = { addressBytes, imageBase, text: textStart ?? null, data: dataStart ?? null };
    const reader = ({ bytes }: SectionBytes) => new BlockReader(bytes, blockBytes, maxBlocks);
    this.#sections = sections.map((section) => ({
      section,
      entries: new FrameEntries(reader(section), section.kind === "eh_frame", section.address, section.fileOffset, littleEndian, bases),
      stopsAtTerminator: section.stopsAtTerminator ?? false,
      hdr: section.hdr ? openEhFrameHdr(reader(section.hdr), section.hdr.address, section.hdr.fileOffset, littleEndian, bases) : null,
    }));
  }

  find(relativeAddress: number): UnwindRow | null {
    const fde = this.#findFde(relativeAddress);
    return fde === null ? null : this.#rowAt(fde, relativeAddress);
  }

  findInFde(fdeOffset: number, relativeAddress: number): UnwindRow | null {
    const entries = this.#sections[0]?.entries;
    if (entries === undefined) return null;
    const fde = entries.fde(entries.head(fdeOffset));
    return covers(fde, relativeAddress) ? this.#rowAt(fde, relativeAddress) : null;
  }

  functionAt(relativeAddress: number): { start: number; end: number } | null {
    const fde = this.#findFde(relativeAddress);
    return fde === null ? null : { start: fde.start, end: fde.start + fde.length };
  }

  describedTo(relativeAddress: number): number {
    return this.#indexed().coveredTo(relativeAddress);
  }

  gapAt(relativeAddress: number): { start: number; end: number } {
    return this.#indexed().gapAt(relativeAddress);
  }

  *ranges(): Iterable<UnwindRange> {
    const index = this.#indexed();
    for (let position = 0; position < index.count; position++) {
      const { start, end, fde, section } = index.at(position);
      yield* this.#rangesOf(this.#fdeAt(section, fde), start, end);
    }
  }

  /** The rows of one FDE, as far as they lie in [start, end): a nested function may own a part. Instructions that cannot be followed end the rules of this function alone. */
  *#rangesOf(fde: Fde, start: number, end: number): Iterable<UnwindRange> {
    let at = start;
    try {
      const frame = new CallFrame(fde, this.#context);
      for (let next = frame.next(); next !== null && at < end; next = frame.next()) {
        if (next <= at) continue;
        const until = Math.min(next, end);
        yield { start: at, length: until - at, row: frame.row() };
        at = until;
      }
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
    }
  }

  #indexed(): FrameIndex {
    this.#index ??= new FrameIndex(this.#sections);
    return this.#index;
  }

  #fdeAt(section: number, offset: number): Fde {
    const { entries } = this.#sections[section]!;
    return entries.fde(entries.head(offset));
  }

  #findFde(relativeAddress: number): Fde | null {
    const fast = this.#byHdr(relativeAddress);
    if (fast !== null) return fast;
    const entry = this.#indexed().find(relativeAddress);
    return entry === null ? null : this.#fdeAt(entry.section, entry.fde);
  }

  /** By the search table of the first section, as far as it can be believed. */
  #byHdr(relativeAddress: number): Fde | null {
    const first = this.#sections[0];
    const address = first?.hdr?.fdeAddress(relativeAddress) ?? null;
    if (first === undefined || address === null) return null;
    try {
      const fde = first.entries.fde(first.entries.head(address - first.section.address));
      return covers(fde, relativeAddress) ? fde : null;
    } catch (error) {
      if (error instanceof FormatError) return null;
      throw error;
    }
  }

  #rowAt(fde: Fde, relativeAddress: number): UnwindRow | null {
    const frame = new CallFrame(fde, this.#context);
    for (let next = frame.next(); next !== null; next = frame.next()) {
      if (relativeAddress < next) return frame.row();
    }
    return null;
  }
}

function covers(fde: Fde, relativeAddress: number): boolean {
  return !fde.isDiscarded && relativeAddress >= fde.start && relativeAddress - fde.start < fde.length;
}

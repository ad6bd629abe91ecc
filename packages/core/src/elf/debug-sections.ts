/**
 * DWARF sections of an ELF file: found by name, unpacked, with relocations applied.
 *
 *   .debug_info          as it is, or packed: SHF_COMPRESSED with a header (kind u32, [reserved u32 in 64-bit files], size word, alignment word)
 *   .zdebug_info         packed the old way (dwarf/packed-section.ts)
 *   .debug_info.dwo      of a split file, or of an object file that carries its split part in itself
 *   several .debug_info  of an object file: type units in groups; they follow the section that is in no group
 */
import { type ByteSource, checkRange } from "../bytes/byte-source.ts";
import { Cursor } from "../bytes/cursor.ts";
import { FormatError } from "../bytes/format-error.ts";
import type { Ports } from "../bytes/ports.ts";
import { SliceSource } from "../bytes/slice-source.ts";
import { unpackOldSection, unpackSection } from "../dwarf/packed-section.ts";
import type { DwarfSectionName, DwarfSections } from "../dwarf/sections.ts";
import { type ElfFile, type ElfSection, storedBytes } from "./elf-file.ts";
import { flagCompressed, flagExecutable, flagGroup, packedZlib, packedZstd, typeRelocatable } from "./records.ts";
import { relocated } from "./relocations.ts";

/** Type units of one object file. */
const maxPieces = 1 << 16;

/** The index sections of a package of split files have no suffix. */
const withoutSuffix: readonly DwarfSectionName[] = ["cu_index", "tu_index"];

/**
 * Sections of the file itself, or with "split" those of a .dwo or .dwp file. Packed ones need `ports`. Damage in a section is a
 * FormatError when it is asked for.
 */
export function elfDwarfSections(file: ElfFile, ports: Ports | null, kind: "own" | "split" = "own"): DwarfSections {
  return {
    section(name) {
      const suffix = kind === "split" && !withoutSuffix.includes(name) ? ".dwo" : "";
      const names = [`.debug_${name}${suffix}`, `.zdebug_${name}${suffix}`];
      const found = file.sections.filter((section) => names.includes(section.name)).slice(0, maxPieces);
      found.sort((a, b) => (a.flags & flagGroup) - (b.flags & flagGroup));
      return joined(found.map((section) => debugBytes(file, section, ports)).filter((bytes) => bytes !== null));
    },
    littleEndian: file.littleEndian,
    addressBytes: file.is64 ? 8 : 4,
    imageBase: file.imageBase,
    codeRanges: codeRanges(file),
  };
}

/** Whether a section of the name is there, packed or not. */
export function hasDebugSection(file: ElfFile, name: string): boolean {
  return file.sections.some((section) => isNamed(section, name) && storedBytes(file, section) !== null);
}

/** Whether some debug section can only be read with ports. */
export function hasPackedSections(file: ElfFile): boolean {
  return file.sections.some(
    ({ name, flags }) => name.startsWith(".zdebug_") || (name.startsWith(".debug_") && (flags & flagCompressed) !== 0),
  );
}

/** The contents of one debug section; null when the file does not hold them. */
export function debugBytes(file: ElfFile, section: ElfSection, ports: Ports | null): ByteSource | null {
  const stored = storedBytes(file, section);
  const bytes = stored === null ? null : unpacked(file, section, stored, ports);
  return bytes === null || file.fileType !== typeRelocatable ? bytes : relocated(file, section, bytes);
}

function isNamed(section: ElfSection, name: string): boolean {
  return section.name === `.debug_${name}` || section.name === `.zdebug_${name}`;
}

function unpacked(file: ElfFile, section: ElfSection, stored: ByteSource, ports: Ports | null): ByteSource | null {
  const what = `elf: ${section.name}`;
  if ((section.flags & flagCompressed) === 0) {
    return section.name.startsWith(".zdebug_") ? unpackOldSection(stored, ports, what, section.offset) : stored;
  }
  const headerBytes = file.is64 ? 24 : 12;
  const header = new Cursor(stored.read(0, Math.min(headerBytes, stored.size)), what, section.offset, file.littleEndian);
  const kind = header.u32();
  if (file.is64) header.skip(4);
  const size = file.is64 ? header.u64AsNumber() : header.u32();
  const form = kind === packedZlib ? "zlib" : kind === packedZstd ? "zstd" : null;
  if (form === null) throw new FormatError(what, section.offset, `packed in way ${kind}, which is not known`);
  return unpackSection(form, new SliceSource(stored, headerBytes, stored.size - headerBytes), size, ports, what);
}

/** In an object file all sections start at 0. */
function codeRanges(file: ElfFile): { start: number; end: number }[] | null {
  const ranges = file.sections
    .filter(({ flags, size, address }) => (flags & flagExecutable) !== 0 && size > 0 && address >= 0)
    .map(({ address, size }) => ({ start: address, end: address + size }));
  return ranges.length === 0 ? null : ranges;
}

function joined(pieces: readonly ByteSource[]): ByteSource | null {
  return pieces.length <= 1 ? (pieces[0] ?? null) : new JoinedSource(pieces);
}

class JoinedSource implements ByteSource {
  readonly size: number;
  readonly #pieces: readonly ByteSource[];

  constructor(pieces: readonly ByteSource[]) {
    this.#pieces = pieces;
    this.size = pieces.reduce((sum, piece) => sum + piece.size, 0);
  }

  read(offset: number, length: number): Uint8Array {
    checkRange(this.size, offset, length);
    const out = new Uint8Array(length);
    let start = 0;
    for (const piece of this.#pieces) {
      const from = Math.max(offset, start);
      const until = Math.min(offset + length, start + piece.size);
      if (from < until) out.set(piece.read(from - start, until - from), from - offset);
      start += piece.size;
    }
    return out;
  }
}

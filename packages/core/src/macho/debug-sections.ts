/**
 * DWARF sections of a Mach-O file: `__debug_info` and so on in the segment __DWARF, of a dSYM or of an object file. Section names have 16
 * characters at most, so longer ones are cut (`__debug_str_offs`). `__zdebug_…` is packed the old way.
 */
import type { ByteSource } from "../bytes/byte-source.ts";
import type { Ports } from "../bytes/ports.ts";
import { SliceSource } from "../bytes/slice-source.ts";
import { unpackOldSection } from "../dwarf/packed-section.ts";
import type { DwarfSections } from "../dwarf/sections.ts";
import { type MachOFile, sectionNamed } from "./headers.ts";

const maxNameLength = 16;

export function machODwarfSections(file: MachOFile, ports: Ports | null): DwarfSections {
  return {
    section: (name) => sectionOf(file, `__debug_${name}`) ?? packedSection(file, `__zdebug_${name}`, ports),
    littleEndian: file.littleEndian,
    addressBytes: file.pointerBytes,
    imageBase: file.baseAddress,
    codeRanges: codeRanges(file),
  };
}

function sectionOf(file: MachOFile, name: string): ByteSource | null {
  const section = sectionNamed(file, name.slice(0, maxNameLength));
  return section === null ? null : new SliceSource(file.bytes, section.fileOffset, section.size);
}

function packedSection(file: MachOFile, name: string, ports: Ports | null): ByteSource | null {
  const section = sectionNamed(file, name.slice(0, maxNameLength));
  const stored = sectionOf(file, name);
  return section === null || stored === null ? null : unpackOldSection(stored, ports, `mach-o: ${name}`, section.fileOffset);
}

function codeRanges(file: MachOFile): { start: number; end: number }[] | null {
  const code = file.sections.filter(({ hasInstructions, size }) => hasInstructions && size > 0);
  return code.length === 0 ? null : code.map(({ start, size }) => ({ start, end: start + size }));
}

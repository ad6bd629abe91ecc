/**
 * An ELF file opened: headers, sections and segments, and where things lie. Contents are read by ranges when asked for.
 *
 * Addresses are image-relative: what the file states minus the page of its lowest loaded segment, which is what a dump gives as the base of
 * the module, whether the file is position-independent or not. Debug files split off keep the addresses of the binary; the sections that
 * stayed in the binary are SHT_NOBITS there.
 */
import type { ByteSource } from "../bytes/byte-source.ts";
import { Cursor } from "../bytes/cursor.ts";
import { FormatError } from "../bytes/format-error.ts";
import { shortText } from "../bytes/short-text.ts";
import { SliceSource } from "../bytes/slice-source.ts";
import { flagCompressed, machines, recordBytes, sectionNobits, segmentLoad } from "./records.ts";

const maxSections = 1 << 20;
const maxSegments = 1 << 16;
const maxSectionNameBytes = 16 << 20;
const maxNameLength = 64;
const pageBytes = 4096n;
/** Addresses further from the image than any program reaches are one place: sums with sizes stay exact. */
const furthest = 2 ** 52;

export type ElfSection = {
  name: string;
  type: number;
  flags: number;
  /** Image-relative; meaningless unless the section is loaded. */
  address: number;
  offset: number;
  size: number;
  link: number;
  /** Of a relocation section: the section that it patches. */
  info: number;
};

export type ElfSegment = {
  type: number;
  flags: number;
  address: number;
  offset: number;
  /** Bytes in the file and in memory. */
  size: number;
  memorySize: number;
};

export type ElfFile = {
  source: ByteSource;
  is64: boolean;
  littleEndian: boolean;
  fileType: number;
  machine: number;
  /** Our name of the processor, null for one we do not know. */
  cpu: string | null;
  /** Address that the file states for image-relative address 0. */
  imageBase: bigint;
  /** Image-relative address where execution starts, with the Thumb bit on ARM. Libraries have none: negative or 0. */
  entry: number;
  sections: readonly ElfSection[];
  segments: readonly ElfSegment[];
  /** Where the section headers end, in a file that has them the last thing of all; 0 when it has none. */
  sectionHeadersEnd: number;
};

/** Where the headers are read from: section headers are not loaded, so in a copy from memory something else lies in their place. */
export type ElfLayout = "file" | "memory";

/** Reads the headers. Throws FormatError when they are not those of an ELF file. */
export function openElf(source: ByteSource, layout: ElfLayout = "file"): ElfFile {
  const ident = source.read(0, 16);
  if (ident[0] !== 0x7f || ident[1] !== 0x45 || ident[2] !== 0x4c || ident[3] !== 0x46)
    throw new FormatError("elf: header", 0, "no ELF file");
  const is64 = ident[4] === 2;
  const littleEndian = ident[5] !== 2;
  const sizes = recordBytes[is64 ? 64 : 32];
  const header = new Cursor(source.read(0, sizes.header), "elf: header", 0, littleEndian);
  header.seek(16);
  const fileType = header.u16();
  const machine = header.u16();
  header.seek(24);
  const entry = is64 ? header.u64() : BigInt(header.u32());
  const segmentTable = is64 ? header.u64AsNumber() : header.u32();
  const sectionTable = is64 ? header.u64AsNumber() : header.u32();
  header.seek(is64 ? 54 : 42);
  const segmentEntry = header.u16();
  const segmentCount = header.u16();
  const sectionEntry = header.u16();
  const sectionCount = header.u16();
  const nameSection = header.u16();

  const rawSegments = readSegments(source, is64, littleEndian, { at: segmentTable, entry: segmentEntry, count: segmentCount });
  const imageBase = lowestPage(rawSegments);
  const relative = (address: bigint) => {
    const distance = Number(BigInt.asIntN(is64 ? 64 : 33, address - imageBase));
    return Math.max(-furthest, Math.min(distance, furthest));
  };
  const sectionsAt = { at: layout === "memory" ? 0 : sectionTable, entry: sectionEntry, count: sectionCount };
  const sections = readSections(source, is64, littleEndian, sectionsAt, nameSection);
  return {
    source,
    is64,
    littleEndian,
    fileType,
    machine,
    cpu: machines[machine]?.[is64 ? 1 : 0] ?? null,
    imageBase,
    entry: relative(entry),
    sections: sections.map(({ address, ...section }) => ({ ...section, address: relative(address) })),
    segments: rawSegments.map(({ address, ...segment }) => ({ ...segment, address: relative(address) })),
    sectionHeadersEnd: sectionTable === 0 ? 0 : sectionTable + sectionEntry * sectionCount,
  };
}

/** The section's bytes, null when the file does not hold them, holds them compressed, or its header points outside the file. */
export function sectionBytes(file: ElfFile, section: ElfSection): ByteSource | null {
  return (section.flags & flagCompressed) !== 0 ? null : storedBytes(file, section);
}

/** The section's bytes as they lie in the file, perhaps compressed; null when it does not hold them. */
export function storedBytes(file: ElfFile, section: ElfSection): ByteSource | null {
  if (section.type === sectionNobits) return null;
  if (section.size === 0 || section.offset > file.source.size || section.size > file.source.size - section.offset) return null;
  return new SliceSource(file.source, section.offset, section.size);
}

/** The first section of a name that the file holds uncompressed bytes for. */
export function namedSection(file: ElfFile, name: string): ByteSource | null {
  for (const section of file.sections) {
    const bytes = section.name === name ? sectionBytes(file, section) : null;
    if (bytes !== null) return bytes;
  }
  return null;
}

/** The bytes from an image-relative address to the end of its loaded segment, with their place in the file; null when none are there. */
export function bytesAt(file: ElfFile, address: number): { bytes: ByteSource; fileOffset: number } | null {
  for (const segment of file.segments) {
    if (segment.type !== segmentLoad || address < segment.address || address >= segment.address + segment.size) continue;
    const fileOffset = segment.offset + (address - segment.address);
    const size = Math.min(segment.size - (address - segment.address), file.source.size - fileOffset);
    return size > 0 ? { bytes: new SliceSource(file.source, fileOffset, size), fileOffset } : null;
  }
  return null;
}

type RawAddress<T> = Omit<T, "address"> & { address: bigint };
type Table = { at: number; entry: number; count: number };

function readSegments(source: ByteSource, is64: boolean, littleEndian: boolean, table: Table): RawAddress<ElfSegment>[] {
  const wanted = recordBytes[is64 ? 64 : 32].segment;
  if (table.at === 0 || table.entry < wanted || table.count > maxSegments) return [];
  const segments: RawAddress<ElfSegment>[] = [];
  for (let i = 0; i < table.count; i++) {
    const at = table.at + i * table.entry;
    const cursor = new Cursor(source.read(at, wanted), "elf: program header", at, littleEndian);
    const word = () => (is64 ? cursor.u64() : BigInt(cursor.u32()));
    const size = () => (is64 ? cursor.u64AsNumber() : cursor.u32());
    const type = cursor.u32();
    let flags = is64 ? cursor.u32() : 0;
    const offset = size();
    const address = word();
    cursor.skip(is64 ? 8 : 4);
    const fileSize = size();
    const memorySize = size();
    if (!is64) flags = cursor.u32();
    segments.push({ type, flags, offset, address, size: fileSize, memorySize });
  }
  return segments;
}

function lowestPage(segments: readonly RawAddress<ElfSegment>[]): bigint {
  let lowest: bigint | null = null;
  for (const { type, address } of segments) {
    if (type === segmentLoad && (lowest === null || address < lowest)) lowest = address;
  }
  return lowest === null ? 0n : lowest - (lowest % pageBytes);
}

function readSections(source: ByteSource, is64: boolean, littleEndian: boolean, table: Table, namesAt: number): RawAddress<ElfSection>[] {
  const wanted = recordBytes[is64 ? 64 : 32].section;
  if (table.at === 0 || table.entry < wanted || table.at >= source.size) return [];
  const readEntry = (cursor: Cursor): RawAddress<ElfSection> & { nameAt: number } => {
    const word = () => (is64 ? cursor.u64() : BigInt(cursor.u32()));
    const size = () => (is64 ? cursor.u64AsNumber() : cursor.u32());
    const nameAt = cursor.u32();
    const type = cursor.u32();
    const flags = Number(word() & 0xffffffffn);
    const address = word();
    return { name: "", nameAt, type, flags, address, offset: size(), size: size(), link: cursor.u32(), info: cursor.u32() };
  };
  // More than 65,279 sections: the true count and the index of the name table stand in section 0.
  const first = readEntry(new Cursor(source.read(table.at, wanted), "elf: section header", table.at, littleEndian));
  const count = table.count === 0 ? first.size : table.count;
  const nameIndex = namesAt === 0xffff ? first.link : namesAt;
  if (count > maxSections || count * table.entry > source.size) throw new FormatError("elf: header", table.at, `${count} sections`);
  if (nameIndex >= count) throw new FormatError("elf: header", table.at, `section names in section ${nameIndex} of ${count}`);
  const entries = new Cursor(source.read(table.at, (count - 1) * table.entry + wanted), "elf: section header", table.at, littleEndian);
  const sections = Array.from({ length: count }, (_, i) => {
    entries.seek(i * table.entry);
    return readEntry(entries);
  });
  const nameTable = sections[nameIndex]!;
  if (nameTable.size > maxSectionNameBytes) throw new FormatError("elf: section names", nameTable.offset, `${nameTable.size} bytes`);
  const names = nameTable.type === sectionNobits ? new Uint8Array(0) : source.read(nameTable.offset, nameTable.size);
  return sections.map(({ nameAt, ...section }) => ({ ...section, name: textAt(names, nameAt) }));
}

function textAt(names: Uint8Array, at: number): string {
  return shortText(names, Math.min(at, names.length), Math.min(at + maxNameLength, names.length));
}

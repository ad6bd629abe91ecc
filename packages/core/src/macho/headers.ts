/**
 * Mach-O containers: thin files, slices of fat files, dSYM companions. Written by Apple's and LLVM's linkers.
 *
 *   fat file     magic, count, { cpu type, cpu subtype, offset, size, alignment } …   always big-endian
 *   thin file    header (28 bytes, or 32 in 64-bit files)
 *                  magic, cpu type, cpu subtype, file type, command count, size of commands, flags
 *                load commands { command, size, … }: segments with their sections, UUID, symbol table, function starts
 *
 * Read: segments, sections, UUID, place of the symbol table and of the function starts. Everything else is skipped.
 *
 * Addresses are relative to the image: the address of the __TEXT segment, which starts with the header itself, is 0.
 *
 * Deviations met in the wild: a dSYM repeats the segments of its binary with their addresses and sizes, but holds only __DWARF and the
 * symbol table; its other sections state offsets that point at something else or outside the file. So a section has bytes only where its
 * segment has them. `file` (the whole) may be larger than a slice; offsets in a slice count from its start.
 */
import type { ByteSource } from "../bytes/byte-source.ts";
import { Cursor } from "../bytes/cursor.ts";
import { SliceSource } from "../bytes/slice-source.ts";
import { decodeUtf8, toHex } from "../bytes/text.ts";
import {
  Command,
  CPU_NAMES,
  CpuType,
  FileType,
  Magic,
  PLATFORMS,
  SECTION_HAS_INSTRUCTIONS,
  SECTION_TYPE_MASK,
  SectionType,
} from "./constants.ts";

/** Java class files share the fat magic; their next word is a version above this. */
const MAX_FAT_SLICES = 30;
/** Load commands of the largest binaries take some hundred kB. */
const MAX_COMMANDS_BYTES = 16 << 20;
/** More segments or sections than any linker writes are damage. */
const MAX_SEGMENTS = 4096;
const MAX_SECTIONS = 65_536;
/** An image's code and data lie within 4 GiB of its header: addresses in reports and lookup files have 32 bits. */
const MAX_RELATIVE = 2 ** 32;

export type MachOCpu = "x86" | "amd64" | "arm64";

/** One architecture of a file. `offset` and `size` in bytes of the whole file; `cpu` null for one that is not walked. */
export type MachOSlice = { cpu: MachOCpu | null; offset: number; size: number };

/** Places in bytes of the slice. */
export type MachOSymbolPlace = { offset: number; count: number; stringsOffset: number; stringsSize: number };

/** Bytes of an image: relative addresses [start, start + fileSize) are at `fileOffset` of the slice. */
export type MachOSegment = { name: string; start: number; memorySize: number; fileOffset: number; fileSize: number };

export type MachOSection = {
  segment: string;
  name: string;
  /** Relative address and size in memory. */
  start: number;
  size: number;
  /** Place in the slice; null when the file does not hold the section's bytes. */
  fileOffset: number | null;
  hasInstructions: boolean;
  isStubs: boolean;
};

type FileRange = { offset: number; size: number };

export type MachOFile = {
  /** Our name of the processor, null for one we do not know. */
  cpu: string | null;
  /** "macos", "ios" and so on; null when no command says. */
  os: string | null;
  /** An object file of a compiler, not linked yet. */
  isObjectFile: boolean;
  pointerBytes: 4 | 8;
  littleEndian: boolean;
  isDsym: boolean;
  /** 32 upper hex digits; null when the file has none. */
  uuid: string | null;
  /** What address 0 of the image is in the file's own addresses. */
  baseAddress: bigint;
  segments: readonly MachOSegment[];
  sections: readonly MachOSection[];
  /** In bytes of the slice; null when absent. */
  functionStarts: FileRange | null;
  symbols: MachOSymbolPlace | null;
  /** The end of the last segment that the file should hold; a file that was cut off has fewer bytes. */
  statedSize: number;
  /** The slice itself: offset 0 is its header. */
  bytes: ByteSource;
};

/** A file whose code is walked. */
export type MachOImage = MachOFile & { cpu: MachOCpu };

/** The slices of a file, one for a thin file; null when the bytes are no Mach-O file. Throws FormatError for a damaged fat header. */
export function machOSlices(source: ByteSource): MachOSlice[] | null {
  if (source.size < 8) return null;
  const magic = new Cursor(source.read(0, 4), "mach-o: header", 0, false).u32();
  if (magic !== Magic.fat && magic !== Magic.fat64) {
    const start = thinStart(source, 0);
    return start === null ? null : [{ cpu: start.cpu, offset: 0, size: source.size }];
  }
  const count = new Cursor(source.read(4, 4), "mach-o: fat header", 4, false).u32();
  if (count > MAX_FAT_SLICES) return null;
  const is64 = magic === Magic.fat64;
  const entryBytes = is64 ? 32 : 20;
  const table = new Cursor(source.read(8, entryBytes * count), "mach-o: fat header", 8, false);
  const slices: MachOSlice[] = [];
  for (let i = 0; i < count; i++) {
    table.seek(entryBytes * i);
    const cpu = cpuOf(table.u32());
    table.skip(4);
    const offset = is64 ? table.u64AsNumber() : table.u32();
    const size = is64 ? table.u64AsNumber() : table.u32();
    if (offset > source.size || size > source.size - offset) table.fail(`slice of ${size} bytes at ${offset} reaches past the end`);
    slices.push({ cpu, offset, size });
  }
  return slices;
}

/** The headers of one slice. Null when it is no Mach-O file of a processor that is walked; throws FormatError when it is damaged. */
export function openMachO(file: ByteSource, slice: MachOSlice): MachOImage | null {
  const { cpu } = thinStart(file, slice.offset) ?? { cpu: null };
  const opened = cpu === null ? null : openMachOFile(file, slice);
  return cpu === null || opened === null ? null : { ...opened, cpu };
}

/** The headers of one slice of any processor. Null when it is no Mach-O file; throws FormatError when it is damaged. */
export function openMachOFile(file: ByteSource, slice: MachOSlice): MachOFile | null {
  const start = thinStart(file, slice.offset);
  if (start === null) return null;
  const { cpuName, littleEndian, is64 } = start;
  const headerBytes = is64 ? 32 : 28;
  const header = new Cursor(file.read(slice.offset, headerBytes), "mach-o: header", slice.offset, littleEndian);
  header.skip(12);
  const fileType = header.u32();
  const commandCount = header.u32();
  const commandsBytes = header.u32();
  if (commandsBytes > MAX_COMMANDS_BYTES) header.fail(`${commandsBytes} bytes of load commands`);
  if (commandCount > commandsBytes / 8) header.fail(`${commandCount} load commands in ${commandsBytes} bytes`);

  const commandsAt = slice.offset + headerBytes;
  const commands = new Cursor(file.read(commandsAt, commandsBytes), "mach-o: load command", commandsAt, littleEndian);
  const found: Found = { segments: [], sections: [], uuid: null, os: null, functionStarts: null, symbols: null };
  for (let i = 0; i < commandCount; i++) {
    const at = commands.pos;
    const command = commands.u32();
    const size = commands.u32();
    if (size < 8 || size > commands.left + 8) commands.fail(`command of ${size} bytes`);
    readCommand(commands, command, at, size, found);
    commands.seek(at + size);
  }
  const head = { cpu: cpuName, littleEndian, is64, isDsym: fileType === FileType.dsym, isObjectFile: fileType === FileType.object };
  return fileOf(found, head, new SliceSource(file, slice.offset, slice.size));
}

/** The image of a file whose UUID starts the Breakpad debug id; without one, and in thin files without a UUID, the first image. */
export function chooseMachO(source: ByteSource, debugId: string | null): MachOFile | null {
  for (const slice of machOSlices(source) ?? []) {
    const file = openMachOFile(source, slice);
    if (file === null || (debugId !== null && file.uuid !== null && !debugId.toUpperCase().startsWith(file.uuid))) continue;
    return file;
  }
  return null;
}

/** Up to `length` bytes from a relative address, fewer where the file's bytes of the segment end; empty when it holds none there. */
export function readImage(image: MachOFile, relative: number, length: number): Uint8Array {
  for (const segment of image.segments) {
    const into = relative - segment.start;
    if (into < 0 || into >= segment.fileSize) continue;
    return image.bytes.read(segment.fileOffset + into, Math.min(length, segment.fileSize - into));
  }
  return new Uint8Array(0);
}

/** A section that the file has bytes for. */
export function sectionNamed(image: MachOFile, name: string): (MachOSection & { fileOffset: number }) | null {
  for (const section of image.sections) {
    if (section.name === name && section.fileOffset !== null && section.size > 0) return { ...section, fileOffset: section.fileOffset };
  }
  return null;
}

type RawSegment = { name: string; address: bigint; memorySize: bigint; fileOffset: number; fileSize: number };
type RawSection = {
  segment: RawSegment;
  segmentName: string;
  name: string;
  address: bigint;
  size: number;
  fileOffset: number;
  flags: number;
};
type Found = {
  segments: RawSegment[];
  sections: RawSection[];
  uuid: string | null;
  os: string | null;
  functionStarts: FileRange | null;
  symbols: MachOSymbolPlace | null;
};

function readCommand(commands: Cursor, command: number, at: number, size: number, found: Found): void {
  switch (command) {
    case Command.segment:
    case Command.segment64:
      readSegment(commands, at, size, command === Command.segment64, found);
      return;
    case Command.uuid:
      found.uuid = toHex(commands.bytes(16)).toUpperCase();
      return;
    case Command.functionStarts:
      found.functionStarts = { offset: commands.u32(), size: commands.u32() };
      return;
    case Command.symtab:
      found.symbols = { offset: commands.u32(), count: commands.u32(), stringsOffset: commands.u32(), stringsSize: commands.u32() };
      return;
    case Command.versionMinMacos:
      found.os ??= "macos";
      return;
    case Command.versionMinIos:
      found.os ??= "ios";
      return;
    case Command.buildVersion:
      found.os = PLATFORMS[commands.u32()] ?? found.os;
      return;
  }
}

function readSegment(c: Cursor, at: number, size: number, is64: boolean, found: Found): void {
  if (found.segments.length >= MAX_SEGMENTS) c.fail(`more than ${MAX_SEGMENTS} segments`);
  const name = decodeUtf8(c.bytes(16));
  const address = is64 ? c.u64() : BigInt(c.u32());
  const memorySize = is64 ? c.u64() : BigInt(c.u32());
  const fileOffset = is64 ? c.u64AsNumber() : c.u32();
  const fileSize = is64 ? c.u64AsNumber() : c.u32();
  c.skip(8);
  const count = c.u32();
  c.skip(4);
  const sectionBytes = is64 ? 80 : 68;
  if (count > (at + size - c.pos) / sectionBytes) c.fail(`${count} sections in a command of ${size} bytes`);
  if (found.sections.length + count > MAX_SECTIONS) c.fail(`more than ${MAX_SECTIONS} sections`);
  const segment: RawSegment = { name, address, memorySize, fileOffset, fileSize };
  found.segments.push(segment);
  for (let i = 0; i < count; i++) {
    const sectionAt = c.pos;
    const sectionName = decodeUtf8(c.bytes(16));
    const segmentName = decodeUtf8(c.bytes(16));
    const sectionAddress = is64 ? c.u64() : BigInt(c.u32());
    const sectionSize = is64 ? c.u64AsNumber() : c.u32();
    const sectionOffset = c.u32();
    c.skip(12);
    const flags = c.u32();
    found.sections.push({
      segment,
      segmentName,
      name: sectionName,
      address: sectionAddress,
      size: sectionSize,
      fileOffset: sectionOffset,
      flags,
    });
    c.seek(sectionAt + sectionBytes);
  }
}

type Head = { cpu: string | null; littleEndian: boolean; is64: boolean; isDsym: boolean; isObjectFile: boolean };

function fileOf(found: Found, head: Head, bytes: ByteSource): MachOFile {
  // The segment that starts with the header. In a dSYM it has an address but no bytes; an object file has one nameless segment.
  const text = found.segments.find((s) => s.name === "__TEXT") ?? found.segments.find((s) => s.fileSize > 0 && s.name !== "__PAGEZERO");
  const baseAddress = text?.address ?? 0n;
  const segments: MachOSegment[] = [];
  for (const raw of found.segments) {
    const start = relativeTo(baseAddress, raw.address);
    if (start === null) continue;
    const here = isOwn(raw, head) ? Math.max(0, Math.min(raw.fileSize, bytes.size - raw.fileOffset)) : 0;
    const memorySize = Number(BigInt.asUintN(53, raw.memorySize));
    segments.push({ name: raw.name, start, memorySize, fileOffset: raw.fileOffset, fileSize: Math.min(here, MAX_RELATIVE - start) });
  }
  const sections: MachOSection[] = [];
  for (const raw of found.sections) {
    const start = relativeTo(baseAddress, raw.address);
    if (start === null) continue;
    const type = raw.flags & SECTION_TYPE_MASK;
    sections.push({
      segment: raw.segmentName,
      name: raw.name,
      start,
      size: raw.size,
      fileOffset: hasBytes(raw, type, head.isDsym, bytes.size) ? raw.fileOffset : null,
      hasInstructions: (raw.flags & SECTION_HAS_INSTRUCTIONS) !== 0,
      isStubs: type === SectionType.symbolStubs,
    });
  }
  return {
    cpu: head.cpu,
    os: found.os,
    isObjectFile: head.isObjectFile,
    pointerBytes: head.is64 ? 8 : 4,
    littleEndian: head.littleEndian,
    isDsym: head.isDsym,
    uuid: found.uuid,
    baseAddress,
    segments,
    sections,
    functionStarts: found.functionStarts,
    symbols: found.symbols,
    statedSize: Math.max(0, ...found.segments.filter((raw) => isOwn(raw, head)).map((raw) => raw.fileOffset + raw.fileSize)),
    bytes,
  };
}

/** Of the segments that a dSYM repeats it holds these only. */
const isOwn = ({ name }: RawSegment, { isDsym }: Head) => !isDsym || name === "__DWARF" || name === "__LINKEDIT";

/** Whether a section's bytes are where it says. */
function hasBytes(section: RawSection, type: number, isDsym: boolean, sliceSize: number): boolean {
  if (type === SectionType.zeroFill || type === SectionType.zeroFillLarge || type === SectionType.threadLocalZeroFill) return false;
  if (isDsym && section.segment.name !== "__DWARF") return false;
  const { fileOffset, fileSize } = section.segment;
  if (section.fileOffset < fileOffset || section.fileOffset + section.size > fileOffset + fileSize) return false;
  return section.fileOffset + section.size <= sliceSize;
}

function relativeTo(base: bigint, address: bigint): number | null {
  const relative = address - base;
  return relative >= 0n && relative < BigInt(MAX_RELATIVE) ? Number(relative) : null;
}

type ThinStart = { cpu: MachOCpu | null; cpuName: string | null; littleEndian: boolean; is64: boolean };

function thinStart(source: ByteSource, offset: number): ThinStart | null {
  if (source.size - offset < 8) return null;
  const bytes = source.read(offset, 8);
  const magic = new Cursor(bytes, "mach-o: header", offset, false).u32();
  const littleEndian = magic === Magic.little32 || magic === Magic.little64;
  if (!littleEndian && magic !== Magic.big32 && magic !== Magic.big64) return null;
  const c = new Cursor(bytes, "mach-o: header", offset, littleEndian);
  c.skip(4);
  const type = c.u32();
  return { cpu: cpuOf(type), cpuName: CPU_NAMES[type] ?? null, littleEndian, is64: magic === Magic.little64 || magic === Magic.big64 };
}

function cpuOf(type: number): MachOCpu | null {
  switch (type) {
    case CpuType.x86:
      return "x86";
    case CpuType.amd64:
      return "amd64";
    case CpuType.arm64:
      return "arm64";
    default:
      return null;
  }
}

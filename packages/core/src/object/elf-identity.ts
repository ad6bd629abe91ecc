/**
 * Identity of an ELF file: build id, CPU, which kinds of data it has. Reads the header, the section or program header table and the notes.
 *
 * The stripped binary and its debug file share the build id and are told apart by content: sections that were moved out are SHT_NOBITS.
 * Without a build id the debug_id is what Breakpad's and Mozilla's tools compute: the first 4096 bytes of .text, folded by xor.
 */
import type { ByteSource } from "../bytes/byte-source.ts";
import { Cursor } from "../bytes/cursor.ts";
import { FormatError } from "../bytes/format-error.ts";
import { decodeUtf8, toHex } from "../bytes/text.ts";
import { debugIdFromBuildId } from "../ids/debug-id.ts";
import type { ObjectVerdict } from "./verdict.ts";

const maxSections = 1 << 20;
const maxSegments = 1 << 16;
const maxNoteBytes = 1 << 20;
const maxSectionNameBytes = 16 << 20;
const foldedTextBytes = 4096;

const fileTypeRelocatable = 1;
const sectionTypeNote = 7;
const sectionTypeNobits = 8;
const segmentTypeNote = 4;
const noteBuildId = 3;

const machines: Readonly<Record<number, string>> = {
  3: "x86",
  8: "mips",
  20: "ppc",
  21: "ppc64",
  40: "arm",
  62: "amd64",
  183: "arm64",
  243: "riscv",
};

type Section = { name: string; type: number; offset: number; size: number };
type Segment = { type: number; offset: number; size: number };

export function identifyElf(source: ByteSource): ObjectVerdict {
  const ident = source.read(0, 16);
  const is64 = ident[4] === 2;
  const littleEndian = ident[5] !== 2;
  const header = new Cursor(source.read(0, is64 ? 64 : 52), "elf: header", 0, littleEndian);
  header.seek(16);
  const isObjectFile = header.u16() === fileTypeRelocatable;
  const machine = header.u16();
  header.seek(is64 ? 32 : 28);
  const segmentTable = is64 ? header.u64AsNumber() : header.u32();
  const sectionTable = is64 ? header.u64AsNumber() : header.u32();
  header.seek(is64 ? 54 : 42);
  const segmentEntryBytes = header.u16();
  const segmentCount = header.u16();
  const sectionEntryBytes = header.u16();
  const sectionCount = header.u16();
  const nameSection = header.u16();

  const sections = readSections(source, is64, littleEndian, sectionTable, sectionEntryBytes, sectionCount, nameSection);
  const segments = readSegments(source, is64, littleEndian, segmentTable, segmentEntryBytes, segmentCount);
  const buildId = findBuildId(source, littleEndian, sections, segments);
  const has = (...names: string[]) =>
    sections.some((section) => names.includes(section.name) && section.type !== sectionTypeNobits && section.size > 0);

  const verdict: ObjectVerdict = {
    kind: "elf",
    name: null,
    debugId: null,
    codeId: null,
    cpu: machines[machine] ?? null,
    os: has(".note.android.ident") ? "android" : "linux",
    features: [],
    convertible: false,
    lacks: ["reading names from ELF/DWARF is not supported yet: convert with dump_syms"],
  };
  if (isObjectFile) verdict.lacks.push("a linked image: this is an object file of the compiler");
  if (buildId !== null) {
    verdict.codeId = toHex(buildId);
    verdict.debugId = debugIdFromBuildId(buildId, littleEndian);
  } else {
    verdict.lacks.push("a build id: link with --build-id");
    if (!isObjectFile) verdict.debugId = foldedTextId(source, littleEndian, sections);
  }
  if (has(".symtab", ".dynsym")) verdict.features.push("symbols");
  else verdict.lacks.push("symbol tables");
  if (has(".debug_info", ".zdebug_info")) verdict.features.push("lines", "inlines");
  else verdict.lacks.push("debug information: stripped, or built without -g");
  if (has(".eh_frame", ".debug_frame", ".zdebug_frame", ".ARM.exidx")) verdict.features.push("unwind");
  else verdict.lacks.push("unwind tables");
  return verdict;
}

function readSections(
  source: ByteSource,
  is64: boolean,
  littleEndian: boolean,
  table: number,
  entryBytes: number,
  announced: number,
  namesAt: number,
): Section[] {
  const wantedBytes = is64 ? 64 : 40;
  if (table === 0 || entryBytes < wantedBytes) return [];
  const entry = (index: number) => {
    const offset = table + index * entryBytes;
    const cursor = new Cursor(source.read(offset, wantedBytes), "elf: section header", offset, littleEndian);
    const name = cursor.u32();
    const type = cursor.u32();
    cursor.skip(is64 ? 16 : 8);
    const position = is64 ? cursor.u64AsNumber() : cursor.u32();
    const size = is64 ? cursor.u64AsNumber() : cursor.u32();
    const link = cursor.u32();
    return { name, type, offset: position, size, link };
  };
  // More than 65,279 sections: the true count and the index of the name table stand in section 0.
  const first = entry(0);
  const count = announced === 0 ? first.size : announced;
  const nameIndex = namesAt === 0xffff ? first.link : namesAt;
  if (count > maxSections) throw new FormatError("elf: header", table, `${count} sections`);
  if (nameIndex >= count) throw new FormatError("elf: header", table, `section names in section ${nameIndex} of ${count}`);
  const nameTable = entry(nameIndex);
  if (nameTable.size > maxSectionNameBytes) throw new FormatError("elf: section names", nameTable.offset, `${nameTable.size} bytes`);
  const names = nameTable.type === sectionTypeNobits ? new Uint8Array(0) : source.read(nameTable.offset, nameTable.size);
  const sections: Section[] = [];
  for (let i = 0; i < count; i++) {
    const { name, type, offset, size } = entry(i);
    sections.push({ name: decodeUtf8(names.subarray(name, name + 64)), type, offset, size });
  }
  return sections;
}

function readSegments(
  source: ByteSource,
  is64: boolean,
  littleEndian: boolean,
  table: number,
  entryBytes: number,
  count: number,
): Segment[] {
  const wantedBytes = is64 ? 56 : 32;
  if (table === 0 || entryBytes < wantedBytes || count > maxSegments) return [];
  const segments: Segment[] = [];
  for (let i = 0; i < count; i++) {
    const offset = table + i * entryBytes;
    const cursor = new Cursor(source.read(offset, wantedBytes), "elf: program header", offset, littleEndian);
    const type = cursor.u32();
    if (is64) cursor.skip(4);
    const position = is64 ? cursor.u64AsNumber() : cursor.u32();
    cursor.skip(is64 ? 16 : 8);
    const size = is64 ? cursor.u64AsNumber() : cursor.u32();
    segments.push({ type, offset: position, size });
  }
  return segments;
}

/** Note segments first, then note sections. Ranges that do not lie in the file are passed over: debug files keep headers of what was removed. */
function findBuildId(source: ByteSource, littleEndian: boolean, sections: Section[], segments: Segment[]): Uint8Array | null {
  const places = [
    ...segments.filter((segment) => segment.type === segmentTypeNote),
    ...sections.filter((section) => section.type === sectionTypeNote),
  ];
  for (const { offset, size } of places) {
    if (size < 12 || size > maxNoteBytes || offset + size > source.size) continue;
    const found = buildIdNote(source.read(offset, size), offset, littleEndian);
    if (found !== null) return found;
  }
  return null;
}

function buildIdNote(bytes: Uint8Array, offset: number, littleEndian: boolean): Uint8Array | null {
  const cursor = new Cursor(bytes, "elf: note", offset, littleEndian);
  while (cursor.left >= 12) {
    const nameSize = cursor.u32();
    const size = cursor.u32();
    const type = cursor.u32();
    const paddedName = Math.ceil(nameSize / 4) * 4;
    const padded = Math.ceil(size / 4) * 4;
    if (paddedName + size > cursor.left) return null;
    const name = decodeUtf8(cursor.bytes(paddedName));
    const description = cursor.bytes(size);
    if (type === noteBuildId && name === "GNU" && size > 0) return description;
    if (padded - size > cursor.left) return null;
    cursor.skip(padded - size);
  }
  return null;
}

function foldedTextId(source: ByteSource, littleEndian: boolean, sections: Section[]): string | null {
  const text = sections.find((section) => section.name === ".text" && section.type !== sectionTypeNobits);
  if (text === undefined || text.size === 0 || text.offset + Math.min(text.size, foldedTextBytes) > source.size) return null;
  const bytes = source.read(text.offset, Math.min(text.size, foldedTextBytes));
  const folded = new Uint8Array(16);
  for (let i = 0; i < bytes.length; i++) folded[i % 16]! ^= bytes[i]!;
  return debugIdFromBuildId(folded, littleEndian);
}

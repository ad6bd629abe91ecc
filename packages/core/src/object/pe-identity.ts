/** Identity of a PE file (exe, dll): code id from its header, debug id and PDB name from its CodeView record, what it has. */
import type { ByteSource } from "../bytes/byte-source.ts";
import { Cursor } from "../bytes/cursor.ts";
import { FormatError } from "../bytes/format-error.ts";
import { baseName, decodeUtf8 } from "../bytes/text.ts";
import { normalizeCodeId, peCodeId } from "../ids/code-id.ts";
import { guidFromBytes, normalizeDebugId } from "../ids/debug-id.ts";
import type { ObjectVerdict } from "./verdict.ts";

const maxPdbNameBytes = 4096;
const maxDebugEntries = 256;
const maxStringTableBytes = 64 << 20;

const directoryExports = 0;
const directoryExceptions = 3;
const directoryDebug = 6;
const debugTypeCodeView = 2;
/** Minor version of a CodeView entry that names a portable PDB ("PM"). */
const portablePdbVersion = 0x504d;

const machines: Readonly<Record<number, string>> = {
  332: "x86" /* 0x014c */,
  448: "arm" /* 0x01c0 */,
  452: "arm" /* 0x01c4, Thumb */,
  34404: "amd64" /* 0x8664 */,
  43620: "arm64" /* 0xaa64 */,
};

type Section = { name: string; virtualAddress: number; virtualSize: number; rawOffset: number; rawSize: number };
type Directory = { address: number; size: number };

export function identifyPe(source: ByteSource): ObjectVerdict {
  const dos = new Cursor(source.read(0, 64), "pe: DOS header");
  dos.seek(60);
  const start = dos.u32();
  const coff = new Cursor(source.read(start, 24), "pe: header", start);
  if (coff.u32() !== 0x00004550) throw new FormatError("pe: header", start, "no PE signature");
  const machine = coff.u16();
  const sectionCount = coff.u16();
  const timestamp = coff.u32();
  const symbolTable = coff.u32();
  const symbolCount = coff.u32();
  const optionalBytes = coff.u16();

  const optional = new Cursor(source.read(start + 24, optionalBytes), "pe: optional header", start + 24);
  const optionalMagic = optional.u16();
  if (optionalMagic !== 0x10b && optionalMagic !== 0x20b)
    throw new FormatError("pe: optional header", start + 24, `magic ${optionalMagic}`);
  optional.seek(56);
  const sizeOfImage = optional.u32();
  optional.seek(optionalMagic === 0x20b ? 108 : 92);
  const directoryCount = Math.min(optional.u32(), 16);
  const directories: Directory[] = [];
  for (let i = 0; i < directoryCount && optional.left >= 8; i++) directories.push({ address: optional.u32(), size: optional.u32() });

  const sections = readSections(source, start + 24 + optionalBytes, sectionCount, symbolTable, symbolCount);
  const codeView = readCodeView(source, sections, directories[directoryDebug]);
  const present = (index: number) => (directories[index]?.size ?? 0) > 0;
  const hasDwarf = sections.some((section) => section.name === ".debug_info");

  const verdict: ObjectVerdict = {
    kind: "pe",
    name: codeView?.pdbName ?? null,
    debugId: codeView?.debugId ?? null,
    codeId: timestamp === 0 && sizeOfImage === 0 ? null : normalizeCodeId(peCodeId(timestamp, sizeOfImage)),
    cpu: machines[machine] ?? null,
    os: "windows",
    features: [],
    convertible: false,
    lacks: ["reading names from PE files is not supported yet: convert with dump_syms"],
  };
  if (present(directoryExports) || symbolCount > 0) verdict.features.push("symbols");
  if (hasDwarf) verdict.features.push("lines", "inlines");
  else verdict.lacks.push("debug information: it is in the PDB");
  if (present(directoryExceptions) || sections.some((section) => section.name === ".eh_frame" || section.name === ".debug_frame")) {
    verdict.features.push("unwind");
  } else {
    verdict.lacks.push(verdict.cpu === "x86" ? "unwind data: for 32-bit x86 it is in the PDB" : "unwind data: no exception directory");
  }
  if (codeView === null) verdict.lacks.push("a debug id: linked without /DEBUG");
  return verdict;
}

function readSections(source: ByteSource, table: number, count: number, symbolTable: number, symbolCount: number): Section[] {
  const cursor = new Cursor(source.read(table, 40 * count), "pe: section table", table);
  const stringTable = symbolTable === 0 ? 0 : symbolTable + 18 * symbolCount;
  const sections: Section[] = [];
  for (let i = 0; i < count; i++) {
    let name = decodeUtf8(cursor.bytes(8));
    // Longer names stand in the COFF string table; the section has "/" and the decimal offset.
    const offset = /^\/(\d+)$/.exec(name)?.[1];
    if (offset !== undefined && stringTable > 0) name = longName(source, stringTable, Number(offset)) ?? name;
    const virtualSize = cursor.u32();
    const virtualAddress = cursor.u32();
    const rawSize = cursor.u32();
    const rawOffset = cursor.u32();
    cursor.skip(16);
    sections.push({ name, virtualAddress, virtualSize, rawOffset, rawSize });
  }
  return sections;
}

function longName(source: ByteSource, stringTable: number, offset: number): string | null {
  const at = stringTable + offset;
  if (offset > maxStringTableBytes || at >= source.size) return null;
  return decodeUtf8(source.read(at, Math.min(64, source.size - at)));
}

function fileOffset(sections: Section[], address: number): number | null {
  for (const section of sections) {
    const delta = address - section.virtualAddress;
    if (delta >= 0 && delta < section.rawSize) return section.rawOffset + delta;
  }
  return null;
}

function readCodeView(
  source: ByteSource,
  sections: Section[],
  directory: Directory | undefined,
): { debugId: string | null; pdbName: string } | null {
  if (directory === undefined || directory.size === 0) return null;
  const table = fileOffset(sections, directory.address);
  if (table === null) return null;
  const count = Math.min(Math.floor(directory.size / 28), maxDebugEntries);
  const cursor = new Cursor(source.read(table, 28 * count), "pe: debug directory", table);
  for (let i = 0; i < count; i++) {
    cursor.skip(4);
    const stamp = cursor.u32();
    cursor.skip(2);
    const minorVersion = cursor.u16();
    const type = cursor.u32();
    const size = cursor.u32();
    cursor.skip(4);
    const offset = cursor.u32();
    if (type !== debugTypeCodeView || size < 24) continue;
    const record = new Cursor(source.read(offset, Math.min(size, maxPdbNameBytes)), "pe: CodeView record", offset);
    const signature = record.u32();
    if (signature === 0x53445352) {
      const guid = guidFromBytes(record.bytes(16), true);
      const age = record.u32();
      const printedAge = (minorVersion === portablePdbVersion ? stamp : age).toString(16);
      return { debugId: normalizeDebugId(guid + printedAge), pdbName: baseName(decodeUtf8(record.bytes(record.left))) };
    }
    if (signature === 0x3031424e) {
      record.skip(4);
      const timestamp = record.u32().toString(16).padStart(8, "0");
      const age = record.u32().toString(16);
      return { debugId: normalizeDebugId(timestamp + age), pdbName: baseName(decodeUtf8(record.bytes(record.left))) };
    }
  }
  return null;
}

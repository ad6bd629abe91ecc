/**
 * The container of Windows programs (exe, dll): headers, sections, data directories, and bytes by image-relative address.
 *
 *   MZ header        at 0x3c: offset of the next
 *   "PE\0\0"         machine u16, section count u16, timestamp u32, symbol table u32, symbol count u32, optional header bytes u16, flags u16
 *   optional header  magic u16 (0x10b 32 bits, 0x20b 64 bits) … size of image at 56 … directories (address u32, bytes u32) at 96 or 112
 *   section table    40 bytes each: name 8, virtual bytes u32, address u32, raw bytes u32, raw offset u32, 12 bytes skipped, flags u32
 *
 * Specification: "PE Format" in Microsoft's documentation. Names of more than eight characters are "/" and an
 * offset in the string table behind the COFF symbols (MinGW). Seen in the wild: a raw size larger than the virtual
 * size (padding to the file's alignment, which is no part of the section) and the reverse (zeroes that the file leaves out).
 */
import type { ByteSource } from "../bytes/byte-source.ts";
import { Cursor } from "../bytes/cursor.ts";
import { FormatError } from "../bytes/format-error.ts";
import { SliceSource } from "../bytes/slice-source.ts";
import { decodeUtf8 } from "../bytes/text.ts";

export const machineX86 = 0x014c;
export const machineArmThumb = 0x01c4;
export const machineAmd64 = 0x8664;
export const machineArm64 = 0xaa64;

/** Indexes of data directories. The function table (.pdata) is that of exceptions. */
export const directoryExports = 0;
export const directoryExceptions = 3;
export const directoryDebug = 6;
export const directoryLoadConfig = 10;

const maxDirectories = 16;
const coffSymbolBytes = 18;
const maxSectionName = 64;
const flagExecutable = 0x20000000;
/** A file on disk, or an image as the loader laid it out in memory, where addresses are offsets. */
export type PeLayout = "file" | "memory";

export type PeSection = {
  name: string;
  address: number;
  size: number;
  rawOffset: number;
  rawBytes: number;
  executable: boolean;
};

/** COFF's symbol table, in bytes of the file; the string table follows it. */
export type CoffSymbolPlace = { offset: number; count: number; stringsOffset: number };

export class PeImage {
  readonly source: ByteSource;
  readonly machine: number;
  readonly timestamp: number;
  readonly sizeOfImage: number;
  /** The address that the file prefers for image-relative address 0. */
  readonly imageBase: bigint;
  readonly is64: boolean;
  /** In the order of their addresses. */
  readonly sections: readonly PeSection[];
  /** In the order of the file: symbols number them from 1. */
  readonly sectionsAsNumbered: readonly PeSection[];
  /** Null when the file has none, as the loader's copy in memory. LLVM's linker writes a string table alone: no symbols, for long names. */
  readonly symbols: CoffSymbolPlace | null;
  readonly #directories: { address: number; size: number }[] = [];

  /** Throws FormatError for what is no PE image and for damaged headers. */
  constructor(source: ByteSource, layout: PeLayout = "file") {
    this.source = source;
    const dos = new Cursor(source.read(0, 64), "pe: DOS header");
    if (dos.u16() !== 0x5a4d) throw new FormatError("pe: DOS header", 0, "no MZ signature");
    dos.seek(60);
    const start = dos.u32();
    const coff = new Cursor(source.read(start, 24), "pe: header", start);
    if (coff.u32() !== 0x00004550) throw new FormatError("pe: header", start, "no PE signature");
    this.machine = coff.u16();
    const sectionCount = coff.u16();
    this.timestamp = coff.u32();
    const symbolTable = coff.u32();
    const symbolCount = coff.u32();
    const stringsOffset = symbolTable + coffSymbolBytes * symbolCount;
    this.symbols = layout === "memory" || symbolTable === 0 ? null : { offset: symbolTable, count: symbolCount, stringsOffset };
    const optionalBytes = coff.u16();

    const optional = new Cursor(source.read(start + 24, optionalBytes), "pe: optional header", start + 24);
    const magic = optional.u16();
    if (magic !== 0x10b && magic !== 0x20b) throw new FormatError("pe: optional header", start + 24, `magic ${magic}`);
    this.is64 = magic === 0x20b;
    optional.seek(this.is64 ? 24 : 28);
    this.imageBase = this.is64 ? optional.u64() : BigInt(optional.u32());
    optional.seek(56);
    this.sizeOfImage = optional.u32();
    optional.seek(this.is64 ? 108 : 92);
    const count = Math.min(optional.u32(), maxDirectories);
    for (let i = 0; i < count && optional.left >= 8; i++) this.#directories.push({ address: optional.u32(), size: optional.u32() });

    const table = start + 24 + optionalBytes;
    const cursor = new Cursor(source.read(table, 40 * sectionCount), "pe: section table", table);
    const sections: PeSection[] = [];
    for (let i = 0; i < sectionCount; i++) {
      const name = this.#sectionName(cursor.bytes(8));
      const virtualBytes = cursor.u32();
      const address = cursor.u32();
      const rawBytes = cursor.u32();
      const rawOffset = cursor.u32();
      cursor.skip(12);
      const executable = (cursor.u32() & flagExecutable) !== 0;
      const size = virtualBytes === 0 ? rawBytes : virtualBytes;
      if (layout === "memory") sections.push({ name, address, size, rawOffset: address, rawBytes: size, executable });
      else sections.push({ name, address, size, rawOffset, rawBytes: Math.min(rawBytes, size), executable });
    }
    this.sectionsAsNumbered = sections;
    this.sections = sections.toSorted((a, b) => a.address - b.address);
  }

  #sectionName(bytes: Uint8Array): string {
    const name = decodeUtf8(bytes);
    const digits = /^\/(\d+)$/.exec(name)?.[1];
    if (digits === undefined || this.symbols === null) return name;
    const at = this.symbols.stringsOffset + Number(digits);
    return at >= this.source.size ? name : decodeUtf8(this.source.read(at, Math.min(maxSectionName, this.source.size - at)));
  }

  /** The bytes that the file holds of a section of this name; null when it holds none. */
  sectionBytes(name: string): { bytes: ByteSource; fileOffset: number } | null {
    for (const section of this.sectionsAsNumbered) {
      const size = Math.min(section.rawBytes, this.source.size - section.rawOffset);
      if (section.name === name && size > 0)
        return { bytes: new SliceSource(this.source, section.rawOffset, size), fileOffset: section.rawOffset };
    }
    return null;
  }

  directory(index: number): { address: number; size: number } | null {
    const directory = this.#directories[index];
    return directory === undefined || directory.size === 0 ? null : directory;
  }

  sectionAt(address: number): PeSection | null {
    for (const section of this.sections) {
      if (address >= section.address && address < section.address + section.size) return section;
    }
    return null;
  }

  isCode(address: number): boolean {
    return this.sectionAt(address)?.executable ?? false;
  }

  /** The bytes at an image-relative address, at most `length`; fewer at the end of what the file holds, none outside all sections. */
  upTo(address: number, length: number): Uint8Array {
    const section = this.sectionAt(address);
    const delta = section === null ? 0 : address - section.address;
    if (section === null || delta >= section.rawBytes) return new Uint8Array(0);
    const offset = section.rawOffset + delta;
    const there = Math.min(length, section.rawBytes - delta, this.source.size - offset);
    return there <= 0 ? new Uint8Array(0) : this.source.read(offset, there);
  }

  /** Exactly `length` bytes at an image-relative address. Throws FormatError when the file does not hold them. */
  read(address: number, length: number, what: string): Uint8Array {
    const bytes = this.upTo(address, length);
    if (bytes.length < length)
      throw new FormatError(what, null, `address 0x${address.toString(16)}: need ${length} bytes, the file has ${bytes.length}`);
    return bytes;
  }
}

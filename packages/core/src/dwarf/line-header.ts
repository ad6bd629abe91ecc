/**
 * Header of a line number program (.debug_line, versions 2 to 5): how its opcodes are to be read, and the table of files.
 *
 *   length, u16 version, [v5: u8 address size, u8 segment selector size], header length, u8 shortest instruction, [v4-5: u8 operations per
 *   instruction], u8 default statement, i8 line base, u8 line range, u8 opcode base, lengths of the standard opcodes
 *   v2-4  directories as strings up to an empty one; files as string, uleb directory, uleb time, uleb size, up to an empty name
 *   v5    for directories and again for files: u8 count of (uleb content, uleb form), uleb count, the values
 *
 * File 1 is the first in versions 2 to 4 (directory 0 is the unit's own), file 0 in version 5 (directory 0 is the unit's own, spelled out).
 */
import { F64Column, U32Column } from "../bytes/columns.ts";
import { Cursor } from "../bytes/cursor.ts";
import { FormatError } from "../bytes/format-error.ts";
import type { SectionBlocks } from "./blocks.ts";
import { Form } from "./constants.ts";
import { uleb } from "./leb128.ts";
import type { Unit } from "./units.ts";

/** Real headers of the largest units have tens of thousands of files, in some megabytes. */
const maxHeaderBytes = 64 << 20;
const maxFiles = 1 << 22;

const contentPath = 1;
const contentDirectory = 2;

export type LineHeader = {
  version: number;
  offsetBytes: 4 | 8;
  addressBytes: number;
  shortestInstruction: number;
  operations: number;
  lineBase: number;
  lineRange: number;
  opcodeBase: number;
  opcodeLengths: Uint8Array;
  /** Offsets in the section: the program, and the end of it. */
  programStart: number;
  end: number;
  directories: LineStrings;
  files: LineStrings;
  /** Directory of each file. */
  fileDirectory: U32Column;
};

/** Strings by form and value, as Unit.stringOf takes them; those stored in the header itself are kept. */
export class LineStrings {
  readonly form = new U32Column();
  readonly value = new F64Column();

  get length(): number {
    return this.form.length;
  }
}

/** Reads the header at an offset of .debug_line. Throws FormatError. */
export function readLineHeader(blocks: SectionBlocks, offset: number): LineHeader {
  const what = "dwarf: .debug_line";
  const lead = new Cursor(blocks.read(offset, 32).bytes, what, offset, blocks.littleEndian);
  let length = lead.u32();
  const offsetBytes = length === 0xffffffff ? 8 : 4;
  if (offsetBytes === 8) length = lead.u64AsNumber();
  const end = lead.fileOffset + length;
  if (end > blocks.size) lead.fail(`program of ${length} bytes reaches past the end`);
  const version = lead.u16();
  if (version < 2 || version > 5) lead.fail(`version ${version} is unknown`);
  const addressBytes = version >= 5 ? lead.u8() : 0;
  if (version >= 5) lead.skip(1);
  const headerLength = offsetBytes === 8 ? lead.u64AsNumber() : lead.u32();
  const at = lead.fileOffset;
  if (headerLength > end - at || headerLength > maxHeaderBytes) lead.fail(`header of ${headerLength} bytes`);
  const cursor = new Cursor(blocks.read(at, headerLength).bytes, what, at, blocks.littleEndian);
  const shortestInstruction = cursor.u8();
  const operations = version >= 4 ? cursor.u8() : 1;
  cursor.skip(1);
  const lineBase = (cursor.u8() << 24) >> 24;
  const lineRange = cursor.u8();
  const opcodeBase = cursor.u8();
  const opcodeLengths = cursor.bytes(Math.max(0, opcodeBase - 1)).slice();
  const header: LineHeader = {
    version,
    offsetBytes,
    addressBytes,
    shortestInstruction,
    operations: Math.max(1, operations),
    lineBase,
    lineRange,
    opcodeBase,
    opcodeLengths,
    programStart: at + headerLength,
    end,
    directories: new LineStrings(),
    files: new LineStrings(),
    fileDirectory: new U32Column(),
  };
  if (version >= 5) {
    readTable(cursor, header, header.directories, null);
    readTable(cursor, header, header.files, header.fileDirectory);
  } else {
    readOldTables(cursor, header);
  }
  return header;
}

function readOldTables(cursor: Cursor, { directories, files, fileDirectory }: LineHeader): void {
  while (keepString(cursor, directories)) limit(cursor, directories.length);
  while (keepString(cursor, files)) {
    limit(cursor, files.length);
    fileDirectory.push(uleb(cursor));
    uleb(cursor);
    uleb(cursor);
  }
}

/** Notes where an inline string stands; false for an empty one, which ends a list. */
function keepString(cursor: Cursor, out: LineStrings): boolean {
  const start = cursor.fileOffset;
  if (skipString(cursor) === 0) return false;
  out.form.push(Form.string);
  out.value.push(start);
  return true;
}

function skipString(cursor: Cursor): number {
  let length = 0;
  while (cursor.u8() !== 0) length++;
  return length;
}

function limit(cursor: Cursor, count: number): void {
  if (count > maxFiles) cursor.fail(`more than ${maxFiles} files`);
}

function readTable(cursor: Cursor, header: LineHeader, out: LineStrings, directory: U32Column | null): void {
  const formats: number[] = [];
  const formatCount = cursor.u8();
  for (let i = 0; i < formatCount; i++) formats.push(uleb(cursor), uleb(cursor));
  const count = uleb(cursor);
  if (count > 0 && formatCount === 0) cursor.fail(`${count} entries of nothing`);
  for (let i = 0; i < count; i++) {
    limit(cursor, i);
    let form: number = Form.udata;
    let value = 0;
    let directoryIndex = 0;
    for (let k = 0; k < formats.length; k += 2) {
      const read = readValue(cursor, formats[k + 1]!, header);
      if (formats[k] === contentPath) {
        form = formats[k + 1]!;
        value = read;
      } else if (formats[k] === contentDirectory) {
        directoryIndex = read;
      }
    }
    out.form.push(form);
    out.value.push(value);
    directory?.push(directoryIndex);
  }
}

/** A number, or for strings what Unit.stringOf takes. */
function readValue(cursor: Cursor, form: number, header: LineHeader): number {
  switch (form) {
    case Form.string: {
      const start = cursor.fileOffset;
      skipString(cursor);
      return start;
    }
    case Form.lineStrp:
    case Form.strp:
    case Form.strpSup:
    case Form.gnuStrpAlt:
    case Form.secOffset:
      return header.offsetBytes === 8 ? cursor.u64AsNumber() : cursor.u32();
    case Form.strx:
    case Form.udata:
      return uleb(cursor);
    case Form.data1:
    case Form.strx1:
      return cursor.u8();
    case Form.data2:
    case Form.strx2:
      return cursor.u16();
    case Form.strx3: {
      const bytes = cursor.bytes(3);
      return cursor.littleEndian ? bytes[0]! | (bytes[1]! << 8) | (bytes[2]! << 16) : bytes[2]! | (bytes[1]! << 8) | (bytes[0]! << 16);
    }
    case Form.data4:
    case Form.strx4:
      return cursor.u32();
    case Form.data8:
      cursor.skip(8);
      return 0;
    case Form.data16:
      cursor.skip(16);
      return 0;
    case Form.block:
      cursor.skip(uleb(cursor));
      return 0;
    case Form.block1:
      cursor.skip(cursor.u8());
      return 0;
    case Form.block2:
      cursor.skip(cursor.u16());
      return 0;
    case Form.block4:
      cursor.skip(cursor.u32());
      return 0;
    default:
      return cursor.fail(`form 0x${form.toString(16)} in a table of files`);
  }
}

/**
 * Path of a file as llvm-symbolizer spells it: the unit's directory, the file's directory and its name, each left out where a later one is
 * absolute. Nothing is normalised. Null for a number that the table does not hold.
 */
export function filePath(header: LineHeader, blocks: SectionBlocks, unit: Unit, file: number): Uint8Array | null {
  const { version, directories, files, fileDirectory } = header;
  const index = version >= 5 ? file : file - 1;
  if (index < 0 || index >= files.length) return null;
  const name = lineString(files, index, blocks, unit);
  if (name === null || name.length === 0) return null;
  if (isAbsolute(name)) return name;
  const directoryIndex = fileDirectory.at(index);
  const at = version >= 5 ? directoryIndex : directoryIndex - 1;
  const directory = at >= 0 && at < directories.length ? lineString(directories, at, blocks, unit) : null;
  const own = (version < 5 || directoryIndex !== 0) && !(directory !== null && isAbsolute(directory)) ? unit.directory : null;
  return join(join(own, directory), name);
}

function lineString(strings: LineStrings, index: number, blocks: SectionBlocks, unit: Unit): Uint8Array | null {
  const form = strings.form.at(index);
  const value = strings.value.at(index);
  try {
    return form === Form.string ? blocks.string(value) : unit.stringOf(form, value);
  } catch (error) {
    if (error instanceof FormatError) return null;
    throw error;
  }
}

const slash = 0x2f;
const backslash = 0x5c;
const colon = 0x3a;

/** "/…", "\\…", "C:\…" or "C:/…". */
function isAbsolute(path: Uint8Array): boolean {
  if (path.length === 0) return false;
  if (path[0] === slash || path[0] === backslash) return true;
  const letter = path[0]! | 0x20;
  return path[1] === colon && letter >= 0x61 && letter <= 0x7a && (path[2] === slash || path[2] === backslash);
}

function join(left: Uint8Array | null, right: Uint8Array | null): Uint8Array {
  if (left === null || left.length === 0) return right ?? new Uint8Array(0);
  if (right === null || right.length === 0) return left;
  const last = left[left.length - 1];
  const gap = last === slash || last === backslash ? 0 : 1;
  const path = new Uint8Array(left.length + gap + right.length);
  path.set(left);
  if (gap === 1) path[left.length] = slash;
  path.set(right, left.length + gap);
  return path;
}

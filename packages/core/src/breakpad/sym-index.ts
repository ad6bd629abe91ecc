/**
 * The table of contents of a .sym file, made by one scan over its bytes: where each function's block, public symbol, file name,
 * inline name and unwind block starts. Nothing is decoded; a block is parsed when an address lands in it (func-block.ts,
 * cfi-block.ts). Line records, nine tenths of a file, are passed over a word at a time: they have no upper-case letters, and all other
 * records start with one. Nonsense among a function's lines is met when its block is parsed.
 *
 * The file is read in windows, never as one buffer or string. A line that crosses the end of a window is met again at the
 * start of the next one.
 */

import type { ByteSource } from "../bytes/byte-source.ts";
import { F64Column, U32Column } from "../bytes/columns.ts";
import { FormatError } from "../bytes/format-error.ts";
import { makeDisjoint } from "../bytes/intervals.ts";
import { decodeUtf8 } from "../bytes/text.ts";
import { encodeUtf8 } from "../bytes/utf8.ts";
import { DamageLog } from "../names/damage.ts";
import { LineWords, maxLineBytes, maxRecordsPerKind, type SymModule } from "./records.ts";

const windowBytes = 2 * maxLineBytes;
/** File and origin ids are normally counted up from 0; the dense table follows gaps up to this many places per id, wilder ids go to a map. */
const maxPlacesPerId = 4;
const freePlaces = 1024;
const maxSparseIds = 1 << 20;

const LF = 0x0a;
const CR = 0x0d;

/** Ranges [start, end) in ascending order, disjoint; `offset` and `length` place the block of text in the file. */
export type BlockTable = { start: Uint32Array; end: Float64Array; offset: Float64Array; length: Float64Array };

/** Public symbols in ascending order, one per address; `offset` places the line. */
export type PublicTable = { address: Uint32Array; offset: Float64Array };

/** STACK WIN records; FrameData before FPO where both cover an address. */
export type SymIndex = {
  module: SymModule;
  /** The byte that ends a line. */
  lineEnd: number;
  functions: BlockTable;
  publics: PublicTable;
  files: IdTable;
  origins: IdTable;
  cfi: BlockTable;
  win: BlockTable;
  hasLines: boolean;
  hasInlines: boolean;
  damage: DamageLog;
};

/** Offsets of lines by the number they define. The first definition of a number counts, as in Breakpad. */
export class IdTable {
  readonly #dense = new F64Column();
  readonly #sparse = new Map<number, number>();
  #count = 0;

  /** False when there is no room for so wild a number. */
  add(id: number, offset: number): boolean {
    this.#count++;
    if (id < this.#dense.length) {
      if (this.#dense.at(id) < 0) this.#dense.set(id, offset);
      return true;
    }
    if (id <= this.#count * maxPlacesPerId + freePlaces) {
      while (this.#dense.length < id) this.#dense.push(this.#sparse.get(this.#dense.length) ?? -1);
      this.#dense.push(this.#sparse.get(id) ?? offset);
      return true;
    }
    if (!this.#sparse.has(id)) {
      if (this.#sparse.size >= maxSparseIds) return false;
      this.#sparse.set(id, offset);
    }
    return true;
  }

  /** Offset of the line that defines the number, -1 when none does. */
  offsetOf(id: number): number {
    if (id < this.#dense.length) return this.#dense.at(id);
    return this.#sparse.get(id) ?? -1;
  }

  /** Every number below this is in the dense part. */
  get denseLength(): number {
    return this.#dense.length;
  }
}

/** Which kind of block the scan is inside; lines that belong to a block extend it. */
const NO_BLOCK = 0;
const FUNCTION_BLOCK = 1;
const CFI_BLOCK = 2;
/** Inside a block whose first line was damaged: its lines are dropped without counting each. */
const DROPPED_FUNCTION = 3;
const DROPPED_CFI = 4;

/** Growing block table in file order. */
class BlockColumns {
  readonly start = new U32Column();
  readonly size = new U32Column();
  readonly offset = new F64Column();
  readonly length = new F64Column();

  open(start: number, size: number, offset: number): void {
    this.start.push(start);
    this.size.push(size);
    this.offset.push(offset);
    this.length.push(0);
  }

  close(endOffset: number): void {
    const last = this.length.length - 1;
    this.length.set(last, endOffset - this.offset.at(last));
  }
}

/** Scans a .sym. Throws FormatError when the first line is no MODULE record; every other fault is counted in `damage`. */
export function indexSym(source: ByteSource, progress?: (bytesDone: number) => void): SymIndex {
  const lineEnd = detectLineEnd(source);
  const scan = new SymScan(source, lineEnd);
  scan.run(progress);
  return scan.finish();
}

function detectLineEnd(source: ByteSource): number {
  const head = source.read(0, Math.min(source.size, maxLineBytes));
  const lf = head.indexOf(LF);
  const cr = head.indexOf(CR);
  return cr >= 0 && (lf < 0 || cr < lf - 1) ? CR : LF;
}

function isKeyword(bytes: Uint8Array, start: number, end: number, word: string): boolean {
  if (end - start <= word.length) return false;
  for (let i = 0; i < word.length; i++) if (bytes[start + i] !== word.charCodeAt(i)) return false;
  return bytes[start + word.length]! <= 0x20;
}

function parseModule(line: Uint8Array): SymModule {
  const words = decodeUtf8(line)
    .trimEnd()
    .split(/[ \t]+/, 4);
  const [keyword, os, arch, id] = words;
  if (keyword !== "MODULE") throw new FormatError("breakpad symbols: MODULE", 0, "the file does not start with a MODULE record");
  if (os === undefined || arch === undefined || id === undefined) {
    throw new FormatError("breakpad symbols: MODULE", 0, "need os, architecture and id");
  }
  const name = /^(?:[^ \t]+[ \t]+){4}(.*)$/.exec(decodeUtf8(line).trimEnd())?.[1] ?? "";
  return { os, arch, id, name, codeId: null, codeFile: null };
}

/** Reads INFO CODE_ID; false when the line is something else. */
function readInfo(bytes: Uint8Array, start: number, end: number, module: SymModule): boolean {
  if (!isKeyword(bytes, start, end, "INFO")) return false;
  const text = decodeUtf8(bytes.subarray(start, end)).trimEnd();
  const match = /^INFO[ \t]+CODE_ID[ \t]+([0-9A-Fa-f]+)(?:[ \t]+(.+))?$/.exec(text);
  if (match === null) return false;
  module.codeId ??= match[1] ?? null;
  module.codeFile ??= match[2] ?? null;
  return true;
}

/** A line record starts with a hex digit. */
function isLineStart(first: number): boolean {
  return (first >= 0x30 && first <= 0x39) || (first >= 0x61 && first <= 0x66);
}

/**
 * Looks for bytes several at a time, which is five times faster than one by one. Upper-case letters are bytes that have bit 6 but not bit 5;
 * some signs and bytes above 0x7f are among them.
 */
class WordScan {
  readonly #bytes: Uint8Array;
  readonly #words: Int32Array;
  /** Where the first whole word starts. */
  readonly #from: number;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#from = -bytes.byteOffset & 3;
    const count = Math.max(0, bytes.length - this.#from) >> 2;
    this.#words = new Int32Array(bytes.buffer, count === 0 ? 0 : bytes.byteOffset + this.#from, count);
  }

  /** The first such byte at or behind `pos`; the length when there is none. */
  nextUpper(pos: number): number {
    const bytes = this.#bytes;
    const words = this.#words;
    const aligned = Math.min(bytes.length, pos + ((this.#from - pos) & 3));
    for (let at = pos; at < aligned; at++) if (isUpper(bytes[at]!)) return at;
    let word = (aligned - this.#from) >> 2;
    for (const last = words.length - 3; word < last; word += 4) {
      const a = words[word]!;
      const b = words[word + 1]!;
      const c = words[word + 2]!;
      const d = words[word + 3]!;
      if ((((a & ~(a << 1)) | (b & ~(b << 1)) | (c & ~(c << 1)) | (d & ~(d << 1))) & 0x40404040) !== 0) break;
    }
    for (let at = Math.max(pos, this.#from + word * 4); at < bytes.length; at++) if (isUpper(bytes[at]!)) return at;
    return bytes.length;
  }

  /** The first `byte` at or behind `pos`; the length when there is none. */
  next(byte: number, pos: number): number {
    const bytes = this.#bytes;
    const words = this.#words;
    const aligned = Math.min(bytes.length, pos + ((this.#from - pos) & 3));
    for (let at = pos; at < aligned; at++) if (bytes[at] === byte) return at;
    let word = (aligned - this.#from) >> 2;
    const everywhere = byte * 0x01010101;
    for (; word < words.length; word++) {
      // A byte of zero borrows from its highest bit; bytes above a found one may seem zero, too, so the bytes are looked at in order.
      const difference = words[word]! ^ everywhere;
      if (((difference - 0x01010101) & ~difference & 0x80808080) !== 0) break;
    }
    for (let at = Math.max(pos, this.#from + word * 4); at < bytes.length; at++) if (bytes[at] === byte) return at;
    return bytes.length;
  }
}

const inlineStart = encodeUtf8("INLINE ");
const cfiStart = encodeUtf8("STACK CFI ");

function startsWith(bytes: Uint8Array, pos: number, word: Uint8Array): boolean {
  for (let i = 0; i < word.length; i++) if (bytes[pos + i] !== word[i]) return false;
  return true;
}

function isUpper(byte: number): boolean {
  return (byte & 0x60) === 0x40;
}

class SymScan {
  readonly #source: ByteSource;
  readonly #lineEnd: number;
  readonly #words = new LineWords();
  readonly #damage = new DamageLog();
  readonly #functions = new BlockColumns();
  readonly #publicAddress = new U32Column();
  readonly #publicOffset = new F64Column();
  readonly #files = new IdTable();
  readonly #origins = new IdTable();
  readonly #cfi = new BlockColumns();
  readonly #frameData = new BlockColumns();
  readonly #fpo = new BlockColumns();
  #module: SymModule | null = null;
  #block = NO_BLOCK;
  #hasLines = false;
  #hasInlines = false;

  constructor(source: ByteSource, lineEnd: number) {
    this.#source = source;
    this.#lineEnd = lineEnd;
  }

  run(progress: ((bytesDone: number) => void) | undefined): void {
    const size = this.#source.size;
    const reused = this.#source.readInto === undefined ? null : new Uint8Array(Math.min(windowBytes, size));
    let base = 0;
    while (base < size) {
      const window = this.#read(base, Math.min(windowBytes, size - base), reused);
      const isLast = base + window.length === size;
      let pos = this.#window(window, base, isLast);
      if (pos === 0) pos = this.#skipLongLine(base, window.length);
      base += pos;
      progress?.(Math.min(base, size));
    }
    this.#closeBlock(size);
  }

  #read(offset: number, length: number, reused: Uint8Array | null): Uint8Array {
    if (reused === null) return this.#source.read(offset, length);
    const window = reused.subarray(0, length);
    this.#source.readInto?.(offset, window);
    return window;
  }

  /** Scans the lines that end in a window, in the last one all; returns where the next window starts. */
  #window(window: Uint8Array, base: number, isLast: boolean): number {
    const lineEnd = this.#lineEnd;
    let pos = 0;
    const words = new WordScan(window);
    while (pos < window.length) {
      if (this.#block === FUNCTION_BLOCK && isLineStart(window[pos]!)) {
        this.#hasLines = true;
        const upper = words.nextUpper(pos);
        // The line that it stands in, or the last line of the window, which may go on in the next.
        let lineStart = upper;
        while (lineStart > pos && window[lineStart - 1] !== lineEnd) lineStart--;
        pos = lineStart;
        if (upper === window.length) {
          if (isLast) pos = window.length;
          break;
        }
      }
      const end = words.next(lineEnd, pos);
      if (end === window.length && !isLast) break;
      if (isLineStart(window[pos]!)) {
        if (this.#block === FUNCTION_BLOCK) this.#hasLines = true;
        else if (this.#block !== DROPPED_FUNCTION) this.#stray(base + pos);
      } else if (this.#block === FUNCTION_BLOCK && startsWith(window, pos, inlineStart)) {
        this.#hasInlines = true;
      } else if (this.#block !== CFI_BLOCK || !startsWith(window, pos, cfiStart) || window[pos + cfiStart.length] === 0x49) {
        this.#line(window, pos, end, base);
      }
      pos = end + 1;
    }
    return pos;
  }

  /** No line end in a whole window: drops everything up to the next one; returns how far that is from `base`. */
  #skipLongLine(base: number, windowLength: number): number {
    this.#damage.add(base, `line longer than ${maxLineBytes} bytes`);
    const size = this.#source.size;
    let at = base + windowLength;
    while (at < size) {
      const window = this.#source.read(at, Math.min(windowBytes, size - at));
      const end = window.indexOf(this.#lineEnd);
      if (end >= 0) return at + end + 1 - base;
      at += window.length;
    }
    return size - base;
  }

  #stray(offset: number): void {
    if (this.#block === CFI_BLOCK || this.#block === DROPPED_CFI) this.#closeBlock(offset);
    this.#damage.add(offset, "line record outside any function");
  }

  #closeBlock(offset: number): void {
    if (this.#block === FUNCTION_BLOCK) this.#functions.close(offset);
    else if (this.#block === CFI_BLOCK) this.#cfi.close(offset);
    this.#block = NO_BLOCK;
  }

  #line(bytes: Uint8Array, pos: number, end: number, base: number): void {
    const offset = base + pos;
    if (end - pos > maxLineBytes) {
      this.#damage.add(offset, `line longer than ${maxLineBytes} bytes`);
      return;
    }
    const words = this.#words;
    words.reset(bytes, pos, end);
    if (words.pos >= words.end) return; // blank line
    if (this.#module === null) {
      this.#module = parseModule(bytes.subarray(pos, end));
      return;
    }
    switch (bytes[pos]) {
      case 0x46: // F
        if (words.take("FUNC")) {
          this.#func(offset);
          return;
        }
        if (words.take("FILE")) {
          this.#numbered(this.#files, offset, "FILE");
          return;
        }
        break;
      case 0x49: // I
        if (words.take("INLINE")) {
          if (this.#block === FUNCTION_BLOCK) this.#hasInlines = true;
          else if (this.#block !== DROPPED_FUNCTION) this.#damage.add(offset, "INLINE outside any function");
          return;
        }
        if (words.take("INLINE_ORIGIN")) {
          this.#numbered(this.#origins, offset, "INLINE_ORIGIN");
          return;
        }
        if (words.take("INFO")) {
          readInfo(bytes, pos, end, this.#module);
          return;
        }
        break;
      case 0x50: // P
        if (words.take("PUBLIC")) {
          this.#public(offset);
          return;
        }
        break;
      case 0x53: // S
        if (words.take("STACK")) {
          this.#stack(offset);
          return;
        }
        break;
      default:
        // A line record with an upper-case address.
        if (words.hex() >= 0) {
          if (this.#block === FUNCTION_BLOCK) this.#hasLines = true;
          else if (this.#block !== DROPPED_FUNCTION) this.#stray(offset);
          return;
        }
    }
    // A line record whose upper-case address starts with F.
    if (bytes[pos] === 0x46 && words.hex() >= 0 && this.#block === FUNCTION_BLOCK) {
      this.#hasLines = true;
      return;
    }
    this.#damage.add(offset, "unknown record");
  }

  #full(count: number, offset: number, what: string): boolean {
    if (count < maxRecordsPerKind) return false;
    this.#damage.add(offset, `more than ${maxRecordsPerKind} ${what} records`);
    return true;
  }

  #func(offset: number): void {
    this.#closeBlock(offset);
    this.#block = DROPPED_FUNCTION;
    const words = this.#words;
    words.take("m");
    const address = words.hex();
    const size = address < 0 ? -1 : words.hex();
    if (size < 0 || words.hex() < 0) {
      this.#damage.add(offset, "FUNC needs address, size and parameter size in hex of at most 32 bits");
      return;
    }
    if (address + size > 0x100000000) this.#damage.add(offset, "FUNC reaches past 4 GiB");
    if (this.#full(this.#functions.start.length, offset, "FUNC")) return;
    this.#block = FUNCTION_BLOCK;
    this.#functions.open(address, size, offset);
  }

  #public(offset: number): void {
    this.#closeBlock(offset);
    const words = this.#words;
    words.take("m");
    const address = words.hex();
    if (address < 0 || words.hex() < 0) {
      this.#damage.add(offset, "PUBLIC needs address and parameter size in hex of at most 32 bits");
      return;
    }
    if (this.#full(this.#publicAddress.length, offset, "PUBLIC")) return;
    this.#publicAddress.push(address);
    this.#publicOffset.push(offset);
  }

  /** FILE and INLINE_ORIGIN stand before all functions, but do no harm between a function's lines. */
  #numbered(table: IdTable, offset: number, what: string): void {
    const id = this.#words.decimal();
    if (id < 0) this.#damage.add(offset, `${what} needs a number`);
    else if (!table.add(id, offset)) this.#damage.add(offset, `${what} number ${id} is too far from the others`);
  }

  #stack(offset: number): void {
    const words = this.#words;
    if (words.take("CFI")) {
      if (!words.take("INIT")) {
        if (this.#block !== CFI_BLOCK && this.#block !== DROPPED_CFI) this.#damage.add(offset, "STACK CFI without STACK CFI INIT");
        return;
      }
      this.#closeBlock(offset);
      this.#block = DROPPED_CFI;
      const address = words.hex();
      const size = address < 0 ? -1 : words.hex();
      if (size < 0) this.#damage.add(offset, "STACK CFI INIT needs address and size in hex of at most 32 bits");
      else if (!this.#full(this.#cfi.start.length, offset, "STACK CFI INIT")) {
        this.#block = CFI_BLOCK;
        this.#cfi.open(address, size, offset);
      }
      return;
    }
    this.#closeBlock(offset);
    if (!words.take("WIN")) {
      this.#damage.add(offset, "unknown STACK record");
      return;
    }
    const type = words.hex();
    const address = words.hex();
    const size = address < 0 ? -1 : words.hex();
    const table = type === 4 ? this.#frameData : type === 0 ? this.#fpo : null;
    if (table === null || size < 0) this.#damage.add(offset, "STACK WIN needs type 4 or 0, address and size in hex of at most 32 bits");
    else if (!this.#full(table.start.length, offset, "STACK WIN")) {
      table.open(address, size, offset);
      table.length.set(table.length.length - 1, maxLineBytes);
    }
  }

  finish(): SymIndex {
    if (this.#module === null) throw new FormatError("breakpad symbols: MODULE", 0, "the file is empty");
    return {
      module: this.#module,
      lineEnd: this.#lineEnd,
      publics: this.#finishPublics(),
      functions: finishBlocks(this.#functions),
      files: this.#files,
      origins: this.#origins,
      cfi: finishBlocks(this.#cfi),
      win: mergeWin(finishBlocks(this.#frameData), finishBlocks(this.#fpo)),
      hasLines: this.#hasLines,
      hasInlines: this.#hasInlines,
      damage: this.#damage,
    };
  }

  /** Sorts public symbols, FUNCs of size 0 among them, and keeps the first of each address. */
  #finishPublics(): PublicTable {
    const address = this.#publicAddress;
    const offset = this.#publicOffset;
    for (let i = 0; i < this.#functions.start.length; i++) {
      if (this.#functions.size.at(i) !== 0) continue;
      address.push(this.#functions.start.at(i));
      offset.push(this.#functions.offset.at(i));
    }
    // A public symbol lasts until the next one. Ranges that all reach to the end of the address space, made disjoint, say exactly that.
    const start = address.view();
    let ascending = true;
    for (let i = 1; i < start.length && ascending; i++) ascending = start[i]! > start[i - 1]!;
    if (ascending) return { address: start.slice(), offset: offset.view().slice() };
    const ends = new Float64Array(start.length).fill(0x100000000);
    const disjoint = makeDisjoint(start, ends, start.length);
    if (disjoint === null) return { address: start.slice(), offset: offset.view().slice() };
    return { address: disjoint.start, offset: Float64Array.from(disjoint.item, (item) => offset.at(item)) };
  }
}

function finishBlocks(columns: BlockColumns): BlockTable {
  const count = columns.start.length;
  const start = columns.start.view();
  const end = new Float64Array(count);
  for (let i = 0; i < count; i++) end[i] = Math.min(start[i]! + columns.size.at(i), 0x100000000);
  const disjoint = makeDisjoint(start, end, count);
  if (disjoint === null) return { start: start.slice(), end, offset: columns.offset.view().slice(), length: columns.length.view().slice() };
  return {
    start: disjoint.start,
    end: disjoint.end,
    offset: Float64Array.from(disjoint.item, (item) => columns.offset.at(item)),
    length: Float64Array.from(disjoint.item, (item) => columns.length.at(item)),
  };
}

/** One table from both kinds of STACK WIN: FPO records only where no FrameData record covers the address. */
function mergeWin(frameData: BlockTable, fpo: BlockTable): BlockTable {
  if (fpo.start.length === 0) return frameData;
  if (frameData.start.length === 0) return fpo;
  const start = new U32Column();
  const end = new F64Column();
  const offset = new F64Column();
  const push = (from: number, to: number, at: number) => {
    start.push(from);
    end.push(to);
    offset.push(at);
  };
  let data = 0;
  for (let i = 0; i < fpo.start.length; i++) {
    let from = fpo.start[i]!;
    const to = fpo.end[i]!;
    while (data < frameData.start.length && frameData.start[data]! < to) {
      if (frameData.end[data]! > from) {
        if (frameData.start[data]! > from) push(from, frameData.start[data]!, fpo.offset[i]!);
        from = frameData.end[data]!;
      }
      if (from > to) break; // this FrameData record also covers the start of the next FPO record
      push(frameData.start[data]!, frameData.end[data]!, frameData.offset[data]!);
      data++;
    }
    if (from < to) push(from, to, fpo.offset[i]!);
  }
  for (; data < frameData.start.length; data++) push(frameData.start[data]!, frameData.end[data]!, frameData.offset[data]!);
  return {
    start: start.view().slice(),
    end: end.view().slice(),
    offset: offset.view().slice(),
    length: new Float64Array(start.length).fill(maxLineBytes),
  };
}

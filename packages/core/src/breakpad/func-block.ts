/**
 * One function's block of a .sym: its name, line records and inline records, and the answer at each of its addresses.
 *
 *   FUNC 1000 40 0 outer()
 *   INLINE 0 12 1 7 1010 20         at 1010..1030 the code of origin 7 is inlined, called from file 1 line 12
 *   1000 10 10 1
 *   1010 20 99 2
 *   1030 10 13 1
 *
 * flattens to segments, ascending and without gaps or overlap between the function's ends:
 *
 *   start   line        chain
 *   1000    10, file 1  -
 *   1010    99, file 2  origin 7 called from line 12, file 1
 *   1030    13, file 1  -
 *
 * An inline record of depth d counts only where one of depth d - 1 covers the same address; the chain of a segment is followed from the
 * deepest inlined function outwards through `chainParent`.
 */
import { U32Column } from "../bytes/columns.ts";
import { makeDisjoint } from "../bytes/intervals.ts";
import { type DamageLog, hexDigits, LineWords, maxFunctionBytes, maxInlineDepth, maxLineBytes } from "./records.ts";

/** "none" in columns of indexes. */
export const NONE = 0xffffffff;

/**
 * A record of real code stands inside one record of the depth above, so a function has as many chain nodes as inline records. Records made
 * to stand inside thousands of others would multiply; beyond this many nodes the inner ones are left out.
 */
const maxNodesPerRecord = 4;
const freeNodes = 16;

const words = new LineWords();

/** A parsed block. Lines and inlines are columns in file order. */
export class FunctionBlock {
  /** Start of the function itself, which may lie below the part of it that is looked at. */
  address = 0;
  size = 0;
  /** Bytes of the name within the block. */
  nameStart = 0;
  nameEnd = 0;
  readonly lineStart = new U32Column();
  readonly lineEndAddress = new U32Column();
  readonly lineNumber = new U32Column();
  readonly lineFile = new U32Column();
  /** One entry per range of an INLINE record; `inlineRecord` indexes the columns of records below. */
  readonly inlineStart = new U32Column();
  readonly inlineEndAddress = new U32Column();
  readonly inlineRecord = new U32Column();
  readonly recordDepth = new U32Column();
  readonly recordCallLine = new U32Column();
  /** File id of the call, NONE in the format without it. */
  readonly recordCallFile = new U32Column();
  readonly recordOrigin = new U32Column();
  /** Whether INLINE records name no call file, and INLINE_ORIGIN therefore has a file id before the name. */
  oldInlines = false;

  clear(): void {
    this.lineStart.clear();
    this.lineEndAddress.clear();
    this.lineNumber.clear();
    this.lineFile.clear();
    this.inlineStart.clear();
    this.inlineEndAddress.clear();
    this.inlineRecord.clear();
    this.recordDepth.clear();
    this.recordCallLine.clear();
    this.recordCallFile.clear();
    this.recordOrigin.clear();
    this.oldInlines = false;
  }
}

/** Segments of a function, see above. Lines index the block's line columns, chains the chain columns; NONE = none. */
export class Segments {
  readonly start = new U32Column();
  readonly line = new U32Column();
  readonly chain = new U32Column();
  readonly chainParent = new U32Column();
  readonly chainRecord = new U32Column();

  clear(): void {
    this.start.clear();
    this.line.clear();
    this.chain.clear();
    this.chainParent.clear();
    this.chainRecord.clear();
  }
}

/**
 * Parses a block into `block` (cleared first). `bytes` starts at the FUNC or PUBLIC line, which the index has already checked; `offset` is
 * its place in the file, for the damage log. Damaged records are counted and left out.
 */
export function parseFunctionBlock(
  bytes: Uint8Array,
  offset: number,
  lineEnd: number,
  block: FunctionBlock,
  damage: DamageLog | null,
): void {
  block.clear();
  let pos = lineStop(bytes, 0, lineEnd);
  words.reset(bytes, 0, pos);
  const isFunction = words.take("FUNC");
  if (!isFunction) words.take("PUBLIC");
  words.take("m");
  block.address = words.hex();
  block.size = isFunction ? words.hex() : 0;
  words.hex();
  words.rest();
  block.nameStart = words.pos;
  block.nameEnd = words.end;
  pos++;
  // A block cut short ends inside a line, which must not be taken for a whole one.
  const cut = bytes.length >= maxFunctionBytes;
  const stop = cut ? bytes.lastIndexOf(lineEnd) : bytes.length;
  while (pos < stop) {
    const next = pos + plainLine(bytes, pos, stop, lineEnd, block);
    if (next > pos) {
      pos = next;
      continue;
    }
    const end = lineStop(bytes, pos, lineEnd);
    const first = bytes[pos]!;
    if (end - pos > maxLineBytes) {
      // The index has counted it.
    } else if (first === 0x49) {
      words.reset(bytes, pos, end);
      if (words.take("INLINE") && !parseInline(block)) damage?.add(offset + pos, "INLINE needs depth, line, [file,] origin and ranges");
    } else if (first !== 0x53 && first > 0x20) {
      words.reset(bytes, pos, end);
      if (!parseLine(block) && isHexWord(first)) damage?.add(offset + pos, "line record needs address, size, line and file");
    }
    pos = end + 1;
  }
  if (cut) damage?.add(offset, `function with more than ${maxFunctionBytes} bytes of records`);
}

function isHexWord(first: number): boolean {
  return (first >= 0x30 && first <= 0x39) || (first >= 0x61 && first <= 0x66);
}

function lineStop(bytes: Uint8Array, from: number, lineEnd: number): number {
  const found = bytes.indexOf(lineEnd, from);
  return found < 0 ? bytes.length : found;
}

/**
 * The usual line record, four lower-case or upper-case numbers with single blanks between them, parsed without finding its end first: these
 * are nine tenths of a file. Returns its length with the line end, or 0 for anything else, which then takes the general way.
 */
function plainLine(bytes: Uint8Array, start: number, stop: number, lineEnd: number, block: FunctionBlock): number {
  let p = start;
  let address = 0;
  for (let digit = hexDigits[bytes[p]!]!; digit >= 0 && p < stop; digit = hexDigits[bytes[++p]!]!) address = address * 16 + digit;
  if (p - start === 0 || p - start > 8 || bytes[p] !== 0x20) return 0;
  let from = ++p;
  let size = 0;
  for (let digit = hexDigits[bytes[p]!]!; digit >= 0 && p < stop; digit = hexDigits[bytes[++p]!]!) size = size * 16 + digit;
  if (p === from || p - from > 8 || bytes[p] !== 0x20 || size === 0) return 0;
  from = ++p;
  let line = 0;
  for (let digit = bytes[p]! - 0x30; digit >= 0 && digit <= 9 && p < stop; digit = bytes[++p]! - 0x30) line = line * 10 + digit;
  if (p === from || p - from > 9 || bytes[p] !== 0x20) return 0;
  from = ++p;
  let file = 0;
  for (let digit = bytes[p]! - 0x30; digit >= 0 && digit <= 9 && p < stop; digit = bytes[++p]! - 0x30) file = file * 10 + digit;
  if (p === from || p - from > 9) return 0;
  if (bytes[p] === 0x0d && lineEnd === 0x0a) p++;
  if (p < stop && bytes[p] !== lineEnd) return 0;
  block.lineStart.push(address);
  block.lineEndAddress.push(Math.min(address + size, 0xffffffff));
  block.lineNumber.push(line);
  block.lineFile.push(file);
  return p + 1 - start;
}

function parseLine(block: FunctionBlock): boolean {
  const address = words.hex();
  const size = address < 0 ? -1 : words.hex();
  const line = size < 0 ? -1 : words.decimal();
  const file = line < 0 ? -1 : words.decimal();
  if (file < 0) return false;
  if (size === 0) return true;
  block.lineStart.push(address);
  block.lineEndAddress.push(Math.min(address + size, 0xffffffff));
  block.lineNumber.push(line);
  block.lineFile.push(file);
  return true;
}

function parseInline(block: FunctionBlock): boolean {
  const hasCallFile = words.count() % 2 === 0;
  const depth = words.decimal();
  const callLine = depth < 0 ? -1 : words.decimal();
  if (callLine < 0 || depth >= maxInlineDepth) return false;
  const callFile = hasCallFile ? words.decimal() : NONE;
  const origin = callFile < 0 ? -1 : words.decimal();
  if (origin < 0) return false;
  const record = block.recordDepth.length;
  const rangesBefore = block.inlineStart.length;
  while (words.more()) {
    const address = words.hex();
    const size = address < 0 ? -1 : words.hex();
    if (size < 0) {
      // The record counts as a whole or not at all.
      block.inlineStart.truncate(rangesBefore);
      block.inlineEndAddress.truncate(rangesBefore);
      block.inlineRecord.truncate(rangesBefore);
      return false;
    }
    if (size === 0) continue;
    block.inlineStart.push(address);
    block.inlineEndAddress.push(Math.min(address + size, 0xffffffff));
    block.inlineRecord.push(record);
  }
  if (block.inlineStart.length === rangesBefore) return true;
  if (!hasCallFile) block.oldInlines = true;
  block.recordDepth.push(depth);
  block.recordCallLine.push(callLine);
  block.recordCallFile.push(callFile);
  block.recordOrigin.push(origin);
  return true;
}

/** Writes the segments of [start, end), a part or all of the function's extent, to `out` (cleared first). */
export function flattenFunction(block: FunctionBlock, start: number, end: number, out: Segments): void {
  flattener.run(block, start, end, out);
}

/** Inline ranges of one depth, ascending and disjoint once prepared; `next` is the first that may still matter. */
class Level {
  readonly startColumn = new U32Column();
  readonly endColumn = new U32Column();
  readonly recordColumn = new U32Column();
  start: ArrayLike<number> = [];
  end: ArrayLike<number> = [];
  item: Uint32Array | null = null;
  next = 0;

  clear(): void {
    this.startColumn.clear();
    this.endColumn.clear();
    this.recordColumn.clear();
    this.next = 0;
  }

  prepare(): void {
    const start = this.startColumn.view();
    const end = this.endColumn.view();
    const disjoint = makeDisjoint(start, end, start.length);
    this.start = disjoint?.start ?? start;
    this.end = disjoint?.end ?? end;
    this.item = disjoint?.item ?? null;
  }

  /** The INLINE record of a prepared range. */
  record(range: number): number {
    return this.recordColumn.at(this.item === null ? range : this.item[range]!);
  }
}

/**
 * Walks [start, end) once in ascending order: inside each inline range of depth d the ranges of depth d + 1, inside the innermost the line
 * records. One instance serves all functions, since its tables would otherwise be most of the garbage of a conversion.
 */
class Flattener {
  readonly #levels: Level[] = [];
  #depths = 0;
  #maxNodes = 0;
  readonly #nodes = new Map<number, number>();
  #lineStart: ArrayLike<number> = [];
  #lineEnd: ArrayLike<number> = [];
  #lineItem: Uint32Array | null = null;
  #line = 0;
  #out: Segments = new Segments();

  run(block: FunctionBlock, start: number, end: number, out: Segments): void {
    out.clear();
    this.#out = out;
    this.#prepareLines(block);
    this.#prepareLevels(block);
    this.#descend(0, start, end, NONE);
  }

  #prepareLines(block: FunctionBlock): void {
    const start = block.lineStart.view();
    const end = block.lineEndAddress.view();
    const disjoint = makeDisjoint(start, end, start.length);
    this.#lineStart = disjoint?.start ?? start;
    this.#lineEnd = disjoint?.end ?? end;
    this.#lineItem = disjoint?.item ?? null;
    this.#line = 0;
  }

  #prepareLevels(block: FunctionBlock): void {
    for (let depth = 0; depth < this.#depths; depth++) this.#levels[depth]!.clear();
    this.#depths = 0;
    this.#nodes.clear();
    this.#maxNodes = block.recordDepth.length * maxNodesPerRecord + freeNodes;
    for (let i = 0; i < block.inlineStart.length; i++) {
      const record = block.inlineRecord.at(i);
      const depth = block.recordDepth.at(record);
      while (this.#levels.length <= depth) this.#levels.push(new Level());
      this.#depths = Math.max(this.#depths, depth + 1);
      const level = this.#levels[depth]!;
      level.startColumn.push(block.inlineStart.at(i));
      level.endColumn.push(block.inlineEndAddress.at(i));
      level.recordColumn.push(record);
    }
    for (let depth = 0; depth < this.#depths; depth++) this.#levels[depth]!.prepare();
  }

  /** [start, end) lies inside the chain `parent` of `depth` inlined functions. */
  #descend(depth: number, start: number, end: number, parent: number): void {
    if (depth >= this.#depths) {
      this.#lines(start, end, parent);
      return;
    }
    const level = this.#levels[depth]!;
    let at = start;
    while (at < end) {
      while (level.next < level.start.length && level.end[level.next]! <= at) level.next++;
      const next = level.next < level.start.length ? level.start[level.next]! : end;
      if (next > at) {
        const until = Math.min(next, end);
        this.#lines(at, until, parent);
        at = until;
      } else {
        const until = Math.min(level.end[level.next]!, end);
        const node = this.#node(parent, level.record(level.next));
        if (node === NONE) this.#lines(at, until, parent);
        else this.#descend(depth + 1, at, until, node);
        at = until;
      }
    }
  }

  /** One node per (outer chain, record), though its ranges may lie apart; NONE when the function has too many of them. */
  #node(parent: number, record: number): number {
    const key = (parent === NONE ? 0 : parent + 1) * 0x1000000 + record;
    let node = this.#nodes.get(key);
    if (node === undefined) {
      if (this.#out.chainParent.length >= this.#maxNodes) return NONE;
      node = this.#out.chainParent.length;
      this.#out.chainParent.push(parent);
      this.#out.chainRecord.push(record);
      this.#nodes.set(key, node);
    }
    return node;
  }

  #lines(start: number, end: number, chain: number): void {
    const { start: starts, line: lines, chain: chains } = this.#out;
    let at = start;
    while (at < end) {
      while (this.#line < this.#lineStart.length && this.#lineEnd[this.#line]! <= at) this.#line++;
      const left = this.#line < this.#lineStart.length;
      const covered = left && this.#lineStart[this.#line]! <= at;
      starts.push(at);
      lines.push(covered ? (this.#lineItem === null ? this.#line : this.#lineItem[this.#line]!) : NONE);
      chains.push(chain);
      at = Math.min(end, covered ? this.#lineEnd[this.#line]! : left ? this.#lineStart[this.#line]! : end);
    }
  }
}

const flattener = new Flattener();

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
import { type DamageLog, LineWords, maxFunctionBytes, maxInlineDepth, maxLineBytes } from "./records.ts";

/** "none" in columns of indexes. */
export const NONE = 0xffffffff;

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
  out.clear();
  const inlined = flattenInlines(block, start, end, out);
  const starts = block.lineStart.view();
  const ends = block.lineEndAddress.view();
  const lines = makeDisjoint(starts, ends, starts.length);
  const lineStart = lines?.start ?? starts;
  const lineEnd = lines?.end ?? ends;
  let k = 0;
  while (k < lineStart.length && lineEnd[k]! <= start) k++;

  let piece = 0;
  let at = start;
  while (at < end) {
    while (inlined.end[piece]! <= at) piece++;
    while (k < lineStart.length && lineEnd[k]! <= at) k++;
    const covered = k < lineStart.length && lineStart[k]! <= at;
    const line = covered ? (lines === null ? k : lines.item[k]!) : NONE;
    const lineLimit = covered ? lineEnd[k]! : k < lineStart.length ? lineStart[k]! : end;
    out.start.push(at);
    out.line.push(line);
    out.chain.push(inlined.chain[piece]!);
    at = Math.min(lineLimit, inlined.end[piece]!, end);
  }
}

type Pieces = { start: number[]; end: number[]; chain: number[] };

/** Cuts [start, end) into pieces of one inline chain each, depth by depth; only pieces inside depth d are looked at for depth d + 1. */
function flattenInlines(block: FunctionBlock, start: number, end: number, out: Segments): Pieces {
  if (block.inlineStart.length === 0) return { start: [start], end: [end], chain: [NONE] };
  const byDepth: number[][] = [];
  for (let i = 0; i < block.inlineStart.length; i++) {
    const depth = block.recordDepth.at(block.inlineRecord.at(i));
    while (byDepth.length <= depth) byDepth.push([]);
    byDepth[depth]!.push(i);
  }
  const done: Pieces = { start: [], end: [], chain: [] };
  let active: Pieces = { start: [start], end: [end], chain: [NONE] };
  for (const ranges of byDepth) {
    if (active.start.length === 0) break;
    const starts = ranges.map((i) => block.inlineStart.at(i));
    const ends = ranges.map((i) => block.inlineEndAddress.at(i));
    const disjoint = makeDisjoint(starts, ends, ranges.length);
    const rangeStart = disjoint?.start ?? starts;
    const rangeEnd = disjoint?.end ?? ends;
    const inside: Pieces = { start: [], end: [], chain: [] };
    // One chain node per (outer chain, record): the pieces come in ascending order, so a node is shared while both stay the same.
    const nodes = new Map<number, number>();
    let k = 0;
    for (let piece = 0; piece < active.start.length; piece++) {
      const parent = active.chain[piece]!;
      const limit = active.end[piece]!;
      let at = active.start[piece]!;
      while (at < limit) {
        while (k < rangeStart.length && rangeEnd[k]! <= at) k++;
        const next = k < rangeStart.length ? rangeStart[k]! : limit;
        if (next > at) {
          const until = Math.min(next, limit);
          pushPiece(done, at, until, parent);
          at = until;
          continue;
        }
        const until = Math.min(rangeEnd[k]!, limit);
        const record = block.inlineRecord.at(ranges[disjoint === null ? k : disjoint.item[k]!]!);
        const key = (parent === NONE ? 0 : parent + 1) * 0x1000000 + record;
        let node = nodes.get(key);
        if (node === undefined) {
          node = out.chainParent.length;
          out.chainParent.push(parent);
          out.chainRecord.push(record);
          nodes.set(key, node);
        }
        pushPiece(inside, at, until, node);
        at = until;
      }
    }
    active = inside;
  }
  for (let i = 0; i < active.start.length; i++) pushPiece(done, active.start[i]!, active.end[i]!, active.chain[i]!);
  const order = done.start.map((_, i) => i).sort((a, b) => done.start[a]! - done.start[b]!);
  return { start: order.map((i) => done.start[i]!), end: order.map((i) => done.end[i]!), chain: order.map((i) => done.chain[i]!) };
}

function pushPiece(pieces: Pieces, start: number, end: number, chain: number): void {
  pieces.start.push(start);
  pieces.end.push(end);
  pieces.chain.push(chain);
}

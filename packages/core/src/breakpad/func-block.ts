/**
 * One function's block of a .sym: its name, line records and inline records.
 *
 *   FUNC 1000 40 0 outer()
 *   INLINE 0 12 1 7 1010 20         at 1010..1030 the code of origin 7 is inlined, called from file 1 line 12
 *   1000 10 10 1
 *   1010 20 99 2
 *   1030 10 13 1
 *
 * names/flatten.ts makes of them the answer at each address.
 */
import type { DamageLog } from "../names/damage.ts";
import { FunctionBlock, NONE } from "../names/function-block.ts";
import { hexDigits, LineWords, maxFunctionBytes, maxInlineDepth, maxLineBytes } from "./records.ts";

/** A block as a .sym states it. */
export class SymFunctionBlock extends FunctionBlock {
  /** Whether INLINE records name no call file, and INLINE_ORIGIN therefore has a file id before the name. */
  oldInlines = false;

  override clear(): void {
    super.clear();
    this.oldInlines = false;
  }
}

const words = new LineWords();

/**
 * Parses a block into `block` (cleared first). `bytes` starts at the FUNC or PUBLIC line, which the index has already checked; `offset` is
 * its place in the file, for the damage log. Damaged records are counted and left out.
 */
export function parseFunctionBlock(
  bytes: Uint8Array,
  offset: number,
  lineEnd: number,
  block: SymFunctionBlock,
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
  block.name = bytes.subarray(words.pos, words.end);
  block.partStart.push(block.address);
  block.partEnd.push(Math.min(block.address + block.size, 0xffffffff));
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
function plainLine(bytes: Uint8Array, start: number, stop: number, lineEnd: number, block: SymFunctionBlock): number {
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

function parseLine(block: SymFunctionBlock): boolean {
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

function parseInline(block: SymFunctionBlock): boolean {
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

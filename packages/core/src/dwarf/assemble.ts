/** A function found by the walk, with its unit's lines, as the block that all readers of names give. */
import type { FunctionBlock } from "../names/function-block.ts";
import { NONE } from "../names/function-block.ts";
import type { FunctionTree } from "./functions.ts";
import type { LineRanges } from "./line-program.ts";
import type { CodeRanges } from "./range-lists.ts";
import type { UnitTexts } from "./unit-texts.ts";

const nameless = new Uint8Array(0);

/** The inlined calls of each function of a tree: function i has order[start[i]] to order[start[i + 1]] - 1. */
export class InlineOrder {
  start = new Uint32Array(64);
  order = new Uint32Array(1024);
  #next = new Uint32Array(64);

  /** Of the tree, in the memory of the one before. */
  of(tree: FunctionTree): this {
    const functions = tree.entry.length;
    const count = tree.inlineFunction.length;
    if (this.start.length <= functions) {
      this.start = new Uint32Array(2 * functions);
      this.#next = new Uint32Array(2 * functions);
    }
    if (this.order.length < count) this.order = new Uint32Array(2 * count);
    const { start, order } = this;
    const next = this.#next;
    start.fill(0, 0, functions + 1);
    for (let i = 0; i < count; i++) start[tree.inlineFunction.at(i) + 1]!++;
    for (let i = 0; i < functions; i++) {
      start[i + 1]! += start[i]!;
      next[i] = start[i]!;
    }
    for (let i = 0; i < count; i++) order[next[tree.inlineFunction.at(i)]!++] = i;
    return this;
  }
}

/** Fills the block with function `index` of the tree. */
export function assembleFunction(
  tree: FunctionTree,
  index: number,
  inlines: InlineOrder,
  lines: LineRanges,
  texts: UnitTexts,
  block: FunctionBlock,
): void {
  block.clear();
  const first = tree.rangeStart.at(index);
  block.address = tree.ranges.start.at(first);
  block.size = tree.ranges.end.at(first) - block.address;
  for (let range = first; range < tree.rangeEnd(index); range++) {
    const start = tree.ranges.start.at(range);
    const end = tree.ranges.end.at(range);
    block.partStart.push(start);
    block.partEnd.push(end);
    appendLines(lines, start, end, block);
  }
  const firstInline = inlines.start[index]!;
  const behindInlines = inlines.start[index + 1]!;
  const depths = block.recordDepth.extend(behindInlines - firstInline);
  const callLines = block.recordCallLine.extend(behindInlines - firstInline);
  const callFiles = block.recordCallFile.extend(behindInlines - firstInline);
  const origins = block.recordOrigin.extend(behindInlines - firstInline);
  for (let k = firstInline; k < behindInlines; k++) {
    const inline = inlines.order[k]!;
    const record = k - firstInline;
    depths[record] = tree.inlineDepth.at(inline);
    callLines[record] = tree.inlineCallLine.at(inline);
    callFiles[record] = tree.inlineCallFile.at(inline);
    origins[record] = texts.originId(tree.inlineOriginForm.at(inline), tree.inlineOrigin.at(inline));
    const rangeEnd = tree.inlineRangeEnd(inline);
    for (let range = tree.inlineRangeStart.at(inline); range < rangeEnd; range++) {
      block.inlineStart.push(tree.inlineRanges.start.at(range));
      block.inlineEndAddress.push(tree.inlineRanges.end.at(range));
      block.inlineRecord.push(record);
    }
  }
}

/** Fills the block with code that has lines but no function. */
export function assembleBareLines(parts: CodeRanges, lines: LineRanges, block: FunctionBlock): void {
  block.clear();
  block.name = nameless;
  block.address = parts.start.at(0);
  block.size = parts.end.at(0) - block.address;
  for (let i = 0; i < parts.start.length; i++) {
    block.partStart.push(parts.start.at(i));
    block.partEnd.push(parts.end.at(i));
    appendLines(lines, parts.start.at(i), parts.end.at(i), block);
  }
}

function appendLines(lines: LineRanges, start: number, end: number, block: FunctionBlock): void {
  let low = 0;
  let high = lines.start.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (lines.end[middle]! <= start) low = middle + 1;
    else high = middle;
  }
  let behind = low;
  while (behind < lines.start.length && lines.start[behind]! < end) behind++;
  let at = block.lineStart.length;
  const starts = block.lineStart.extend(behind - low);
  const ends = block.lineEndAddress.extend(behind - low);
  const numbers = block.lineNumber.extend(behind - low);
  const files = block.lineFile.extend(behind - low);
  for (let i = low; i < behind; i++, at++) {
    const row = lines.item === null ? i : lines.item[i]!;
    starts[at] = Math.max(start, lines.start[i]!);
    ends[at] = Math.min(end, lines.end[i]!);
    numbers[at] = lines.line[row]!;
    files[at] = lines.file[row] ?? NONE;
  }
}

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
  for (let k = inlines.start[index]!; k < inlines.start[index + 1]!; k++) {
    const inline = inlines.order[k]!;
    const record = block.recordDepth.length;
    block.recordDepth.push(tree.inlineDepth.at(inline));
    block.recordCallLine.push(tree.inlineCallLine.at(inline));
    block.recordCallFile.push(tree.inlineCallFile.at(inline));
    block.recordOrigin.push(texts.originId(tree.inlineOriginForm.at(inline), tree.inlineOrigin.at(inline)));
    for (let range = tree.inlineRangeStart.at(inline); range < tree.inlineRangeEnd(inline); range++) {
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
  for (let i = low; i < lines.start.length && lines.start[i]! < end; i++) {
    const row = lines.item === null ? i : lines.item[i]!;
    block.lineStart.push(Math.max(start, lines.start[i]!));
    block.lineEndAddress.push(Math.min(end, lines.end[i]!));
    block.lineNumber.push(lines.line[row]!);
    block.lineFile.push(lines.file[row] ?? NONE);
  }
}

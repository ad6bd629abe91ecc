/** A FunctionBlock of linked code translated to where a tool moved that code after linking (OMAP). */
import type { U32Column } from "../bytes/columns.ts";
import type { FunctionBlock } from "../names/function-block.ts";
import { nowhere, type Omap } from "./sections.ts";

/** Blocks and lines that overlap would multiply the pieces; a block has no more than this many of each kind. */
const maxPieces = 1 << 16;

/** How many more pieces a file may give: `left` is counted down. */
export type PieceBudget = { left: number };

/** Translates a block in place; false when none of its code is in the image. */
export function moveBlock(block: FunctionBlock, omap: Omap, budget: PieceBudget): boolean {
  const entry = omap.toImage(block.address);
  moveRanges(omap, block.partStart, block.partEnd, [], budget);
  moveRanges(omap, block.lineStart, block.lineEndAddress, [block.lineNumber, block.lineFile], budget);
  moveRanges(omap, block.inlineStart, block.inlineEndAddress, [block.inlineRecord], budget);
  if (block.partStart.length === 0) return false;
  block.address = entry === nowhere ? block.partStart.at(0) : entry;
  block.size = 0;
  for (let part = 0; part < block.partStart.length; part++) {
    const start = block.partStart.at(part);
    const end = block.partEnd.at(part);
    if (start <= block.address && block.address < end) block.size = end - block.address;
  }
  return true;
}

/** Replaces ranges by their parts in the image; `others` are columns beside them. */
function moveRanges(omap: Omap, start: U32Column, end: U32Column, others: readonly U32Column[], budget: PieceBudget): void {
  const starts = start.view().slice();
  const ends = end.view().slice();
  const values = others.map((column) => column.view().slice());
  start.clear();
  end.clear();
  for (const column of others) column.clear();
  for (let range = 0; range < starts.length; range++) {
    omap.partsInImage(starts[range]!, ends[range]!, {
      push(from, until) {
        start.push(from);
        end.push(until);
        for (let c = 0; c < others.length; c++) others[c]!.push(values[c]![range]!);
        return start.length < maxPieces && --budget.left > 0;
      },
    });
    if (start.length >= maxPieces || budget.left <= 0) return;
  }
}

/**
 * .debug_aranges: for some units, where their code lies. Tools leave units out of it, so it is only asked for units whose root entry cannot say it
 * all: those of DWARF 2, which knows no lists of ranges.
 *
 *   length, u16 version 2, offset of the unit, u8 address size, u8 segment selector size, padding to a multiple of two addresses;
 *   pairs address, length up to 0, 0
 */
import { Cursor } from "../bytes/cursor.ts";
import { FormatError } from "../bytes/format-error.ts";
import type { DwarfFile } from "./dwarf-file.ts";
import { CodeRanges } from "./range-lists.ts";

/** One set describes one unit; real ones reach some megabytes in units with a section for each function. */
const maxSetBytes = 64 << 20;
const leadBytes = 12;

/** The ranges of each unit, by its offset in .debug_info. Damage ends the table. */
export function readAranges(file: DwarfFile): Map<number, CodeRanges> {
  const units = new Map<number, CodeRanges>();
  const blocks = file.blocks("aranges");
  if (blocks === null) return units;
  let at = 0;
  try {
    while (at < blocks.size) at = readSet(file, at, units);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    file.damage.add(error.offset ?? at, `${error.format}: ${error.reason}`);
  }
  return units;
}

/** Reads the set at an offset, gives the offset after it. */
function readSet(file: DwarfFile, offset: number, units: Map<number, CodeRanges>): number {
  const blocks = file.blocks("aranges")!;
  const what = "dwarf: .debug_aranges";
  const lead = new Cursor(blocks.read(offset, leadBytes).bytes, what, offset, blocks.littleEndian);
  let length = lead.u32();
  const is64 = length === 0xffffffff;
  if (is64) length = lead.u64AsNumber();
  const start = lead.fileOffset;
  if (length > blocks.size - start || length > maxSetBytes) lead.fail(`set of ${length} bytes`);
  const { bytes, view } = blocks.read(start, length);
  const cursor = new Cursor(bytes, what, start, blocks.littleEndian);
  const version = cursor.u16();
  const unit = is64 ? cursor.u64AsNumber() : cursor.u32();
  const size = cursor.u8();
  const segmentBytes = cursor.u8();
  if (version !== 2 || segmentBytes !== 0 || (size !== 8 && size !== 4 && size !== 2)) return start + length;
  let ranges = units.get(unit);
  if (ranges === undefined) {
    ranges = new CodeRanges();
    units.set(unit, ranges);
  }
  const { addresses } = file;
  const first = start - offset + cursor.pos;
  let at = cursor.pos + ((2 * size - (first % (2 * size))) % (2 * size));
  for (; at + 2 * size <= bytes.length; at += 2 * size) {
    const rangeStart = addresses.read(view, at, size);
    const rangeLength = addresses.readOffset(view, at + size, size);
    if (rangeLength === 0 && addresses.readOffset(view, at, size) === 0) break;
    if (!addresses.isCode(rangeStart, rangeStart + rangeLength)) continue;
    ranges.start.push(rangeStart);
    ranges.end.push(rangeStart + rangeLength);
  }
  return start + length;
}

/** Moves over the entries of a unit in their order: most units are read at once, large ones in windows, so that memory stays bounded. */
import { FormatError } from "../bytes/format-error.ts";
import type { WindowMemory } from "./blocks.ts";
import { type EntryReader, isOverrun } from "./entries.ts";
import type { Unit } from "./units.ts";

const windowBytes = 8 << 20;
/** A window is left behind when less remains of it: few entries are longer. */
const slackBytes = 4 << 10;
/** No single entry is longer. */
const maxWindowBytes = 64 << 20;

/** Reads entries one after the other. */
export interface EntryScan {
  /**
   * Reads entries from the reader's place until its `at` reaches `until`; true when no more are wanted. `reader.entryAt` must be set to each entry's start
   * before it is read: an entry that the bytes at hand cut short is read again.
   */
  entries(until: number): boolean;
}

/** Runs a scan from an entry to the end of the unit, through windows in `memory`. Throws FormatError where entries cannot be told apart any more. */
export function scanEntries(reader: EntryReader, unit: Unit, from: number, memory: WindowMemory, scan: EntryScan): void {
  let length = windowBytes;
  let at = from;
  while (at < unit.end) {
    const window = unit.blocks.readWindow(at, Math.min(length, unit.end - at), memory);
    const isLast = window.base + window.bytes.length >= unit.end;
    reader.use(unit, window, at);
    try {
      if (scan.entries(isLast ? reader.end : reader.end - slackBytes)) return;
    } catch (error) {
      if (!isOverrun(error)) throw error;
      reader.at = reader.entryAt;
      if (isLast || length >= maxWindowBytes) throw new FormatError("dwarf: entry", reader.offset, "reaches past the end of its unit");
      if (reader.entryAt === 0) length *= 8;
    }
    at = reader.offset;
  }
}

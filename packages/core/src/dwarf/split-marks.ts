/** Whether debug information leaves the most to split files: told by the attributes that its entries have, without reading any entry. */
import type { ByteSource } from "../bytes/byte-source.ts";
import { Cursor } from "../bytes/cursor.ts";
import { FormatError } from "../bytes/format-error.ts";
import { uleb, ulebBig } from "./leb128.ts";

/** Skeletons have tables of a few bytes, one after another. */
const lookedThroughBytes = 64 << 10;
const attributeDwoName = 0x76;
const attributeGnuDwoName = 0x2130;
const formImplicitConst = 0x21;

/** @param abbreviations .debug_abbrev: { code, tag, has children u8, { attribute, form } …, 0, 0 } …, 0 */
export function namesSplitFiles(abbreviations: ByteSource): boolean {
  const cursor = new Cursor(abbreviations.read(0, Math.min(abbreviations.size, lookedThroughBytes)), "dwarf: .debug_abbrev");
  try {
    while (cursor.left > 0) {
      if (uleb(cursor) === 0) continue;
      uleb(cursor);
      cursor.skip(1);
      for (;;) {
        const attribute = uleb(cursor);
        const form = uleb(cursor);
        if (attribute === attributeDwoName || attribute === attributeGnuDwoName) return true;
        if (form === formImplicitConst) ulebBig(cursor);
        if (attribute === 0 && form === 0) break;
      }
    }
  } catch (error) {
    // What was looked at ended in the middle of an entry, or is damaged, which those who read it will tell.
    if (!(error instanceof FormatError)) throw error;
  }
  return false;
}

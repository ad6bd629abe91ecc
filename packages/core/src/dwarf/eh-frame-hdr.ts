/**
 * .eh_frame_hdr: a sorted table of function starts beside .eh_frame, for finding one FDE without reading all.
 *
 *   version u8 = 1, encodings u8 × 3 (.eh_frame pointer, count, table), then those values
 *   table entries: function start, FDE address; linkers write both as i32 relative to the section, the only form with entries of one size
 */
import type { BlockReader } from "../bytes/block-reader.ts";
import { Cursor } from "../bytes/cursor.ts";
import { FormatError } from "../bytes/format-error.ts";
import { type PointerBases, pointerOmitted, readLength, readPointer } from "./pointer.ts";

const headBytes = 64;
const entryBytes = 8;
const tableEncoding = 0x3b;

export type EhFrameHdr = {
  /** Image-relative address of .eh_frame. */
  frames: number;
  count: number;
  /** Image-relative address of the FDE of the last function that starts at or below an address; null when there is none. */
  fdeAddress(relativeAddress: number): number | null;
};

/** Null when the section has no table that can be searched. `address` is image-relative. */
export function openEhFrameHdr(
  reader: BlockReader,
  address: number,
  fileOffset: number,
  littleEndian: boolean,
  bases: PointerBases,
): EhFrameHdr | null {
  const cursor = new Cursor(reader.upTo(0, headBytes), "dwarf: .eh_frame_hdr", fileOffset, littleEndian);
  try {
    if (cursor.u8() !== 1) return null;
    const frameEncoding = cursor.u8();
    const countEncoding = cursor.u8();
    const encoding = cursor.u8();
    const ownBases = { ...bases, data: address };
    const frames = readPointer(cursor, frameEncoding, ownBases, address).relative;
    const isSearchable = countEncoding !== pointerOmitted && encoding === tableEncoding;
    const stated = isSearchable ? readLength(cursor, countEncoding, bases.addressBytes) : 0;
    const table = cursor.pos;
    const count = Math.min(stated, Math.floor((reader.size - table) / entryBytes));
    const word = (offset: number) => new Cursor(reader.upTo(offset, 4), "dwarf: .eh_frame_hdr", fileOffset + offset, littleEndian).i32();
    return {
      frames,
      count,
      fdeAddress(relativeAddress) {
        let low = 0;
        let high = count;
        while (low < high) {
          const middle = (low + high) >>> 1;
          if (address + word(table + middle * entryBytes) <= relativeAddress) low = middle + 1;
          else high = middle;
        }
        return low === 0 ? null : address + word(table + (low - 1) * entryBytes + 4);
      },
    };
  } catch (error) {
    if (error instanceof FormatError) return null;
    throw error;
  }
}

/**
 * Encoded pointers (DW_EH_PE_*) of .eh_frame and .eh_frame_hdr: the low four bits say how the value is stored, the next three what it is
 * relative to, the highest that the value is the address of a pointer.
 *
 * Every result is relative to the image, as a number: image-relative places stay small though addresses may use all 64 bits.
 */
import type { Cursor } from "../bytes/cursor.ts";
import { slebBig, ulebBig } from "./leb128.ts";

/** What pointers may be relative to, image-relative themselves; null = not known. */
export type PointerBases = {
  addressBytes: 4 | 8;
  /** Address that the file states for image-relative address 0. */
  imageBase: bigint;
  text: number | null;
  data: number | null;
};

export const pointerAbsolute = 0x00;
export const pointerOmitted = 0xff;

const pointerAligned = 0x50;
const indirect = 0x80;

/** A decoded pointer. `isNull`: the stored value was 0, a linker's mark for code that it discarded. */
export type EncodedPointer = { relative: number; isNull: boolean };

/**
 * Reads one pointer. `origin` is the image-relative address of the cursor's first byte, `functionStart` what "function-relative" ones count
 * from. Fails for what cannot be known from the file.
 */
export function readPointer(
  cursor: Cursor,
  encoding: number,
  bases: PointerBases,
  origin: number,
  functionStart: number | null = null,
): EncodedPointer {
  if (encoding === pointerOmitted) cursor.fail("pointer where none is stored");
  if ((encoding & indirect) !== 0) cursor.fail(`indirect pointer (encoding 0x${encoding.toString(16)})`);
  if (encoding === pointerAligned) alignTo(cursor, origin, bases.addressBytes);
  const at = cursor.pos;
  const value = readValue(cursor, encoding & 0x0f, bases.addressBytes);
  const bits = bases.addressBytes * 8;
  let base: number;
  switch (encoding & 0x70) {
    case 0x00:
    case pointerAligned:
      return { relative: toNumber(cursor, BigInt.asIntN(bits, BigInt(value) - bases.imageBase)), isNull: BigInt(value) === 0n };
    case 0x10:
      base = origin + at;
      break;
    case 0x20:
      base = known(cursor, bases.text, "text");
      break;
    case 0x30:
      base = known(cursor, bases.data, "data");
      break;
    case 0x40:
      base = known(cursor, functionStart, "function");
      break;
    default:
      return cursor.fail(`pointer encoding 0x${encoding.toString(16)}`);
  }
  const isNull = typeof value === "number" ? value === 0 : value === 0n;
  // Sums wrap at the address size; most are small and need no big numbers.
  if (typeof value === "number" && bases.addressBytes === 8) return { relative: base + value, isNull };
  return { relative: toNumber(cursor, BigInt.asIntN(bits, BigInt(base) + BigInt(value))), isNull };
}

/** Passes over a pointer whose value is of no interest. */
export function skipPointer(cursor: Cursor, encoding: number, addressBytes: 4 | 8, origin: number): void {
  if (encoding === pointerOmitted) return;
  if ((encoding & 0x70) === pointerAligned) alignTo(cursor, origin, addressBytes);
  readValue(cursor, encoding & 0x0f, addressBytes);
}

/** A length in the format of an encoded pointer: only the storage form counts. */
export function readLength(cursor: Cursor, encoding: number, addressBytes: 4 | 8): number {
  const value = readValue(cursor, encoding & 0x07, addressBytes);
  return typeof value === "number" ? value >>> 0 : toNumber(cursor, BigInt.asUintN(addressBytes * 8, value));
}

function readValue(cursor: Cursor, form: number, addressBytes: 4 | 8): number | bigint {
  switch (form) {
    case 0x00:
    case 0x08:
      return addressBytes === 8 ? cursor.u64() : cursor.u32();
    case 0x01:
      return ulebBig(cursor);
    case 0x02:
      return cursor.u16();
    case 0x03:
      return cursor.u32();
    case 0x04:
    case 0x0c:
      return form === 0x0c ? BigInt.asIntN(64, cursor.u64()) : cursor.u64();
    case 0x09:
      return slebBig(cursor);
    case 0x0a:
      return (cursor.u16() << 16) >> 16;
    case 0x0b:
      return cursor.i32();
    default:
      return cursor.fail(`pointer form ${form}`);
  }
}

function alignTo(cursor: Cursor, origin: number, addressBytes: number): void {
  const rest = (origin + cursor.pos) % addressBytes;
  if (rest !== 0) cursor.skip(addressBytes - rest);
}

function known(cursor: Cursor, base: number | null, what: string): number {
  return base ?? cursor.fail(`pointer relative to an unknown ${what} address`);
}

function toNumber(cursor: Cursor, value: bigint): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number)) cursor.fail("address further than 2^53 from the image");
  return number;
}

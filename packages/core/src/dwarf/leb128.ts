/** LEB128, DWARF's variable-length integers: seven bits a byte, lowest first; the high bit says that another byte follows. */
import type { Cursor } from "../bytes/cursor.ts";

/** 64 bits need ten bytes; linkers pad with a few more. */
const maxBytes = 16;

/** An unsigned value; fails above 2^53 - 1. */
export function uleb(cursor: Cursor): number {
  const first = cursor.u8();
  if (first < 0x80) return first;
  const value = restOf(cursor, first);
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) cursor.fail("LEB128 value above 2^53");
  return Number(value);
}

/** A signed value; fails beyond 2^53 - 1 either way. */
export function sleb(cursor: Cursor): number {
  const first = cursor.u8();
  if (first < 0x80) return first >= 0x40 ? first - 0x80 : first;
  const value = signedRest(cursor, first);
  const number = Number(value);
  if (!Number.isSafeInteger(number)) cursor.fail("LEB128 value beyond 2^53");
  return number;
}

/** An unsigned value of up to 64 bits; higher bits are dropped. */
export function ulebBig(cursor: Cursor): bigint {
  const first = cursor.u8();
  return first < 0x80 ? BigInt(first) : BigInt.asUintN(64, restOf(cursor, first));
}

/** A signed value of up to 64 bits. */
export function slebBig(cursor: Cursor): bigint {
  const first = cursor.u8();
  if (first < 0x80) return BigInt(first >= 0x40 ? first - 0x80 : first);
  return BigInt.asIntN(64, signedRest(cursor, first));
}

function restOf(cursor: Cursor, first: number): bigint {
  let value = BigInt(first & 0x7f);
  for (let i = 1; i < maxBytes; i++) {
    const byte = cursor.u8();
    value |= BigInt(byte & 0x7f) << BigInt(7 * i);
    if (byte < 0x80) return value;
  }
  return cursor.fail(`LEB128 longer than ${maxBytes} bytes`);
}

function signedRest(cursor: Cursor, first: number): bigint {
  let value = BigInt(first & 0x7f);
  for (let i = 1; i < maxBytes; i++) {
    const byte = cursor.u8();
    value |= BigInt(byte & 0x7f) << BigInt(7 * i);
    if (byte < 0x80) return BigInt.asIntN(7 * (i + 1), value);
  }
  return cursor.fail(`LEB128 longer than ${maxBytes} bytes`);
}

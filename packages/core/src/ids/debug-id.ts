/**
 * debug_id: the id of a module's debug companion. Kept everywhere in Breakpad form: 32 upper-case hex digits (a GUID as
 * it is printed) followed by the age as lower-case hex without padding, age 0 written ("…0"); or, for PDB 2.0, an
 * 8-digit upper-case time stamp followed by the age. The other text form is `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx[-age]`.
 */
import { toHex } from "../bytes/text.ts";

export type DebugIdParts =
  | { kind: "guid"; guid: string /* 32 upper hex */; age: number }
  | { kind: "pdb20"; timestamp: string /* 8 upper hex */; age: number };

const HEX_ONLY = /^[0-9a-fA-F]+$/;

/** Reads either text form, any case; null when it is neither. */
export function parseDebugId(text: string): DebugIdParts | null {
  const hyphenated = text[8] === "-";
  const length = text.length;
  if (hyphenated ? length >= 10 && length <= 17 : length >= 9 && length <= 16) {
    const timestamp = text.slice(0, 8);
    const age = text.slice(hyphenated ? 9 : 8);
    if (!HEX_ONLY.test(timestamp) || !HEX_ONLY.test(age)) return null;
    return { kind: "pdb20", timestamp: timestamp.toUpperCase(), age: Number.parseInt(age, 16) };
  }
  let guid = text.slice(0, 32);
  let rest = text.slice(32);
  if (hyphenated) {
    if (!/^.{8}-.{4}-.{4}-.{4}-.{12}/.test(text)) return null;
    guid = text.slice(0, 36).replaceAll("-", "");
    rest = text.slice(36);
  }
  if (guid.length !== 32 || !HEX_ONLY.test(guid)) return null;
  let age = 0;
  if (rest !== "") {
    if (hyphenated !== rest.startsWith("-")) return null;
    const digits = (hyphenated ? rest.slice(1) : rest).slice(0, 8);
    if (!HEX_ONLY.test(digits)) return null;
    age = Number.parseInt(digits, 16);
  }
  return { kind: "guid", guid: guid.toUpperCase(), age };
}

/** Breakpad form; null when the text is no debug id or the nil id (all zero), which names nothing. */
export function normalizeDebugId(text: string): string | null {
  const parts = parseDebugId(text);
  return parts === null || isNil(parts) ? null : printBreakpadId(parts);
}

export function printBreakpadId(parts: DebugIdParts): string {
  return (parts.kind === "guid" ? parts.guid : parts.timestamp) + parts.age.toString(16);
}

/** `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx`, the age as `-a` only when it is not 0; PDB 2.0 ids as `5AE2B5AC-f`. */
export function printHyphenatedId(parts: DebugIdParts): string {
  if (parts.kind === "pdb20") return `${parts.timestamp}-${parts.age.toString(16)}`;
  const g = parts.guid.toLowerCase();
  const age = parts.age === 0 ? "" : `-${parts.age.toString(16)}`;
  return `${g.slice(0, 8)}-${g.slice(8, 12)}-${g.slice(12, 16)}-${g.slice(16, 20)}-${g.slice(20)}${age}`;
}

function isNil(parts: DebugIdParts): boolean {
  return parts.age === 0 && /^0+$/.test(parts.kind === "guid" ? parts.guid : parts.timestamp);
}

/**
 * The GUID text of 16 bytes as they lie in a file: the first three fields are stored in the file's byte order, so for
 * little-endian files their bytes are turned round.
 */
export function guidFromBytes(bytes: Uint8Array, littleEndian: boolean): string {
  const b = new Uint8Array(16);
  b.set(bytes.subarray(0, 16));
  if (littleEndian) {
    b.subarray(0, 4).reverse();
    b.subarray(4, 6).reverse();
    b.subarray(6, 8).reverse();
  }
  return toHex(b).toUpperCase();
}

/** The debug_id of an ELF build id of any length: its first 16 bytes (zero-filled) as a GUID, age 0; null when they are all zero. */
export function debugIdFromBuildId(buildId: Uint8Array, littleEndian = true): string | null {
  const parts: DebugIdParts = { kind: "guid", guid: guidFromBytes(buildId, littleEndian), age: 0 };
  return isNil(parts) ? null : printBreakpadId(parts);
}

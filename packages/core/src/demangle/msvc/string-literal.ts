/**
 * String literals: "??_C@_0" or "??_C@_1" (wide), size in bytes, "@", a checksum up to "@", then the first 32 bytes (wide: 32 characters)
 * up to "@". A byte is itself, "?$" and two digits A to P, "?" and a digit (common punctuation), or "?" and a letter (the letter + 0x80).
 * Wide characters have their high byte first. Whether narrow bytes are char, char16_t or char32_t is not told but guessed by the zeros.
 */
import type { Reader } from "./reader.ts";

const punctuation = ",/\\:. \n\t'-";
/** What decorated names hold of a narrow string; some compilers wrote four times as much. */
const usualBytes = 32;
const maxBytes = 4 * usualBytes;
const maxWideCharacters = maxBytes;
const wholeWideBytes = 64;

const escapes: ReadonlyMap<number, string> = new Map([
  [0, "\\0"],
  [0x07, "\\a"],
  [0x08, "\\b"],
  [0x09, "\\t"],
  [0x0a, "\\n"],
  [0x0b, "\\v"],
  [0x0c, "\\f"],
  [0x0d, "\\r"],
  [0x22, '\\"'],
  [0x27, "\\'"],
  [0x5c, "\\\\"],
]);

/** The literal as C++ writes it, with "..." behind when the name holds only its begin; the reader stands behind "??_C". */
export function readStringLiteral(reader: Reader): string {
  reader.expect("@_");
  const wide = reader.take();
  if (wide !== "0" && wide !== "1") reader.fail("an unknown kind of string");
  const size = Number(reader.unsigned());
  if (size < (wide === "1" ? 2 : 1)) reader.fail("a string without an end");
  reader.upToAt();
  return wide === "1" ? wideString(reader, size) : narrowString(reader, size);
}

function wideString(reader: Reader, size: number): string {
  const truncated = size > wholeWideBytes;
  const characters: number[] = [];
  while (!reader.eat("@")) {
    if (characters.length >= maxWideCharacters) reader.fail("a string of too many characters");
    const high = readByte(reader);
    characters.push((high << 8) | readByte(reader));
  }
  // The zero at the end of a whole string is not shown.
  if (!truncated) characters.splice(size / 2 - 1, 1);
  return quoted("L", characters, truncated);
}

function narrowString(reader: Reader, size: number): string {
  const bytes: number[] = [];
  while (!reader.eat("@")) {
    if (bytes.length >= maxBytes) reader.fail("a string of too many bytes");
    bytes.push(readByte(reader));
  }
  const truncated = size > bytes.length;
  const width = guessWidth(bytes, size);
  const characters: number[] = [];
  for (let at = 0; at + width <= bytes.length; at += width) {
    let character = 0;
    for (let i = width - 1; i >= 0; i--) character = character * 256 + bytes[at + i]!;
    characters.push(character);
  }
  if (!truncated) characters.pop();
  return quoted(width === 1 ? "" : width === 2 ? "u" : "U", characters, truncated);
}

/** Bytes per character: by the zeros at the end of a whole string, by the share of zeros in a begun one. */
function guessWidth(bytes: readonly number[], size: number): 1 | 2 | 4 {
  if (size % 2 === 1) return 1;
  if (size < usualBytes) {
    let zeros = 0;
    while (zeros < bytes.length && bytes[bytes.length - 1 - zeros] === 0) zeros++;
    if (zeros >= 4 && size % 4 === 0) return 4;
    return zeros >= 2 ? 2 : 1;
  }
  const zeros = bytes.filter((byte) => byte === 0).length;
  if (zeros >= Math.floor((2 * bytes.length) / 3) && size % 4 === 0) return 4;
  return zeros >= Math.floor(bytes.length / 3) ? 2 : 1;
}

function readByte(reader: Reader): number {
  const plain = reader.take();
  if (plain !== "?") return plain.charCodeAt(0) & 0xff;
  const code = reader.take();
  const value = code.charCodeAt(0);
  if (code === "$") return hexDigit(reader) * 16 + hexDigit(reader);
  if (code >= "0" && code <= "9") return punctuation.charCodeAt(value - 0x30);
  if ((code >= "a" && code <= "z") || (code >= "A" && code <= "Z")) return value + 0x80;
  return reader.fail("an unknown byte");
}

function hexDigit(reader: Reader): number {
  const value = reader.take().charCodeAt(0) - 0x41;
  return value >= 0 && value <= 15 ? value : reader.fail("a digit A to P expected");
}

function quoted(prefix: string, characters: readonly number[], truncated: boolean): string {
  return `${prefix}"${characters.map(escaped).join("")}"${truncated ? "..." : ""}`;
}

function escaped(character: number): string {
  const known = escapes.get(character);
  if (known !== undefined) return known;
  if (character > 0x1f && character < 0x7f) return String.fromCharCode(character);
  const digits = character.toString(16).toUpperCase();
  return `\\x${digits.length % 2 === 1 ? "0" : ""}${digits}`;
}

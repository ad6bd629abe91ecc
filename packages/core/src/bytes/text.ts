/** Text in binary files: hex, NUL-terminated UTF-8 and UTF-16, decoded without ever throwing. */

const HEX: readonly string[] = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, "0"));

/** Lower-case hex of all bytes. */
export function toHex(bytes: Uint8Array): string {
  let out = "";
  for (let i = 0; i < bytes.length; i++) out += HEX[bytes[i]!];
  return out;
}

/** `0x…` without padding. */
export function hexNumber(value: bigint | number): string {
  return `0x${value.toString(16)}`;
}

const UTF8_CHUNK_BYTES = 8192;

/** UTF-8 up to the first NUL or the end; broken sequences become U+FFFD. Written out, since core knows no platform API. */
export function decodeUtf8(bytes: Uint8Array): string {
  const nul = bytes.indexOf(0);
  const end = nul < 0 ? bytes.length : nul;
  let out = "";
  let units: number[] = [];
  let i = 0;
  while (i < end) {
    const b = bytes[i]!;
    let code = 0xfffd;
    let size = 1;
    if (b < 0x80) {
      code = b;
    } else if (b >= 0xc2 && b <= 0xf4) {
      const want = b < 0xe0 ? 1 : b < 0xf0 ? 2 : 3;
      let value = b & (0x3f >> want);
      let got = 0;
      while (got < want && i + got + 1 < end && (bytes[i + got + 1]! & 0xc0) === 0x80) {
        value = (value << 6) | (bytes[i + got + 1]! & 0x3f);
        got++;
      }
      const smallest = want === 1 ? 0x80 : want === 2 ? 0x800 : 0x10000;
      if (got === want && value >= smallest && value <= 0x10ffff && !(value >= 0xd800 && value < 0xe000)) {
        code = value;
        size = want + 1;
      } else {
        size = Math.max(1, got);
      }
    }
    if (code >= 0x10000) units.push(0xd800 + ((code - 0x10000) >> 10), 0xdc00 + ((code - 0x10000) & 0x3ff));
    else units.push(code);
    if (units.length >= UTF8_CHUNK_BYTES) {
      out += String.fromCharCode(...units);
      units = [];
    }
    i += size;
  }
  return out + String.fromCharCode(...units);
}

/** UTF-16 up to the first NUL or the end; an odd last byte is left out; lone surrogates become U+FFFD. */
export function decodeUtf16(bytes: Uint8Array, littleEndian: boolean): string {
  let out = "";
  let units: number[] = [];
  for (let i = 0; i + 1 < bytes.length; i += 2) {
    const unit = littleEndian ? bytes[i]! | (bytes[i + 1]! << 8) : (bytes[i]! << 8) | bytes[i + 1]!;
    if (unit === 0) break;
    units.push(unit);
    if (units.length >= UTF8_CHUNK_BYTES) {
      out += String.fromCharCode(...units);
      units = [];
    }
  }
  return (out + String.fromCharCode(...units)).toWellFormed();
}

/** Last part of a path of either kind of slash. */
export function baseName(path: string): string {
  return path.slice(Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1);
}

/** Everything before the last slash of either kind; empty when there is none. */
export function dirName(path: string): string {
  const cut = Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\"));
  return cut < 0 ? "" : path.slice(0, cut);
}

/**
 * Rust's names until 2025 (before `v0` became the default): they look like nested C++ names and end in a hash.
 *
 *   _ZN <length><part> … 17h<16 hex digits> E        _ZN4core3fmt5Write9write_fmt17h0123456789abcdefE
 *
 * Parts hold what C++ names may not as `$LT$`, `$u20$`…, and `..` for `::`. A part that would begin with `$` has `_` before it.
 * The hash is left out unless asked for; suffixes behind the `E` stay, but for the one of link-time optimisation.
 */
import { endWithoutLlvm, isSuffix } from "./suffix.ts";

export interface RustOptions {
  /** With the hash of legacy names, and the crates' disambiguators and the integers' types of v0 names. */
  hash?: boolean;
}

const maxNameLength = 1 << 16;

const escapes = new Map([
  ["SP", "@"],
  ["BP", "*"],
  ["RF", "&"],
  ["LT", "<"],
  ["GT", ">"],
  ["LP", "("],
  ["RP", ")"],
  ["C", ","],
]);

/** The parts of a legacy name as ranges of the name. */
interface Parts {
  /** Starts and ends in turn. */
  ranges: number[];
  /** Behind the `E`. */
  end: number;
}

function readParts(mangled: string): Parts | null {
  if (mangled.length > maxNameLength) return null;
  const start = mangled.startsWith("_ZN") ? 3 : mangled.startsWith("ZN") ? 2 : mangled.startsWith("__ZN") ? 4 : 0;
  if (start === 0) return null;
  const ranges: number[] = [];
  let position = start;
  while (mangled.charCodeAt(position) !== 0x45 /* E */) {
    let length = 0;
    const digits = position;
    for (; position < mangled.length; position++) {
      const digit = mangled.charCodeAt(position) - 0x30;
      if (!(digit >= 0 && digit <= 9)) break;
      length = length * 10 + digit;
    }
    if (position === digits || length > mangled.length - position) return null;
    ranges.push(position, position + length);
    position += length;
  }
  for (let i = start; i < position; i++) if (mangled.charCodeAt(i) >= 0x80) return null;
  return ranges.length === 0 ? null : { ranges, end: position + 1 };
}

/** Whether the name ends in the hash that only Rust's names have; a C++ name of the same form is most unlikely. */
export function isRustLegacy(mangled: string): boolean {
  const hash = mangled.lastIndexOf("17h");
  if (hash < 0 || mangled.charCodeAt(hash + 19) !== 0x45 /* E */ || !isHash(mangled, hash + 2, hash + 19)) return false;
  const parts = readParts(mangled);
  return parts !== null && parts.end === hash + 20;
}

/** `h` and hex digits. */
function isHash(name: string, start: number, end: number): boolean {
  if (name.charCodeAt(start) !== 0x68 /* h */) return false;
  for (let i = start + 1; i < end; i++) {
    const code = name.charCodeAt(i) | 0x20;
    if (!((code >= 0x30 && code <= 0x39) || (code >= 0x61 && code <= 0x66))) return false;
  }
  return true;
}

/** The path that a legacy name stands for; null when it is none. Any `_ZN…E` without C++ grammar inside is taken for one. */
export function demangleRustLegacy(mangled: string, options: RustOptions = {}): string | null {
  const parts = readParts(mangled);
  if (parts === null) return null;
  const { ranges, end } = parts;
  const suffix = mangled.slice(end, Math.max(end, endWithoutLlvm(mangled)));
  if (!isSuffix(suffix)) return null;
  let text = "";
  for (let i = 0; i < ranges.length; i += 2) {
    const start = ranges[i]!;
    const stop = ranges[i + 1]!;
    if (options.hash !== true && i === ranges.length - 2 && isHash(mangled, start, stop)) break;
    if (i > 0) text += "::";
    text += readable(mangled.slice(start, stop));
  }
  return text + suffix;
}

function readable(part: string): string {
  if (!part.includes("$") && !part.includes(".")) return part;
  let text = "";
  let position = part.startsWith("_$") ? 1 : 0;
  while (position < part.length) {
    const code = part.charCodeAt(position);
    if (code === 0x2e /* . */) {
      const isDouble = part.charCodeAt(position + 1) === 0x2e;
      text += isDouble ? "::" : ".";
      position += isDouble ? 2 : 1;
    } else if (code === 0x24 /* $ */) {
      const end = part.indexOf("$", position + 1);
      const escaped = end < 0 ? null : unescaped(part.slice(position + 1, end));
      if (escaped === null) break;
      text += escaped;
      position = end + 1;
    } else {
      let end = position;
      while (end < part.length && part.charCodeAt(end) !== 0x24 && part.charCodeAt(end) !== 0x2e) end++;
      text += part.slice(position, end);
      position = end;
    }
  }
  return text + part.slice(position);
}

/** What stands between two `$`. */
function unescaped(word: string): string | null {
  const known = escapes.get(word);
  if (known !== undefined) return known;
  if (!/^u[0-9a-f]{1,6}$/.test(word)) return null;
  const code = Number.parseInt(word.slice(1), 16);
  const isControl = code < 0x20 || (code >= 0x7f && code < 0xa0);
  return isControl || code > 0x10ffff || (code >= 0xd800 && code < 0xe000) ? null : String.fromCodePoint(code);
}

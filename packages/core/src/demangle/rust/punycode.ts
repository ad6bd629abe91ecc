/** Punycode (RFC 3492) as Rust's v0 names use it: digits `a`–`z`, `0`–`9`, and `_` between the plain characters and the coded ones. */

const base = 36;
const lowestThreshold = 1;
const highestThreshold = 26;
const skew = 38;
const damp = 700;
const initialBias = 72;
const initialCode = 0x80;

/** Characters in one identifier. Each insertion moves those behind it, so long ones would take quadratic time. */
const maxCharacters = 4096;

/** The identifier whose plain characters come first and say `plain`; null when the coded ones are damaged. */
export function decodePunycode(plain: string, coded: string): string | null {
  if (coded === "" || plain.length + coded.length > maxCharacters) return null;
  const characters = Array.from(plain, (character) => character.charCodeAt(0));
  let code = initialCode;
  let index = 0;
  let bias = initialBias;
  let position = 0;
  while (position < coded.length) {
    const before = index;
    let weight = 1;
    for (let k = base; ; k += base) {
      const digit = digitOf(coded.charCodeAt(position++));
      if (digit < 0) return null;
      index += digit * weight;
      if (index > 0x7fffffff) return null;
      const threshold = Math.max(lowestThreshold, Math.min(highestThreshold, k - bias));
      if (digit < threshold) break;
      weight *= base - threshold;
    }
    const count = characters.length + 1;
    bias = adapt(index - before, count, before === 0);
    code += Math.floor(index / count);
    index %= count;
    if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return null;
    characters.splice(index, 0, code);
    index++;
  }
  return String.fromCodePoint(...characters);
}

function digitOf(code: number): number {
  if (code >= 0x61 && code <= 0x7a) return code - 0x61;
  return code >= 0x30 && code <= 0x39 ? code - 0x30 + 26 : -1;
}

function adapt(delta: number, count: number, isFirst: boolean): number {
  let rest = Math.floor(delta / (isFirst ? damp : 2));
  rest += Math.floor(rest / count);
  let k = 0;
  while (rest > ((base - lowestThreshold) * highestThreshold) / 2) {
    rest = Math.floor(rest / (base - lowestThreshold));
    k += base;
  }
  return k + Math.floor(((base - lowestThreshold + 1) * rest) / (rest + skew));
}

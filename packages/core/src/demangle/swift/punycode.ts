/**
 * Punycode (RFC 3492) as Swift writes identifiers that are not plain ASCII words: `_` is the delimiter and the digits are a–z, then A–J. Characters
 * that a symbol cannot hold (a space, `+`) stand as themselves plus U+D800, a range no text uses.
 */

const base = 36;
const smallestThreshold = 1;
const largestThreshold = 26;
const skew = 38;
const firstDamping = 700;
const firstBias = 72;
const firstCodePoint = 0x80;
const escapedAscii = 0xd800;
const escapedAsciiEnd = 0xd880;
const surrogateEnd = 0xe000;
const lastCodePoint = 0x10ffff;

/** Longest encoded identifier: decoding inserts characters one by one, so its cost grows with the square of the length. */
const maxEncodedLength = 4096;

/** The text of an encoded identifier, or null when it encodes none. */
export function decodeSwiftPunycode(encoded: string): string | null {
  if (encoded.length > maxEncodedLength) return null;
  const delimiter = encoded.lastIndexOf("_");
  const points: number[] = [];
  for (let i = 0; i < delimiter; i++) {
    const code = encoded.charCodeAt(i);
    if (code >= firstCodePoint) return null;
    points.push(code);
  }
  let codePoint = firstCodePoint;
  let at = 0;
  let bias = firstBias;
  for (let pos = delimiter + 1; pos < encoded.length; ) {
    const before = at;
    let weight = 1;
    for (let k = base; ; k += base) {
      const digit = pos < encoded.length ? digitOf(encoded.charCodeAt(pos++)) : -1;
      if (digit < 0) return null;
      at += digit * weight;
      if (at > 0x7fffffff) return null;
      const threshold = Math.min(Math.max(k - bias, smallestThreshold), largestThreshold);
      if (digit < threshold) break;
      weight *= base - threshold;
    }
    const count = points.length + 1;
    bias = adapt(at - before, count, before === 0);
    codePoint += Math.floor(at / count);
    at %= count;
    points.splice(at, 0, codePoint);
    at++;
  }
  return spell(points);
}

function digitOf(code: number): number {
  if (code >= 0x61 && code <= 0x7a) return code - 0x61;
  return code >= 0x41 && code <= 0x4a ? code - 0x41 + 26 : -1;
}

function adapt(difference: number, count: number, first: boolean): number {
  let delta = Math.floor(difference / (first ? firstDamping : 2));
  delta += Math.floor(delta / count);
  let k = 0;
  while (delta > ((base - smallestThreshold) * largestThreshold) / 2) {
    delta = Math.floor(delta / (base - smallestThreshold));
    k += base;
  }
  return k + Math.floor(((base - smallestThreshold + 1) * delta) / (delta + skew));
}

function spell(points: number[]): string | null {
  let text = "";
  for (const point of points) {
    if (point > lastCodePoint || (point >= escapedAsciiEnd && point < surrogateEnd)) return null;
    text += String.fromCodePoint(point >= escapedAscii && point < escapedAsciiEnd ? point - escapedAscii : point);
  }
  return text;
}

/**
 * Floating point literals: the mangled name states the bits as hex digits, highest first (ABI 5.1.6.1); printed as C's `%a` would, with the
 * type's suffix. A `long double` has 20 digits (x87), 32 (binary128, on ARM64 and others) or 16 (where it is a double).
 */

interface FloatLiteral {
  text: string;
  /** Hex digits read. */
  digits: number;
}

interface Format {
  digits: number;
  exponentBits: number;
  /** x87 writes the leading one, and `%a` then takes the first four bits as the leading digit. */
  hasLeadingBit: boolean;
  suffix: string;
}

const float: Format = { digits: 8, exponentBits: 8, hasLeadingBit: false, suffix: "f" };
const double: Format = { digits: 16, exponentBits: 11, hasLeadingBit: false, suffix: "" };
const x87: Format = { digits: 20, exponentBits: 15, hasLeadingBit: true, suffix: "L" };
const quad: Format = { digits: 32, exponentBits: 15, hasLeadingBit: false, suffix: "L" };
const doubleAsLong: Format = { digits: 16, exponentBits: 11, hasLeadingBit: false, suffix: "L" };

/** The literal of type `f`, `d` or `e` whose digits begin at `position`; null when their number is not the type's. */
export function floatLiteral(type: string, name: Uint8Array, position: number): FloatLiteral | null {
  let end = position;
  while (end < position + quad.digits && isHexDigit(name[end]!)) end++;
  const formats = type === "f" ? [float] : type === "d" ? [double] : [x87, quad, doubleAsLong];
  const format = formats.find((f) => f.digits === end - position);
  if (format === undefined) return null;
  return {
    text: print(BigInt(`0x${String.fromCharCode(...name.subarray(position, end))}`), format) + format.suffix,
    digits: format.digits,
  };
}

/** Lower case only: a capital `E` ends the literal. */
function isHexDigit(code: number): boolean {
  return (code >= 0x30 && code <= 0x39) || (code >= 0x61 && code <= 0x66);
}

function print(bits: bigint, format: Format): string {
  const mantissaBits = format.digits * 4 - 1 - format.exponentBits;
  const mask = (1n << BigInt(mantissaBits)) - 1n;
  const mantissa = bits & mask;
  const maximum = (1 << format.exponentBits) - 1;
  const exponent = Number((bits >> BigInt(mantissaBits)) & BigInt(maximum));
  const sign = bits >> BigInt(format.digits * 4 - 1) === 1n ? "-" : "";
  const bias = maximum >> 1;
  if (exponent === maximum) {
    const isInfinite = (format.hasLeadingBit ? mantissa & (mask >> 1n) : mantissa) === 0n;
    return sign + (isInfinite ? "inf" : "nan");
  }
  if (exponent === 0 && mantissa === 0n) return `${sign}0x0p+0`;
  if (format.hasLeadingBit) {
    return `${sign}0x${fraction(mantissa, mantissaBits - 4)}${power((exponent === 0 ? 1 : exponent) - bias - 3)}`;
  }
  // A float prints like the double it converts to, which has no subnormal numbers of that size.
  if (exponent === 0 && format === float) {
    const shift = mantissaBits + 1 - mantissa.toString(2).length;
    return `${sign}0x${fraction(mantissa << BigInt(shift), mantissaBits)}${power(1 - bias - shift)}`;
  }
  const leading = exponent === 0 ? 0n : 1n;
  return `${sign}0x${fraction((leading << BigInt(mantissaBits)) | mantissa, mantissaBits)}${power((exponent === 0 ? 1 : exponent) - bias)}`;
}

/** `value` with the point before its last `bits` bits, without zeros at the end. */
function fraction(value: bigint, bits: number): string {
  const padding = (4 - (bits % 4)) % 4;
  const digits = (bits + padding) / 4;
  const text = (value << BigInt(padding)).toString(16).padStart(digits + 1, "0");
  const tail = text.slice(-digits).replace(/0+$/, "");
  return text.slice(0, -digits) + (tail === "" ? "" : `.${tail}`);
}

function power(exponent: number): string {
  return exponent < 0 ? `p${exponent}` : `p+${exponent}`;
}

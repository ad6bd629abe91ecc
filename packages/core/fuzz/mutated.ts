/** Random changes to an input: bytes and numbers, parts moved, removed and taken from another input, and what a comparison wanted to see. */
import type { Comparison } from "./coverage.ts";

const numbers = [0, 1, 2, 7, 8, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff];
const maxChanges = 6;
const maxPart = 512;

export type Material = {
  random: (limit: number) => number;
  comparisons: readonly Comparison[];
  texts: readonly string[];
  maxBytes: number;
};

export function mutated(input: Uint8Array, other: Uint8Array, material: Material): Uint8Array {
  const { random } = material;
  let bytes: Uint8Array = input.slice();
  for (let change = 1 + random(maxChanges); change > 0; change--) bytes = changed(bytes, other, material);
  return bytes.length > material.maxBytes ? bytes.slice(0, material.maxBytes) : bytes;
}

function changed(bytes: Uint8Array, other: Uint8Array, { random, comparisons, texts }: Material): Uint8Array {
  const size = bytes.length;
  if (size < 8) return joined(bytes, 0, other.subarray(0, maxPart), 0);
  const at = random(size);
  const part = 1 + random(Math.min(maxPart, size));
  switch (random(10)) {
    case 0:
      bytes[at]! ^= 1 << random(8);
      return bytes;
    case 1:
      bytes[at] = random(256);
      return bytes;
    case 2:
      return put(bytes, at, numbers[random(numbers.length)]!, random);
    case 3:
      bytes[at]! += random(2) === 0 ? 1 + random(16) : -1 - random(16);
      return bytes;
    case 4:
      bytes.copyWithin(random(size), at, at + part);
      return bytes;
    case 5:
      return joined(bytes, at, new Uint8Array(0), Math.min(part, size - at));
    case 6:
      return joined(bytes, at, bytes.slice(at, at + part), 0);
    case 7: {
      const from = random(Math.max(1, other.length - part));
      return joined(bytes, at, other.subarray(from, from + part), random(2) * part);
    }
    case 8: {
      const text = texts[random(texts.length)];
      return text === undefined ? bytes : joined(bytes, at, Buffer.from(text, "latin1"), random(2) * text.length);
    }
    default:
      return answered(bytes, comparisons[random(comparisons.length)]!, random);
  }
}

/** Puts what a comparison wanted where the value that it met stands, or anywhere when that does not stand in the input. */
function answered(bytes: Uint8Array, { was, wanted }: Comparison, random: (limit: number) => number): Uint8Array {
  const value = wanted + random(3) - 1;
  const low = was & 0xff;
  const start = random(bytes.length);
  for (let step = 0; step < bytes.length; step++) {
    const at = (start + step) % bytes.length;
    if (bytes[at] !== low) continue;
    if (was < 256) {
      bytes[at] = value;
      return bytes;
    }
    if (bytes[at + 1] === ((was >>> 8) & 0xff)) return put(bytes, at, value, () => (was < 0x10000 ? 1 : 2));
  }
  return put(bytes, start, value, random);
}

/** A number of 1, 2 or 4 bytes, little-endian, as far as it fits. */
function put(bytes: Uint8Array, at: number, value: number, random: (limit: number) => number): Uint8Array {
  const width = 1 << random(3);
  for (let i = 0; i < width && at + i < bytes.length; i++) bytes[at + i] = value >>> (8 * i);
  return bytes;
}

/** `removed` bytes at `at` replaced by others. */
function joined(bytes: Uint8Array, at: number, put: Uint8Array, removed: number): Uint8Array {
  const tail = bytes.subarray(Math.min(bytes.length, at + removed));
  const all = new Uint8Array(at + put.length + tail.length);
  all.set(bytes.subarray(0, at));
  all.set(put, at);
  all.set(tail, at + put.length);
  return all;
}

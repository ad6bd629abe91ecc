/**
 * Single flipped bits, as bad memory makes them: addresses that differ from the crash address in one bit and that the process could access.
 * Rated by what rust-minidump rates, with its weights, so that figures can be compared: a non-canonical original speaks for a flip, registers
 * near the address do; a register full of an allocator's fill pattern speaks against it.
 *
 * Only asked for where the dump lists its memory ranges and the pointer has 64 bits. A crash at address 0 is a null pointer, not a flipped bit.
 */
import { isPoison } from "./poison-patterns.ts";

export type BitFlip = {
  /** The address before the flip. */
  address: bigint;
  /** The register that held the flipped value, as far as one equals the crash address. */
  register: string | null;
  confidence: number;
  wasNonCanonical: boolean;
  isNull: boolean;
  wasLow: boolean;
  nearbyRegisters: number;
  poisonRegisters: boolean;
};

export type BitFlipInput = {
  address: bigint;
  amd64: boolean;
  registers: ReadonlyMap<string, bigint>;
  /** Whether memory at an address could be accessed as the fault tried to. */
  accessible(address: bigint): boolean;
};

const NEARBY_BYTES = 4096n;
const LOW_ADDRESS = 2n * NEARBY_BYTES;
const CANONICAL_BITS = 48;
const BASELINE = 0.25;
const NON_CANONICAL = 0.9;
const IS_NULL = 0.5;
const LOW_FACTOR = 0.5;
const NEARBY = [0.5, 0.55, 0.6, 0.65];
const POISON_FACTOR = 0.5;

export function findBitFlips({ address, amd64, registers, accessible }: BitFlipInput): BitFlip[] {
  if (address === 0n || accessible(address)) return [];
  const nonCanonical = amd64 && address > 0x7fffffffffffn && address < 0xffff800000000000n;
  const [first, end] = !amd64 ? [0, 64] : nonCanonical ? [CANONICAL_BITS, 64] : [0, CANONICAL_BITS];
  const poisonRegisters = [...registers.values()].some(isPoison);
  const flips: BitFlip[] = [];
  for (let bit = first; bit < end; bit++) {
    const original = address ^ (1n << BigInt(bit));
    if (original !== 0n && !accessible(original)) continue;
    flips.push(rate(original, address, null, nonCanonical, registers, poisonRegisters));
  }
  const holder = [...registers].find(([, value]) => value === address)?.[0] ?? null;
  return holder === null ? flips : [...flips, ...flips.map((flip) => ({ ...flip, register: holder }))];
}

function rate(
  original: bigint,
  address: bigint,
  register: string | null,
  wasNonCanonical: boolean,
  registers: ReadonlyMap<string, bigint>,
  poisonRegisters: boolean,
): BitFlip {
  const isNull = original === 0n;
  const wasLow = isNull && address <= LOW_ADDRESS;
  let nearbyRegisters = 0;
  if (original > LOW_ADDRESS) {
    for (const value of registers.values()) {
      const distance = value > original ? value - original : original - value;
      if (distance <= NEARBY_BYTES) nearbyRegisters++;
    }
  }
  let against = 1 - BASELINE;
  if (wasNonCanonical) against *= 1 - NON_CANONICAL;
  if (isNull) against *= 1 - (wasLow ? IS_NULL * LOW_FACTOR : IS_NULL);
  if (nearbyRegisters > 0) against *= 1 - NEARBY[Math.min(nearbyRegisters, NEARBY.length) - 1]!;
  const confidence = (1 - against) * (poisonRegisters ? POISON_FACTOR : 1);
  return {
    address: original,
    register,
    confidence: rounded(confidence),
    wasNonCanonical,
    isNull,
    wasLow,
    nearbyRegisters,
    poisonRegisters,
  };
}

/** Four digits are more than such a guess is worth; it also keeps reports equal everywhere. */
function rounded(value: number): number {
  return Math.round(value * 10_000) / 10_000;
}

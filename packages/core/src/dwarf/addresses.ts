/**
 * Addresses as numbers relative to the image. Sums and differences wrap at 2^64, so that those of a kernel, whose addresses use all 64 bits, stay small
 * and exact, too. A linker's marks for code that it dropped (0, 1, the two highest values) become numbers that lie in no code.
 */
import type { DwarfSections } from "./sections.ts";

/** Image-relative addresses end here. */
export const addressLimit = 0xffffffff;

export class AddressSpace {
  readonly littleEndian: boolean;
  readonly #baseLow: number;
  readonly #baseHigh: number;
  readonly #base: number;
  readonly #codeStart: Float64Array | null;
  readonly #codeEnd: Float64Array;

  constructor(sections: DwarfSections) {
    this.littleEndian = sections.littleEndian;
    this.#baseLow = Number(BigInt.asUintN(32, sections.imageBase));
    this.#baseHigh = Number(BigInt.asUintN(32, sections.imageBase >> 32n));
    this.#base = Number(sections.imageBase);
    const code = sections.codeRanges === null ? null : [...sections.codeRanges].sort((a, b) => a.start - b.start);
    this.#codeStart = code && Float64Array.from(code, (range) => range.start);
    this.#codeEnd = Float64Array.from(code ?? [], (range) => range.end);
  }

  /** The address stored at `at` in `bytes` bytes (2, 4 or 8). */
  read(view: DataView, at: number, bytes: number): number {
    if (bytes === 8) {
      const first = view.getUint32(at, this.littleEndian);
      const second = view.getUint32(at + 4, this.littleEndian);
      return this.littleEndian ? this.fromHalves(first, second) : this.fromHalves(second, first);
    }
    return (bytes === 4 ? view.getUint32(at, this.littleEndian) : view.getUint16(at, this.littleEndian)) - this.#base;
  }

  /** What is stored at `at`, not yet relative to anything. */
  readOffset(view: DataView, at: number, bytes: number): number {
    if (bytes !== 8) return bytes === 4 ? view.getUint32(at, this.littleEndian) : view.getUint16(at, this.littleEndian);
    const first = view.getUint32(at, this.littleEndian);
    const second = view.getUint32(at + 4, this.littleEndian);
    return this.littleEndian ? (second | 0) * 0x100000000 + first : (first | 0) * 0x100000000 + second;
  }

  fromNumber(address: number): number {
    return address - this.#base;
  }

  fromHalves(low: number, high: number): number {
    return ((high - this.#baseHigh) | 0) * 0x100000000 + (low - this.#baseLow);
  }

  /** Whether [start, end) can be code of the image. */
  isCode(start: number, end: number): boolean {
    if (!(start >= 0 && start < end && end <= addressLimit)) return false;
    const codeStart = this.#codeStart;
    if (codeStart === null) return start + this.#base !== 0;
    let low = 0;
    let high = codeStart.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (codeStart[middle]! <= start) low = middle + 1;
      else high = middle;
    }
    return low > 0 && start < this.#codeEnd[low - 1]!;
  }
}

/**
 * The function table of a PE image (.pdata): which code has unwind data, and where. Ascending by address.
 *
 *   amd64        begin u32, end u32, unwind info u32
 *   arm64, arm   begin u32 (arm: bit 0 says Thumb), packed unwind data or the address of its record u32
 */

import { partitionPoint } from "../bytes/bisect.ts";
import { FormatError } from "../bytes/format-error.ts";
import { directoryExceptions, type PeImage } from "./image.ts";

/** The largest real tables (browsers) have about half a million entries; more than this is damage. */
const maxEntries = 8 << 20;

/** The table of an image. Throws FormatError when it lies outside the file. */
export function functionTableOf(image: PeImage, words: 2 | 3, thumb = false): FunctionTable {
  const directory = image.directory(directoryExceptions);
  if (directory === null) return new FunctionTable(new Uint8Array(0), words, thumb);
  const count = Math.floor(directory.size / (4 * words));
  if (count > maxEntries) throw new FormatError("pe: function table", null, `${count} entries`);
  // A table cut short by the end of its section still tells what it has.
  return new FunctionTable(image.upTo(directory.address, 4 * words * count), words, thumb);
}

export class FunctionTable {
  readonly count: number;
  readonly #view: DataView;
  readonly #entryBytes: 8 | 12;
  readonly #beginMask: number;

  /** `words` per entry: 3 for amd64, 2 for arm and arm64. */
  constructor(bytes: Uint8Array, words: 2 | 3, thumb = false) {
    this.#entryBytes = words === 3 ? 12 : 8;
    this.#beginMask = thumb ? ~1 : ~0;
    let count = Math.floor(bytes.length / this.#entryBytes);
    // Linkers leave room, filled with zeroes: at the end, or sorted to the front.
    const entryAt = (index: number) => index * this.#entryBytes;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    while (count > 0 && view.getUint32(entryAt(count - 1), true) === 0) count--;
    let first = 0;
    while (first < count && view.getUint32(entryAt(first), true) === 0) first++;
    this.count = count - first;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset + entryAt(first), entryAt(this.count));
  }

  #word(index: number, word: number): number {
    return this.#view.getUint32(index * this.#entryBytes + 4 * word, true);
  }

  begin(index: number): number {
    return (this.#word(index, 0) & this.#beginMask) >>> 0;
  }

  /** The second word: the end on amd64, the unwind data elsewhere. */
  second(index: number): number {
    return this.#word(index, 1);
  }

  /** The third word (amd64): the address of the unwind info. */
  third(index: number): number {
    return this.#word(index, 2);
  }

  /** The last entry that begins at or before an address; -1 when all begin after it. */
  lastBefore(address: number): number {
    return partitionPoint(this.count, (index) => this.begin(index) <= address) - 1;
  }
}

/** A stream of an MSF container as a ByteSource of its own: blocks that lie together are read together. */
import type { ByteSource } from "../bytes/byte-source.ts";
import { FormatError } from "../bytes/format-error.ts";

export class MsfStream implements ByteSource {
  readonly size: number;
  readonly #source: ByteSource;
  readonly #blockBytes: number;
  readonly #blocks: Uint32Array;
  readonly #what: string;

  /** `what` names the stream for errors. */
  constructor(source: ByteSource, blockBytes: number, blocks: Uint32Array, size: number, what: string) {
    this.#source = source;
    this.#blockBytes = blockBytes;
    this.#blocks = blocks;
    this.#what = what;
    this.size = size;
  }

  /** A view of the source where the range lies in one piece, else a copy. Throws FormatError past the end of the stream or of the file. */
  read(offset: number, length: number): Uint8Array {
    if (!(offset >= 0 && length >= 0 && length <= this.size - offset)) {
      throw new FormatError(this.#what, null, `need ${length} bytes from ${offset}, ${this.size} in all`);
    }
    if (length === 0) return new Uint8Array(0);
    const first = this.#runBytes(offset, length);
    if (first === length) return this.#source.read(this.place(offset), length);
    const out = new Uint8Array(length);
    let done = 0;
    while (done < length) {
      const part = this.#runBytes(offset + done, length - done);
      out.set(this.#source.read(this.place(offset + done), part), done);
      done += part;
    }
    return out;
  }

  /** Where a byte of the stream lies in the file. */
  place(offset: number): number {
    const block = Math.floor(offset / this.#blockBytes);
    return (this.#blocks[block] ?? 0) * this.#blockBytes + (offset - block * this.#blockBytes);
  }

  /** How many of the wanted bytes lie together in the file. */
  #runBytes(offset: number, wanted: number): number {
    let block = Math.floor(offset / this.#blockBytes);
    let bytes = (block + 1) * this.#blockBytes - offset;
    while (bytes < wanted && this.#blocks[block + 1] === this.#blocks[block]! + 1) {
      bytes += this.#blockBytes;
      block++;
    }
    return Math.min(bytes, wanted);
  }
}

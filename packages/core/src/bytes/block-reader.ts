/** Reads small pieces scattered over a ByteSource through a bounded number of remembered blocks. */
import type { ByteSource } from "./byte-source.ts";

const nothing = new Uint8Array(0);

export class BlockReader {
  readonly size: number;
  readonly #source: ByteSource;
  readonly #blockBytes: number;
  readonly #maxBlocks: number;
  readonly #blocks = new Map<number, Uint8Array>();

  constructor(source: ByteSource, blockBytes: number, maxBlocks: number) {
    this.size = source.size;
    this.#source = source;
    this.#blockBytes = blockBytes;
    this.#maxBlocks = maxBlocks;
  }

  /** The bytes from `offset`, at most `length` and fewer only at the end of the source. */
  upTo(offset: number, length: number): Uint8Array {
    const from = Math.min(offset, this.size);
    const want = Math.min(length, this.size - from);
    const number = Math.floor(from / this.#blockBytes);
    const start = from - number * this.#blockBytes;
    // A piece that crosses the end of its block is rare and read by itself.
    if (start + want > this.#blockBytes) return this.#source.read(from, want);
    return this.#block(number).subarray(start, start + want);
  }

  /** The bytes from `offset` to the end of its block; none behind the end of the source. */
  here(offset: number): Uint8Array {
    const from = Math.min(offset, this.size);
    const number = Math.floor(from / this.#blockBytes);
    return from === this.size ? nothing : this.#block(number).subarray(from - number * this.#blockBytes);
  }

  #block(number: number): Uint8Array {
    let block = this.#blocks.get(number);
    if (block === undefined) {
      const base = number * this.#blockBytes;
      block = this.#source.read(base, Math.min(this.#blockBytes, this.size - base));
      if (this.#blocks.size >= this.#maxBlocks) {
        for (const oldest of this.#blocks.keys()) {
          this.#blocks.delete(oldest);
          break;
        }
      }
      this.#blocks.set(number, block);
    }
    return block;
  }
}

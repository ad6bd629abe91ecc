/** Reads small pieces of a ByteSource through one remembered window, so that neighbouring pieces cost one read. */
import type { ByteSource } from "./byte-source.ts";

export class WindowReader {
  readonly size: number;
  readonly #source: ByteSource;
  readonly #windowBytes: number;
  #bytes: Uint8Array = new Uint8Array(0);
  #base = 0;

  constructor(source: ByteSource, windowBytes: number) {
    this.size = source.size;
    this.#source = source;
    this.#windowBytes = windowBytes;
  }

  /** The bytes from `offset`, at most `length` and fewer only at the end of the source. A view, valid until the next call. */
  upTo(offset: number, length: number): Uint8Array {
    const from = Math.min(offset, this.size);
    const want = Math.min(length, this.size - from);
    const start = from - this.#base;
    if (start < 0 || start + want > this.#bytes.length) {
      this.#bytes = this.#source.read(from, Math.min(Math.max(want, this.#windowBytes), this.size - from));
      this.#base = from;
      return this.#bytes.subarray(0, want);
    }
    return this.#bytes.subarray(start, start + want);
  }
}

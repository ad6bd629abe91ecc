/** A part of a ByteSource as a ByteSource of its own: a section of a file, a member of an archive. */
import { type ByteSource, checkRange, readInto } from "./byte-source.ts";

export class SliceSource implements ByteSource {
  readonly size: number;
  readonly #source: ByteSource;
  readonly #offset: number;

  /** Throws FormatError when the part reaches past the whole. */
  constructor(source: ByteSource, offset: number, size: number) {
    checkRange(source.size, offset, size);
    this.#source = source;
    this.#offset = offset;
    this.size = size;
  }

  read(offset: number, length: number): Uint8Array {
    checkRange(this.size, offset, length);
    return this.#source.read(this.#offset + offset, length);
  }

  readInto(offset: number, target: Uint8Array): void {
    checkRange(this.size, offset, target.length);
    readInto(this.#source, this.#offset + offset, target);
  }
}

/** A ByteSource read once from front to end, in pieces: what every decoder here takes its input from. */
import { type ByteSource, FormatError } from "@salvage/core";

/** Small, since a piece of a decompression bomb grows a thousandfold. */
export const pieceBytes = 16 * 1024;

export class ByteReader {
  readonly what: string;
  readonly #source: ByteSource;
  #piece: Uint8Array = new Uint8Array(0);
  #at = 0;
  #next = 0;

  constructor(source: ByteSource, what: string) {
    this.#source = source;
    this.what = what;
  }

  /** Offset of the next byte in the packed source. */
  get offset(): number {
    return this.#next - (this.#piece.length - this.#at);
  }

  get left(): number {
    return this.#source.size - this.offset;
  }

  fail(reason: string): never {
    throw new FormatError(this.what, this.offset, reason);
  }

  byte(): number {
    if (this.#at === this.#piece.length) this.#fill();
    return this.#piece[this.#at++]!;
  }

  /** Little-endian. */
  u32(): number {
    const low = this.byte() | (this.byte() << 8) | (this.byte() << 16);
    return low + this.byte() * 0x1000000;
  }

  bytes(count: number): Uint8Array {
    const out = new Uint8Array(count);
    for (let i = 0; i < count; i++) out[i] = this.byte();
    return out;
  }

  #fill(): void {
    const length = Math.min(pieceBytes, this.#source.size - this.#next);
    if (length <= 0) this.fail("the packed data end too early");
    this.#piece = this.#source.read(this.#next, length);
    this.#next += length;
    this.#at = 0;
  }
}

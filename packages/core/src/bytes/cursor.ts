/** The one cursor that every reader uses: checked reads from a byte view, errors with offsets in the whole file. */
import { FormatError } from "./format-error.ts";

export class Cursor {
  /** Position within the view. */
  pos: number;
  readonly length: number;
  readonly littleEndian: boolean;
  readonly #bytes: Uint8Array;
  #view: DataView | null = null;
  readonly #what: string;
  readonly #base: number;

  /** `what` names the thing being read for errors; `base` is the file offset of the view's first byte. */
  constructor(bytes: Uint8Array, what: string, base = 0, littleEndian = true) {
    this.pos = 0;
    this.length = bytes.length;
    this.littleEndian = littleEndian;
    this.#bytes = bytes;
    this.#what = what;
    this.#base = base;
  }

  /** Bytes left. */
  get left(): number {
    return this.length - this.pos;
  }

  /** Offset of the next byte in the whole file. */
  get fileOffset(): number {
    return this.#base + this.pos;
  }

  fail(reason: string): never {
    throw new FormatError(this.#what, this.#base + this.pos, reason);
  }

  #take(n: number): number {
    const p = this.pos;
    if (n > this.length - p) this.fail(`need ${n} bytes, ${this.length - p} left`);
    this.pos = p + n;
    return p;
  }

  #i32At(p: number): number {
    const bytes = this.#bytes;
    return this.littleEndian
      ? bytes[p]! | (bytes[p + 1]! << 8) | (bytes[p + 2]! << 16) | (bytes[p + 3]! << 24)
      : bytes[p + 3]! | (bytes[p + 2]! << 8) | (bytes[p + 1]! << 16) | (bytes[p]! << 24);
  }

  skip(n: number): void {
    this.#take(n);
  }

  /** Moves to a position within the view; the end itself is allowed. */
  seek(pos: number): void {
    if (!(pos >= 0 && pos <= this.length)) this.fail(`position ${pos} is outside ${this.length} bytes`);
    this.pos = pos;
  }

  u8(): number {
    return this.#bytes[this.#take(1)]!;
  }

  u16(): number {
    const p = this.#take(2);
    const first = this.#bytes[p]!;
    const second = this.#bytes[p + 1]!;
    return this.littleEndian ? first | (second << 8) : second | (first << 8);
  }

  u32(): number {
    return this.#i32At(this.#take(4)) >>> 0;
  }

  i32(): number {
    return this.#i32At(this.#take(4));
  }

  /** An absolute address or a register: all 64 bits may be set. */
  u64(): bigint {
    // Made when it is needed: a view costs more than the few bytes that most cursors read.
    this.#view ??= new DataView(this.#bytes.buffer, this.#bytes.byteOffset, this.#bytes.byteLength);
    return this.#view.getBigUint64(this.#take(8), this.littleEndian);
  }

  /** A size or file offset; fails above 2^53 - 1. */
  u64AsNumber(): number {
    const p = this.#take(8);
    const first = this.#i32At(p) >>> 0;
    const second = this.#i32At(p + 4) >>> 0;
    const value = this.littleEndian ? second * 0x100000000 + first : first * 0x100000000 + second;
    if (value > Number.MAX_SAFE_INTEGER) {
      this.pos = p;
      this.fail("value above 2^53");
    }
    return value;
  }

  /** A view of the next `n` bytes, not a copy. */
  bytes(n: number): Uint8Array {
    const p = this.#take(n);
    return this.#bytes.subarray(p, p + n);
  }
}

/** Random access to bytes, synchronous and by ranges: a buffer, a local file and a cached remote blob are three of them. */
import { FormatError } from "./format-error.ts";

export interface ByteSource {
  /** Length of the whole, in bytes; may exceed 4 GiB. */
  readonly size: number;
  /** Exactly `length` bytes from `offset`; the caller must not write to them. Throws FormatError when they reach past the end. */
  read(offset: number, length: number): Uint8Array;
  /** The same into memory of the caller's, for those who scan a whole file and would else make garbage of its size. */
  readInto?(offset: number, target: Uint8Array): void;
}

/** A ByteSource over bytes already in memory; `read` returns views, no copies. */
export class BufferSource implements ByteSource {
  readonly size: number;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.size = bytes.length;
  }

  read(offset: number, length: number): Uint8Array {
    checkRange(this.size, offset, length);
    return this.#bytes.subarray(offset, offset + length);
  }
}

/** Fills `target` from `offset` on, without garbage where the source knows how. Throws FormatError. */
export function readInto(source: ByteSource, offset: number, target: Uint8Array): void {
  if (source.readInto === undefined) target.set(source.read(offset, target.length));
  else source.readInto(offset, target);
}

/** Throws FormatError unless [offset, offset+length) lies within `size` bytes. For implementers of ByteSource. */
export function checkRange(size: number, offset: number, length: number): void {
  if (!(offset >= 0 && length >= 0 && Number.isSafeInteger(offset) && Number.isSafeInteger(length))) {
    throw new FormatError("file", null, `impossible range: ${length} bytes from ${offset}`);
  }
  if (length > size - offset) {
    throw new FormatError("file", offset, `need ${length} bytes, ${Math.max(0, size - offset)} left`);
  }
}

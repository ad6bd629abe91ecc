/**
 * Parts of a section held in memory, found by offset. Reads of a few bytes scattered over sections of any size go through here; at most
 * a fixed number of parts is remembered.
 */
import { type ByteSource, readInto } from "../bytes/byte-source.ts";
import { FormatError } from "../bytes/format-error.ts";

const partBytes = 16 << 10;
/** A part reaches this far into the next one, so that what starts in it rarely leaves it. */
const overlapBytes = 1 << 10;
/** Strings longer are cut: nobody reads a name of a megabyte. */
const maxStringBytes = 1 << 20;
const empty = new Uint8Array(0);

/** Bytes [base, base + bytes.length) of a section. */
export class Part {
  base: number;
  bytes: Uint8Array;
  readonly view: DataView;

  constructor(base: number, bytes: Uint8Array) {
    this.base = base;
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }
}

/** Memory for one window after the other, of whatever section. */
export class WindowMemory {
  /** Whose bytes it holds. */
  holder: SectionBlocks | null = null;
  #bytes: Uint8Array<ArrayBuffer> = empty;

  room(length: number): Uint8Array {
    if (this.#bytes.length < length) this.#bytes = new Uint8Array(2 ** Math.ceil(Math.log2(length)));
    return this.#bytes.subarray(0, length);
  }
}

export class SectionBlocks {
  readonly size: number;
  readonly name: string;
  readonly littleEndian: boolean;
  readonly #source: ByteSource;
  readonly #maxParts: number;
  readonly #parts = new Map<number, Part>();
  #lastNumber = -1;
  #last: Part | null = null;
  #window: Part | null = null;

  /** `name` is what errors call the section. */
  constructor(source: ByteSource, name: string, littleEndian: boolean, maxBytes: number) {
    this.size = source.size;
    this.name = name;
    this.littleEndian = littleEndian;
    this.#source = source;
    this.#maxParts = Math.max(2, Math.floor(maxBytes / partBytes));
  }

  /**
   * The part that holds an offset and, unless the section ends, a kilobyte after it; good until the next read of a window. Throws FormatError
   * outside the section.
   */
  part(offset: number): Part {
    const window = this.#window;
    if (window !== null && offset >= window.base) {
      const end = window.base + window.bytes.length;
      if (offset + overlapBytes <= end || (offset < end && end === this.size)) return window;
    }
    return this.#remembered(offset);
  }

  #remembered(offset: number): Part {
    const number = Math.floor(offset / partBytes);
    if (number === this.#lastNumber) return this.#last!;
    if (!(offset >= 0 && offset < this.size)) this.fail(offset, `offset outside ${this.size} bytes`);
    let part = this.#parts.get(number);
    if (part === undefined) {
      part = this.#load(number * partBytes);
      this.#parts.set(number, part);
    }
    this.#lastNumber = number;
    this.#last = part;
    return part;
  }

  /** Reads a part, into the memory of the oldest once there are enough of them. */
  #load(base: number): Part {
    const length = Math.min(partBytes + overlapBytes, this.size - base);
    const oldest = this.#parts.size >= this.#maxParts ? this.#takeOldest() : null;
    if (this.#source.readInto === undefined) return new Part(base, this.#source.read(base, length));
    const memory = oldest?.view.buffer ?? new ArrayBuffer(Math.min(partBytes + overlapBytes, this.size));
    const part = oldest ?? new Part(base, new Uint8Array(memory));
    part.base = base;
    if (part.bytes.length !== length) part.bytes = new Uint8Array(memory, 0, length);
    this.#source.readInto(base, part.bytes);
    return part;
  }

  #takeOldest(): Part | null {
    // It may be the last one asked for.
    this.#lastNumber = -1;
    for (const [number, part] of this.#parts) {
      this.#parts.delete(number);
      return part;
    }
    return null;
  }

  /** Bytes read for this call alone, not remembered; fewer than asked only at the end of the section. */
  read(offset: number, length: number): Part {
    if (!(offset >= 0 && offset <= this.size)) this.fail(offset, `offset outside ${this.size} bytes`);
    return new Part(offset, this.#source.read(offset, Math.min(length, this.size - offset)));
  }

  /** The same into memory that is used again for the next window. Until then the bytes serve `part`, too. */
  readWindow(offset: number, length: number, memory: WindowMemory): Part {
    if (!(offset >= 0 && offset <= this.size)) this.fail(offset, `offset outside ${this.size} bytes`);
    memory.holder?.dropWindow();
    const size = Math.min(length, this.size - offset);
    const window = new Part(offset, memory.room(size));
    readInto(this.#source, offset, window.bytes);
    memory.holder = this;
    this.#window = window;
    return window;
  }

  dropWindow(): void {
    this.#window = null;
  }

  u16(offset: number): number {
    const part = this.#holding(offset, 2);
    return part.view.getUint16(offset - part.base, this.littleEndian);
  }

  u32(offset: number): number {
    const part = this.#holding(offset, 4);
    return part.view.getUint32(offset - part.base, this.littleEndian);
  }

  /** An offset or size stored in 4 or 8 bytes; fails above 2^53 - 1. */
  word(offset: number, bytes: number): number {
    if (bytes === 4) return this.u32(offset);
    const first = this.u32(offset);
    const second = this.u32(offset + 4);
    const value = this.littleEndian ? second * 0x100000000 + first : first * 0x100000000 + second;
    return value <= Number.MAX_SAFE_INTEGER ? value : this.fail(offset, "value above 2^53");
  }

  u64(offset: number): bigint {
    const part = this.#holding(offset, 8);
    return part.view.getBigUint64(offset - part.base, this.littleEndian);
  }

  /**
   * A NUL-terminated string without its NUL; empty outside the section. A view that lasts while a hundred other parts are read: what is kept is
   * copied.
   */
  string(offset: number): Uint8Array {
    if (!(offset >= 0 && offset < this.size)) return empty;
    const part = this.#remembered(offset);
    const end = part.bytes.indexOf(0, offset - part.base);
    return end >= 0 ? part.bytes.subarray(offset - part.base, end) : this.#longString(offset);
  }

  #longString(offset: number): Uint8Array {
    for (let length = 4 * partBytes; ; length *= 4) {
      const { bytes } = this.read(offset, Math.min(length, maxStringBytes));
      const end = bytes.indexOf(0);
      if (end >= 0) return bytes.subarray(0, end);
      if (length >= maxStringBytes || bytes.length < length) return bytes;
    }
  }

  #holding(offset: number, length: number): Part {
    if (!(offset >= 0 && length <= this.size - offset)) this.fail(offset, `need ${length} bytes, ${Math.max(0, this.size - offset)} left`);
    return this.part(offset);
  }

  fail(offset: number, reason: string): never {
    throw new FormatError(`dwarf: .debug_${this.name}`, offset, reason);
  }
}

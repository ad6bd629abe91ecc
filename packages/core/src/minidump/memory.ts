/**
 * The captured memory of the process: MemoryList, Memory64List and the threads' stacks as one address space, read by ranges, so
 * that a full-memory dump of several GB is never held.
 *   MemoryList    0 count u32 · then per range: 0 start u64 · 8 size u32 · 12 offset u32
 *   Memory64List  0 count u64 · 8 offset of the first range's bytes u64 · then per range: 0 start u64 · 8 size u64; bytes follow each other
 *
 * Where ranges overlap, the one that starts later wins for its extent, as far as a lookup is concerned; the bytes are the same memory.
 */

import { partitionPoint } from "../bytes/bisect.ts";
import type { ByteSource } from "../bytes/byte-source.ts";
import { MAX_MEMORY_RANGES } from "./constants.ts";
import type { Minidump } from "./minidump.ts";
import type { Thread } from "./threads.ts";

/** A captured range: process addresses [start, start + size), bytes at `offset` of the file. */
export type MemoryRange = { start: bigint; size: number; offset: number };

/** A read over more ranges than this is not worth its time: writers make ranges of whole pages. */
const MAX_PIECES = 256;
const CHUNK_BYTES = 64 * 1024;
const LIST_ENTRY_BYTES = 16;

/** Words of captured memory by absolute address. */
export class Memory {
  readonly ranges: readonly MemoryRange[];
  readonly #source: ByteSource;
  readonly #littleEndian: boolean;
  // The chunk read last: a stack walk reads word after word from one place.
  #chunk: DataView | null = null;
  #chunkStart = 0n;
  #chunkEnd = 0n;

  /** `ranges` must lie within the source; empty ones must not be among them. */
  constructor(source: ByteSource, ranges: readonly MemoryRange[], littleEndian: boolean) {
    this.#source = source;
    this.#littleEndian = littleEndian;
    this.ranges = [...ranges].sort((a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : a.size - b.size));
  }

  /** The captured range that holds an address, or null. */
  rangeAt(address: bigint): MemoryRange | null {
    const after = partitionPoint(this.ranges.length, (i) => this.ranges[i]!.start <= address);
    // A long range may reach over shorter ones that start later; a few steps back are enough for what writers make.
    for (let i = after - 1; i >= 0 && i >= after - 4; i--) {
      const range = this.ranges[i]!;
      if (address < range.start + BigInt(range.size)) return range;
    }
    return null;
  }

  /** Up to `maxBytes` captured bytes from an address; null when the address itself is not captured. */
  bytes(address: bigint, maxBytes: number): Uint8Array | null {
    const range = this.rangeAt(address);
    if (!range) return null;
    const skip = Number(address - range.start);
    return this.#source.read(range.offset + skip, Math.min(maxBytes, range.size - skip));
  }

  /** Exactly `length` captured bytes from an address, also where captured ranges follow each other; null when any is missing. */
  whole(address: bigint, length: number): Uint8Array | null {
    const first = this.bytes(address, length);
    if (first === null || first.length === length) return first;
    const bytes = new Uint8Array(length);
    bytes.set(first);
    let pieces = 1;
    for (let done = first.length; done < length; ) {
      if (++pieces > MAX_PIECES) return null;
      const next = this.bytes(address + BigInt(done), length - done);
      if (next === null || next.length === 0) return null;
      bytes.set(next, done);
      done += next.length;
    }
    return bytes;
  }

  /** The word of 4 or 8 bytes at an address, or null when any byte of it is not captured. */
  word(address: bigint, wordBytes: 4 | 8): bigint | null {
    if (this.#chunk === null || address < this.#chunkStart || address + BigInt(wordBytes) > this.#chunkEnd) {
      if (address < 0n || !this.#load(address, wordBytes)) return null;
    }
    const at = Number(address - this.#chunkStart);
    const chunk = this.#chunk!;
    return wordBytes === 8 ? chunk.getBigUint64(at, this.#littleEndian) : BigInt(chunk.getUint32(at, this.#littleEndian));
  }

  inSameRange(a: bigint, b: bigint): boolean {
    const range = this.rangeAt(a);
    return range !== null && range === this.rangeAt(b);
  }

  #load(address: bigint, wordBytes: number): boolean {
    const bytes = this.bytes(address, CHUNK_BYTES);
    if (bytes === null || bytes.length < wordBytes) return false;
    this.#chunk = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#chunkStart = address;
    this.#chunkEnd = address + BigInt(bytes.length);
    return true;
  }
}

export function readMemory(dump: Minidump, threads: readonly Thread[]): Memory {
  const ranges: MemoryRange[] = [];
  const keep = (stream: string, start: bigint, size: number, offset: number): void => {
    const room = dump.source.size - offset;
    if (size <= 0) return;
    if (room <= 0) {
      dump.warnings.add(stream, offset, `memory of 0x${start.toString(16)} starts past the end of the file`);
      return;
    }
    if (size > room) dump.warnings.add(stream, offset, `memory of 0x${start.toString(16)} needs ${size} bytes, ${room} left`);
    ranges.push({ start, size: Math.min(size, room), offset });
  };
  for (const thread of threads) {
    if (thread.stackOffset !== 0) keep("ThreadList", thread.stackStart, thread.stackSize, thread.stackOffset);
  }
  const list = dump.list("memoryList", LIST_ENTRY_BYTES, MAX_MEMORY_RANGES);
  for (let i = 0; list && i < list.count; i++) {
    const start = list.cursor.u64();
    const size = list.cursor.u32();
    keep("MemoryList", start, size, list.cursor.u32());
  }
  dump.warnings.guard("Memory64List", () => readMemory64(dump, keep), undefined);
  return new Memory(dump.source, dedupe(ranges), dump.littleEndian);
}

function readMemory64(dump: Minidump, keep: (stream: string, start: bigint, size: number, offset: number) => void): void {
  const c = dump.stream("memory64List", 16 + LIST_ENTRY_BYTES * MAX_MEMORY_RANGES);
  if (!c) return;
  const stated = c.u64AsNumber();
  let offset = c.u64AsNumber();
  const count = Math.min(stated, Math.floor(c.left / LIST_ENTRY_BYTES));
  if (count < stated) dump.warnings.add("Memory64List", c.fileOffset, `says ${stated} ranges, reading ${count}`);
  for (let i = 0; i < count; i++) {
    const start = c.u64();
    const size = c.u64AsNumber();
    keep("Memory64List", start, size, offset);
    offset += size;
    if (offset > dump.source.size) break;
  }
}

/** Stacks usually occur in the thread list and in the memory list too. */
function dedupe(ranges: readonly MemoryRange[]): MemoryRange[] {
  const seen = new Set<string>();
  return ranges.filter((range) => {
    const key = `${range.start}+${range.size}@${range.offset}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

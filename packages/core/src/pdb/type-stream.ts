/**
 * Records of the type stream (TPI) or the id stream (IPI), found by index without reading the stream.
 *
 *   header   version u32, header bytes u32, first index u32, end index u32, records' bytes u32, hash stream u16, …; at 40 where in the hash stream
 *            the list of offsets lies: offset i32, bytes u32
 *   list     pairs of index u32 and offset u32 within the records, one about every 8 KiB of records
 *   record   length u16 (without itself), kind u16, …
 *
 * Where the list is missing or no use, one scan of the stream makes another. PDBs from before Visual C++ 2012 have another stream in the place of
 * the id stream, which the version tells.
 * Specification: "The PDB TPI and IPI Streams" in LLVM's documentation.
 */
import { lastAtOrBelow } from "../bytes/bisect.ts";
import { U32Column } from "../bytes/columns.ts";
import { Cursor } from "../bytes/cursor.ts";
import { type Msf, noStream } from "./msf.ts";
import type { MsfStream } from "./msf-stream.ts";
import { StreamWindow } from "./window.ts";

const headerBytes = 56;
/** Visual C++ 8 (2005) and all since. */
const version80 = 20040203;
const maxListBytes = 64 << 20;
/** Writers place an entry every 8 KiB; a list with larger gaps would make single reads large. */
const maxGapBytes = 1 << 18;
const recordsPerEntry = 64;
const maxChunks = 256;

/** Records between two entries of the list. */
type Chunk = { bytes: Uint8Array; offsets: Uint32Array };

export class TypeStream {
  readonly #stream: MsfStream;
  readonly #firstIndex: number;
  readonly #endIndex: number;
  readonly #recordsAt: number;
  readonly #recordsEnd: number;
  #entryIndex: Uint32Array;
  #entryOffset: Uint32Array;
  readonly #chunks = new Map<number, Chunk>();

  private constructor(stream: MsfStream, msf: Msf) {
    const c = new Cursor(stream.read(0, headerBytes), "pdb: type stream");
    c.skip(4);
    this.#stream = stream;
    this.#recordsAt = c.u32();
    this.#firstIndex = c.u32();
    this.#endIndex = c.u32();
    this.#recordsEnd = Math.min(this.#recordsAt + c.u32(), stream.size);
    const hashStream = c.u16();
    c.seek(40);
    const listAt = c.u32();
    const listBytes = c.u32();
    this.#entryIndex = new Uint32Array(0);
    this.#entryOffset = new Uint32Array(0);
    const stated = hashStream !== noStream && listBytes <= maxListBytes && listAt + listBytes <= msf.streamBytes(hashStream);
    if (!stated || !this.#takeList(msf.stream(hashStream, listAt, listBytes))) this.#scan();
  }

  /** Null when the PDB has no such stream. Throws FormatError for a damaged container. */
  static open(msf: Msf, stream: number): TypeStream | null {
    if (msf.streamBytes(stream) < headerBytes) return null;
    const opened = msf.open(stream);
    return new Cursor(opened.read(0, 4), "pdb: type stream").u32() === version80 ? new TypeStream(opened, msf) : null;
  }

  /** False when the list does not lead to every record. */
  #takeList(list: Uint8Array): boolean {
    const view = new DataView(list.buffer, list.byteOffset, list.byteLength);
    const count = list.length >>> 3;
    const index = new Uint32Array(count);
    const offset = new Uint32Array(count);
    for (let i = 0; i < count; i++) {
      index[i] = view.getUint32(8 * i, true);
      offset[i] = view.getUint32(8 * i + 4, true);
      const gap = offset[i]! - (i === 0 ? 0 : offset[i - 1]!);
      const ascends = i === 0 ? index[0] === this.#firstIndex && gap === 0 : index[i]! > index[i - 1]! && gap > 0;
      if (!ascends || gap > maxGapBytes) return false;
    }
    const recordBytes = this.#recordsEnd - this.#recordsAt;
    if (count === 0 || recordBytes - offset[count - 1]! > maxGapBytes) return false;
    this.#entryIndex = index;
    this.#entryOffset = offset;
    return true;
  }

  #scan(): void {
    const index = new U32Column();
    const offset = new U32Column();
    const window = new StreamWindow(this.#stream);
    let at = this.#recordsAt;
    for (let record = 0; at + 4 <= this.#recordsEnd && window.hold(at, 2); record++) {
      if (record % recordsPerEntry === 0) {
        index.push(this.#firstIndex + record);
        offset.push(at - this.#recordsAt);
      }
      at += 2 + window.view.getUint16(at - window.start, true);
    }
    this.#entryIndex = index.view();
    this.#entryOffset = offset.view();
  }

  /** The record of an index from its kind on, a view; null when there is none. Throws FormatError for a damaged container. */
  record(index: number): Uint8Array | null {
    if (index < this.#firstIndex || index >= this.#endIndex) return null;
    const entry = lastAtOrBelow(this.#entryIndex, index);
    if (entry < 0) return null;
    const { bytes, offsets } = this.#chunk(entry);
    const within = index - this.#entryIndex[entry]!;
    if (within >= offsets.length) return null;
    const at = offsets[within]!;
    return bytes.subarray(at + 2, at + 2 + bytes[at]! + (bytes[at + 1]! << 8));
  }

  #chunk(entry: number): Chunk {
    let chunk = this.#chunks.get(entry);
    if (chunk !== undefined) return chunk;
    const from = this.#recordsAt + this.#entryOffset[entry]!;
    const until = entry + 1 < this.#entryOffset.length ? this.#recordsAt + this.#entryOffset[entry + 1]! : this.#recordsEnd;
    const bytes = this.#stream.read(from, Math.max(until - from, 0));
    const offsets = new U32Column();
    for (let at = 0; at + 4 <= bytes.length; at += 2 + bytes[at]! + (bytes[at + 1]! << 8)) offsets.push(at);
    chunk = { bytes, offsets: offsets.view().slice() };
    if (this.#chunks.size >= maxChunks) this.#chunks.clear();
    this.#chunks.set(entry, chunk);
    return chunk;
  }
}

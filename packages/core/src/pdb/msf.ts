/**
 * The container of PDB 7 files (MSF): a file system of blocks. The first block names the block list of the directory, the directory lists each
 * stream's size and blocks. Only the parts needed are read, so that a directory that lies costs little.
 *
 *   magic 32 bytes, block bytes u32, free map u32, block count u32, directory bytes u32, unknown u32, block of the directory's block list u32
 *   directory: stream count u32, stream bytes u32 each (0xffffffff: deleted), then the blocks u32 of each stream in turn
 *
 * Specification: "The MSF File Format" in LLVM's documentation.
 */
import type { ByteSource } from "../bytes/byte-source.ts";
import { Cursor } from "../bytes/cursor.ts";
import { FormatError } from "../bytes/format-error.ts";

export const pdb7Magic = "Microsoft C/C++ MSF 7.00\r\n\u001aDS\0\0\0";

const maxDirectoryBytes = 256 << 20;
const maxStreams = 1 << 20;
const headBytes = 128;

/** Streams with fixed numbers. */
export const infoStream = 1;
export const dbiStream = 3;
/** A stream number that says "there is none". */
export const noStream = 0xffff;

/** The container, read as needed. */
export class Msf {
  readonly #source: ByteSource;
  readonly #blockBytes: number;
  readonly #blockCount: number;
  readonly #directoryBytes: number;
  readonly #directoryMap: Uint8Array;
  readonly #sizes: Uint32Array;
  #firstBlocks: Float64Array | null = null;

  constructor(source: ByteSource) {
    this.#source = source;
    const head = new Cursor(source.read(0, Math.min(headBytes, source.size)), "pdb: MSF header");
    head.seek(32);
    this.#blockBytes = head.u32();
    head.skip(4);
    this.#blockCount = head.u32();
    this.#directoryBytes = head.u32();
    head.skip(4);
    const mapBlock = head.u32();
    if (![512, 1024, 2048, 4096, 8192, 16384, 32768].includes(this.#blockBytes)) {
      throw new FormatError("pdb: MSF header", 32, `block size ${this.#blockBytes}`);
    }
    if (this.#directoryBytes > maxDirectoryBytes || this.#directoryBytes > source.size) {
      throw new FormatError("pdb: MSF header", 44, `directory of ${this.#directoryBytes} bytes`);
    }
    this.#directoryMap = source.read(this.#blockOffset(mapBlock), 4 * this.#blocksFor(this.#directoryBytes));
    const count = this.#directoryWord(0);
    if (count > maxStreams || 4 + 4 * count > this.#directoryBytes)
      throw new FormatError("pdb: stream directory", null, `${count} streams`);
    const sizes = this.#directory(4, 4 * count);
    const cursor = new Cursor(sizes, "pdb: stream directory");
    this.#sizes = new Uint32Array(count);
    for (let i = 0; i < count; i++) {
      const size = cursor.u32();
      this.#sizes[i] = size === 0xffffffff ? 0 : size; // deleted
    }
  }

  #blocksFor(bytes: number): number {
    return Math.ceil(bytes / this.#blockBytes);
  }

  #blockOffset(block: number): number {
    if (block >= this.#blockCount) throw new FormatError("pdb: MSF", null, `block ${block} of ${this.#blockCount}`);
    return block * this.#blockBytes;
  }

  /** Blocks of all streams before one. */
  #blocksBefore(stream: number): number {
    if (this.#firstBlocks === null) {
      this.#firstBlocks = new Float64Array(this.#sizes.length);
      let blocks = 0;
      for (let i = 0; i < this.#sizes.length; i++) {
        this.#firstBlocks[i] = blocks;
        blocks += this.#blocksFor(this.#sizes[i]!);
      }
    }
    return this.#firstBlocks[stream]!;
  }

  /** Bytes [offset, offset+length) of the directory, put together from its blocks. */
  #directory(offset: number, length: number): Uint8Array {
    if (offset + length > this.#directoryBytes)
      throw new FormatError("pdb: stream directory", null, `need ${length} bytes from ${offset}, ${this.#directoryBytes} in all`);
    const map = new DataView(this.#directoryMap.buffer, this.#directoryMap.byteOffset, this.#directoryMap.byteLength);
    return this.#gather(offset, length, (index) => map.getUint32(4 * index, true));
  }

  #directoryWord(offset: number): number {
    return new Cursor(this.#directory(offset, 4), "pdb: stream directory").u32();
  }

  #gather(offset: number, length: number, blockAt: (index: number) => number): Uint8Array {
    const out = new Uint8Array(length);
    let done = 0;
    while (done < length) {
      const within = (offset + done) % this.#blockBytes;
      const part = Math.min(length - done, this.#blockBytes - within);
      const block = blockAt(Math.floor((offset + done) / this.#blockBytes));
      out.set(this.#source.read(this.#blockOffset(block) + within, part), done);
      done += part;
    }
    return out;
  }

  /** A whole stream, empty when there is none of that number. Throws FormatError above `maxBytes`. */
  whole(stream: number, maxBytes: number): Uint8Array {
    const bytes = this.streamBytes(stream);
    if (bytes > maxBytes) throw new FormatError(`pdb: stream ${stream}`, null, `${bytes} bytes, more than ${maxBytes}`);
    return bytes === 0 ? new Uint8Array(0) : this.stream(stream, 0, bytes);
  }

  /** Size of a stream; 0 when there is none of that number. */
  streamBytes(stream: number): number {
    return this.#sizes[stream] ?? 0;
  }

  /** Bytes [offset, offset+length) of a stream. Throws FormatError when they reach past its end. */
  stream(stream: number, offset: number, length: number): Uint8Array {
    if (offset + length > this.streamBytes(stream)) {
      throw new FormatError(`pdb: stream ${stream}`, null, `need ${length} bytes from ${offset}, ${this.streamBytes(stream)} in all`);
    }
    // A stream that claims more than the file holds names blocks twice.
    if (length > this.#source.size)
      throw new FormatError(`pdb: stream ${stream}`, null, `${length} bytes in a file of ${this.#source.size}`);
    const list = 4 + 4 * this.#sizes.length + 4 * this.#blocksBefore(stream);
    return this.#gather(offset, length, (index) => this.#directoryWord(list + 4 * index));
  }
}

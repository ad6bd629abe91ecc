/**
 * The container of PDB 7 files (MSF): a file system of blocks. The header names the blocks that list the directory's blocks, the directory lists
 * each stream's size and blocks. Only the parts needed are read, so that a directory that lies costs little, and a file of many GB no more.
 *
 *   magic 32 bytes, block bytes u32, free map u32, block count u32, directory bytes u32, unknown u32, then the blocks u32 of the block map: one,
 *   or as many as the numbers of the directory's blocks fill
 *   directory: stream count u32, stream bytes u32 each (0xffffffff: deleted), then the blocks u32 of each stream in turn
 *
 * Blocks have 512 bytes to 64 KiB (linkers choose 4096; larger ones carry files above 4 GB).
 * Specification: "The MSF File Format" in LLVM's documentation, which knows block maps of one block only.
 */
import type { ByteSource } from "../bytes/byte-source.ts";
import { Cursor } from "../bytes/cursor.ts";
import { FormatError } from "../bytes/format-error.ts";
import { MsfStream } from "./msf-stream.ts";

export const pdb7Magic = "Microsoft C/C++ MSF 7.00\r\n\u001aDS\0\0\0";

const maxDirectoryBytes = 256 << 20;
const maxStreams = 1 << 20;
const blockMapAt = 52;
/** The header is one block; block maps of a directory at its limit need less. */
const headBytes = 512;
const minBlockBytes = 512;
const maxBlockBytes = 1 << 16;

/** Streams with fixed numbers. */
export const infoStream = 1;
export const tpiStream = 2;
export const dbiStream = 3;
export const ipiStream = 4;
/** A stream number that says "there is none". */
export const noStream = 0xffff;

/** The container, read as needed. */
export class Msf {
  readonly #source: ByteSource;
  readonly #blockBytes: number;
  readonly #directory: MsfStream;
  readonly #sizes: Uint32Array;
  #firstBlocks: Float64Array | null = null;

  constructor(source: ByteSource) {
    this.#source = source;
    const head = new Cursor(source.read(0, Math.min(headBytes, source.size)), "pdb: MSF header");
    head.seek(32);
    const blockBytes = head.u32();
    head.skip(8);
    const directoryBytes = head.u32();
    if (blockBytes < minBlockBytes || blockBytes > maxBlockBytes || (blockBytes & (blockBytes - 1)) !== 0) {
      throw new FormatError("pdb: MSF header", 32, `block size ${blockBytes}`);
    }
    if (directoryBytes > maxDirectoryBytes || directoryBytes > source.size) {
      throw new FormatError("pdb: MSF header", 44, `directory of ${directoryBytes} bytes`);
    }
    this.#blockBytes = blockBytes;
    const mapBytes = 4 * Math.ceil(directoryBytes / blockBytes);
    head.seek(blockMapAt);
    const mapBlocks = words(head.bytes(4 * Math.ceil(mapBytes / blockBytes)));
    const map = new MsfStream(source, blockBytes, mapBlocks, mapBytes, "pdb: block map").read(0, mapBytes);
    this.#directory = new MsfStream(source, blockBytes, words(map), directoryBytes, "pdb: stream directory");
    const count = words(this.#directory.read(0, 4))[0]!;
    if (count > maxStreams || 4 + 4 * count > directoryBytes) throw new FormatError("pdb: stream directory", null, `${count} streams`);
    this.#sizes = words(this.#directory.read(4, 4 * count));
    for (let i = 0; i < count; i++) if (this.#sizes[i] === 0xffffffff) this.#sizes[i] = 0; // deleted
  }

  /** Blocks of all streams before one. */
  #blocksBefore(stream: number): number {
    if (this.#firstBlocks === null) {
      this.#firstBlocks = new Float64Array(this.#sizes.length);
      let blocks = 0;
      for (let i = 0; i < this.#sizes.length; i++) {
        this.#firstBlocks[i] = blocks;
        blocks += Math.ceil(this.#sizes[i]! / this.#blockBytes);
      }
    }
    return this.#firstBlocks[stream]!;
  }

  /** A stream by number, empty when there is none of that number. Throws FormatError when its size or its blocks are impossible. */
  open(stream: number): MsfStream {
    const bytes = this.streamBytes(stream);
    const what = `pdb: stream ${stream}`;
    if (bytes === 0) return new MsfStream(this.#source, this.#blockBytes, new Uint32Array(0), 0, what);
    // A stream that claims more than the file holds names blocks twice.
    if (bytes > this.#source.size) throw new FormatError(what, null, `${bytes} bytes in a file of ${this.#source.size}`);
    const list = 4 + 4 * this.#sizes.length + 4 * this.#blocksBefore(stream);
    const blocks = words(this.#directory.read(list, 4 * Math.ceil(bytes / this.#blockBytes)));
    return new MsfStream(this.#source, this.#blockBytes, blocks, bytes, what);
  }

  /** A whole stream, empty when there is none of that number. Throws FormatError above `maxBytes`. */
  whole(stream: number, maxBytes: number): Uint8Array {
    const bytes = this.streamBytes(stream);
    if (bytes > maxBytes) throw new FormatError(`pdb: stream ${stream}`, null, `${bytes} bytes, more than ${maxBytes}`);
    return bytes === 0 ? new Uint8Array(0) : this.open(stream).read(0, bytes);
  }

  /** Size of a stream; 0 when there is none of that number. */
  streamBytes(stream: number): number {
    return this.#sizes[stream] ?? 0;
  }

  /** Bytes [offset, offset+length) of a stream. Throws FormatError when they reach past its end. */
  stream(stream: number, offset: number, length: number): Uint8Array {
    return this.open(stream).read(offset, length);
  }
}

/** Little-endian words, copied; whole ones only. */
function words(bytes: Uint8Array): Uint32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const out = new Uint32Array(bytes.length >>> 2);
  for (let i = 0; i < out.length; i++) out[i] = view.getUint32(4 * i, true);
  return out;
}

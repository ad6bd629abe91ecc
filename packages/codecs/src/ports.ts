/**
 * Core's ports on Node. Small results are unpacked whole by node:zlib and stay in memory, within a budget for all of them together; large ones
 * are unpacked in pieces into scratch files.
 */
import { randomUUID } from "node:crypto";
import zlib from "node:zlib";
import { BufferSource, type ByteSource, type Compression, FormatError, type Ports, type ScratchFile } from "@salvage/core";
import { unpackDeflate } from "./deflate.ts";
import { unpackLzma } from "./lzma.ts";
import { DiskScratch } from "./scratch.ts";
import { type Output, Sink } from "./sink.ts";
import { unpackXz } from "./xz.ts";
import { unpackZstd } from "./zstd.ts";

export type PortsOptions = {
  /** Folder for scratch files; made when the first is needed. */
  scratchDir: string;
  /** Unpacked bytes that may stay in memory, all results together. */
  memoryBytes: number;
};

export type CodecPorts = Ports & {
  /** Removes all scratch; what was handed out must not be read any more. */
  close(): void;
};

const unpackers: Readonly<Record<Compression, (packed: ByteSource, output: Output) => void>> = {
  zlib: (packed, output) => unpackDeflate("zlib", packed, output),
  deflate: (packed, output) => unpackDeflate("deflate", packed, output),
  gzip: (packed, output) => unpackDeflate("gzip", packed, output),
  zstd: unpackZstd,
  xz: unpackXz,
  lzma: unpackLzma,
};

type WholeUnpacker = (bytes: Uint8Array, options: { maxOutputLength: number }) => Uint8Array;

const wholeUnpackers: Partial<Record<Compression, WholeUnpacker>> = {
  zlib: zlib.inflateSync,
  deflate: zlib.inflateRawSync,
  gzip: zlib.gunzipSync,
  // Not in Node 20, where the command line runs too: then all zstd is unpacked in pieces.
  ...(typeof zlib.zstdDecompressSync === "function" ? { zstd: zlib.zstdDecompressSync } : {}),
};

/** Packed data are held beside their result while node:zlib works. */
const maxWholeBytes = 64 << 20;

export function createPorts(options: PortsOptions): CodecPorts {
  return new NodePorts(options);
}

class NodePorts implements CodecPorts {
  readonly #scratchDir: string;
  #memoryLeft: number;
  readonly #files: DiskScratch[] = [];

  constructor({ scratchDir, memoryBytes }: PortsOptions) {
    this.#scratchDir = scratchDir;
    this.#memoryLeft = memoryBytes;
  }

  decompress(compression: Compression, packed: ByteSource, expectedBytes: number | null, maxBytes: number): ByteSource {
    if (expectedBytes !== null && expectedBytes > maxBytes)
      throw new FormatError(compression, null, `announces ${expectedBytes} bytes, more than ${maxBytes}`);
    const result = this.#whole(compression, packed, expectedBytes, maxBytes) ?? this.#pieces(compression, packed, maxBytes);
    if (expectedBytes !== null && result.size !== expectedBytes)
      throw new FormatError(compression, null, `unpacks to ${result.size} bytes, ${expectedBytes} announced`);
    return result;
  }

  scratch(): ScratchFile {
    const file = new DiskScratch(this.#scratchDir, `scratch-${randomUUID()}`);
    this.#files.push(file);
    return file;
  }

  close(): void {
    for (const file of this.#files.splice(0)) file.close();
  }

  /** Null when the result is, or may be, too large for that. */
  #whole(compression: Compression, packed: ByteSource, expectedBytes: number | null, maxBytes: number): ByteSource | null {
    const unpack = wholeUnpackers[compression];
    const room = Math.min(this.#memoryLeft, maxWholeBytes);
    if (unpack === undefined || packed.size > room || (expectedBytes ?? 0) > room) return null;
    const limit = Math.min(room, maxBytes);
    if (limit === 0) return null;
    try {
      const bytes = unpack(packed.read(0, packed.size), { maxOutputLength: limit });
      this.#memoryLeft -= bytes.length;
      return new BufferSource(bytes);
    } catch (error) {
      if ((error as { code?: string }).code !== "ERR_BUFFER_TOO_LARGE")
        throw error instanceof FormatError ? error : new FormatError(compression, null, (error as Error).message);
      if (limit === maxBytes) throw new FormatError(compression, null, `unpacks to more than ${maxBytes} bytes`);
      return null;
    }
  }

  #pieces(compression: Compression, packed: ByteSource, maxBytes: number): ByteSource {
    const sink = new Sink(compression, maxBytes, Math.min(this.#memoryLeft, maxWholeBytes), () => this.scratch());
    unpackers[compression](packed, sink);
    this.#memoryLeft -= sink.inMemory;
    return sink.result();
  }
}

/**
 * What core asks of the outside while it reads debug files: decompression, which libraries do better, and scratch files, which keep memory
 * bounded. Synchronous, as everything in core; callers decide where scratch lies.
 */
import type { ByteSource } from "./byte-source.ts";

/** How bytes are packed. "zlib" has zlib's header, "deflate" none; "lzma" is the old .lzma container. */
export type Compression = "zlib" | "deflate" | "gzip" | "zstd" | "xz" | "lzma";

/** A file that grows at its end and can be read at once; it goes away with the task that asked for it. */
export interface ScratchFile extends ByteSource {
  append(bytes: Uint8Array): void;
}

export interface Ports {
  /**
   * Unpacks a whole packed source. Large results lie in a scratch file, so that memory stays bounded.
   * @param expectedBytes the unpacked size, when the container states it
   * @param maxBytes more is a FormatError, as are damaged data
   */
  decompress(compression: Compression, packed: ByteSource, expectedBytes: number | null, maxBytes: number): ByteSource;
  scratch(): ScratchFile;
}

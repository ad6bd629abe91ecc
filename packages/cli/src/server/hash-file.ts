/** The hashes by which a server knows a file, made in one pass that reads it in pieces. Lower-case hex. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { fileProblem } from "../cli-error.ts";

const pieceBytes = 1 << 20;

/** SHA-1 of each chunk; the last one may be shorter. */
export type ChunkHashes = { chunkBytes: number; chunks: string[] };

export type FileHashes = { sha256: string; chunked: ChunkHashes | null };

/**
 * @param chunkBytes of a file that goes up in chunks, null for one that does not
 * @param onBytes is told how much was read since the last call
 */
export async function hashFile(path: string, chunkBytes: number | null, onBytes: (bytes: number) => void): Promise<FileHashes> {
  const sha256 = createHash("sha256");
  const cutter = chunkBytes === null ? null : new ChunkHasher(chunkBytes);
  try {
    for await (const piece of createReadStream(path, { highWaterMark: pieceBytes }) as AsyncIterable<Buffer>) {
      sha256.update(piece);
      cutter?.update(piece);
      onBytes(piece.length);
    }
  } catch (error) {
    throw fileProblem(path, error);
  }
  return { sha256: sha256.digest("hex"), chunked: cutter?.end() ?? null };
}

class ChunkHasher {
  readonly #chunkBytes: number;
  readonly #chunks: string[] = [];
  #chunk = createHash("sha1");
  #left: number;

  constructor(chunkBytes: number) {
    this.#chunkBytes = chunkBytes;
    this.#left = chunkBytes;
  }

  update(piece: Buffer): void {
    for (let at = 0; at < piece.length; ) {
      const part = piece.subarray(at, at + this.#left);
      this.#chunk.update(part);
      at += part.length;
      this.#left -= part.length;
      if (this.#left === 0) this.#cut();
    }
  }

  end(): ChunkHashes {
    if (this.#left < this.#chunkBytes) this.#cut();
    return { chunkBytes: this.#chunkBytes, chunks: this.#chunks };
  }

  #cut(): void {
    this.#chunks.push(this.#chunk.digest("hex"));
    this.#chunk = createHash("sha1");
    this.#left = this.#chunkBytes;
  }
}

/**
 * Sealed blobs: chunked authenticated encryption (AES-256-GCM), so that a dump can be written as a stream and read by ranges.
 *
 *   offset  size
 *   0       8      magic "SLVSEAL\0"
 *   8       4      format version, u32 little-endian: 1
 *   12      4      plain bytes per chunk, u32 little-endian: 65536
 *   16      16     salt, random
 *   32      …      chunks: cipher text as long as the plain text, then a 16-byte tag
 *
 * Every chunk but the last holds exactly 65536 plain bytes; the last holds 0 to 65536 (0 only in an empty blob). So the plain size
 * follows from the file's size, and chunk n begins at 32 + n × 65552.
 *
 * Key of the chunks = HKDF-SHA256(data key, salt, "salvage sealed blob v1"): one data key may seal a dump and its attachments, and
 * the nonce can be the chunk number. Associated data of a chunk = header, context (organization, project, crash, part; each with its
 * length), chunk number, and whether it is the last. So a chunk that was changed, moved, left out, or taken from another crash does
 * not open, nor does a file that was cut: its new last chunk was not sealed as the last. Opening checks the last chunk at once.
 *
 * Version history: 1 = this.
 */
import { createCipheriv, createDecipheriv, createSecretKey, hkdfSync, type KeyObject, randomBytes } from "node:crypto";
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { giveBack, lend } from "./lent-memory.ts";
import type { RandomAccessBlob } from "./store.ts";

const magic = Buffer.from("SLVSEAL\0", "latin1");
const formatVersion = 1;
export const sealedChunkBytes = 64 * 1024;
const headerBytes = 32;
const saltBytes = 16;
const tagBytes = 16;
const strideBytes = sealedChunkBytes + tagBytes;
/** Chunks that a SealedFile keeps open: 4 MiB, so a walk up a stack does not decrypt the same page again and again. */
const cachedChunks = 64;
/** What a stream that seals holds at first. */
const firstWaitingBytes = 4 * 1024;
/** Chunks that a stream reads at a time. */
const streamChunks = 4;

/** What a sealed blob belongs to. It opens only with the same four words. */
export type SealContext = {
  organizationId: string;
  projectId: string;
  crashId: string;
  /** "dump", or "attachment/<number>". */
  part: string;
};

/** The blob is not what was sealed: damaged, cut, or of another crash; or the key is a wrong one. */
export class SealBroken extends Error {
  override name = "SealBroken";
}

/** 256 random bits, for one crash. */
export function createDataKey(): Uint8Array {
  return randomBytes(32);
}

/** Seals a stream. Holds at most one chunk; yields pieces of at most 64 KiB, lent; gives back what it has read (see lent-memory.ts). */
export async function* sealStream(
  plain: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  dataKey: Uint8Array,
  context: SealContext,
): AsyncGenerator<Uint8Array> {
  const header = Buffer.alloc(headerBytes);
  magic.copy(header);
  header.writeUInt32LE(formatVersion, 8);
  header.writeUInt32LE(sealedChunkBytes, 12);
  randomBytes(saltBytes).copy(header, 16);
  const chunks = new ChunkCipher(header, dataKey, context);
  yield header;

  // A full chunk waits until it is known whether anything follows it.
  let waiting = Buffer.allocUnsafe(firstWaitingBytes);
  let filled = 0;
  let number = 0;
  for await (const piece of plain) {
    for (let at = 0; at < piece.length; ) {
      if (filled === sealedChunkBytes) {
        yield* chunks.seal(waiting, number++, false);
        filled = 0;
      }
      const taken = Math.min(sealedChunkBytes - filled, piece.length - at);
      // A slow source holds no more than it has sent.
      if (filled + taken > waiting.length) {
        const larger = lend(Buffer.allocUnsafe(Math.min(sealedChunkBytes, Math.max(2 * waiting.length, filled + taken))));
        waiting.copy(larger, 0, 0, filled);
        giveBack(waiting);
        waiting = larger;
      }
      waiting.set(piece.subarray(at, at + taken), filled);
      filled += taken;
      at += taken;
    }
    giveBack(piece);
  }
  yield* chunks.seal(waiting.subarray(0, filled), number, true);
  giveBack(waiting);
}

/** Size of a sealed blob that holds `plainBytes`. */
export function sealedSize(plainBytes: number): number {
  return headerBytes + plainBytes + tagBytes * Math.max(1, Math.ceil(plainBytes / sealedChunkBytes));
}

/**
 * Opens a sealed blob for its plain bytes, as a stream.
 * @throws SealBroken before the first byte when the blob is cut or the key or context is wrong, later when a chunk is damaged
 */
export async function* unsealStream(blob: RandomAccessBlob, dataKey: Uint8Array, context: SealContext): AsyncGenerator<Uint8Array> {
  const shape = shapeOf(blob.size);
  const chunks = new ChunkCipher(await blob.read(0, headerBytes), dataKey, context);
  chunks.open(await blob.read(shape.offsetOf(shape.chunks - 1), shape.bytesOf(shape.chunks - 1)), shape.chunks - 1, true);
  for (let first = 0; first < shape.chunks; first += streamChunks) {
    const end = Math.min(first + streamChunks, shape.chunks);
    const base = shape.offsetOf(first);
    const sealed = await blob.read(base, shape.offsetOf(end - 1) + shape.bytesOf(end - 1) - base);
    for (let number = first; number < end; number++) {
      const at = shape.offsetOf(number) - base;
      yield lend(chunks.open(sealed.subarray(at, at + shape.bytesOf(number)), number, number === shape.chunks - 1));
    }
  }
}

/** Plain size of a sealed blob, from the size of its file. @throws SealBroken when no sealed blob has that size */
export function unsealedSize(sealedBytes: number): number {
  return shapeOf(sealedBytes).plainBytes;
}

/**
 * A sealed file read by ranges and synchronously: what a child process gives to core as its byte source.
 * Keeps the last 64 chunks it opened. A range within one chunk is a view, not a copy: do not write to it.
 */
export class SealedFile {
  /** Plain bytes. */
  readonly size: number;
  readonly #fd: number;
  readonly #chunks: ChunkCipher;
  readonly #shape: Shape;
  readonly #cache = new Map<number, Uint8Array>();
  #last = -1;
  #lastPlain: Uint8Array = new Uint8Array(0);

  private constructor(fd: number, chunks: ChunkCipher, shape: Shape) {
    this.#fd = fd;
    this.#chunks = chunks;
    this.#shape = shape;
    this.size = shape.plainBytes;
  }

  /**
   * @param path local path of the sealed blob (BlobStore.localFile)
   * @throws SealBroken when it is cut, or key or context are not its own
   */
  static open(path: string, dataKey: Uint8Array, context: SealContext): SealedFile {
    const fd = openSync(path, "r");
    try {
      const shape = shapeOf(fstatSync(fd).size);
      const file = new SealedFile(fd, new ChunkCipher(readFully(fd, 0, headerBytes), dataKey, context), shape);
      file.#plain(shape.chunks - 1);
      return file;
    } catch (error) {
      closeSync(fd);
      throw error;
    }
  }

  /** @returns exactly `length` plain bytes. @throws RangeError outside the blob, SealBroken for a damaged chunk */
  read(offset: number, length: number): Uint8Array {
    if (!(offset >= 0 && length >= 0 && offset + length <= this.size)) {
      throw new RangeError(`sealed blob: ${length} bytes at ${offset} do not lie within ${this.size}`);
    }
    if (length === 0) return new Uint8Array(0);
    const first = Math.floor(offset / sealedChunkBytes);
    const start = offset - first * sealedChunkBytes;
    if (start + length <= sealedChunkBytes) return this.#plain(first).subarray(start, start + length);
    const bytes = new Uint8Array(length);
    let done = 0;
    for (let number = first; done < length; number++) {
      const from = number === first ? start : 0;
      const plain = this.#plain(number);
      const piece = plain.subarray(from, Math.min(plain.length, from + length - done));
      bytes.set(piece, done);
      done += piece.length;
    }
    return bytes;
  }

  close(): void {
    this.#cache.clear();
    this.#lastPlain = new Uint8Array(0);
    this.#last = -1;
    closeSync(this.#fd);
  }

  #plain(number: number): Uint8Array {
    if (number === this.#last) return this.#lastPlain;
    let plain = this.#cache.get(number);
    if (plain === undefined) {
      const sealed = readFully(this.#fd, this.#shape.offsetOf(number), this.#shape.bytesOf(number));
      plain = this.#chunks.open(sealed, number, number === this.#shape.chunks - 1);
      // Oldest out: a Map keeps the order of insertion.
      if (this.#cache.size >= cachedChunks) for (const oldest of this.#cache.keys()) if (this.#cache.delete(oldest)) break;
      this.#cache.set(number, plain);
    }
    this.#last = number;
    this.#lastPlain = plain;
    return plain;
  }
}

type Shape = { plainBytes: number; chunks: number; offsetOf(number: number): number; bytesOf(number: number): number };

/** Where the chunks of a sealed file of this size lie. */
function shapeOf(sealedBytes: number): Shape {
  const body = sealedBytes - headerBytes;
  const chunks = Math.ceil(body / strideBytes);
  const lastBytes = body - (chunks - 1) * strideBytes;
  // Only an empty blob has an empty last chunk.
  if (body < tagBytes || lastBytes < tagBytes || (lastBytes === tagBytes && chunks > 1)) {
    throw new SealBroken(`sealed blob: no sealed blob is ${sealedBytes} bytes long; it has been cut`);
  }
  return {
    plainBytes: body - chunks * tagBytes,
    chunks,
    offsetOf: (number) => headerBytes + number * strideBytes,
    bytesOf: (number) => (number === chunks - 1 ? lastBytes : strideBytes),
  };
}

/** Seals and opens the chunks of one blob. */
class ChunkCipher {
  readonly #key: KeyObject;
  readonly #associated: Buffer;

  constructor(header: Uint8Array, dataKey: Uint8Array, context: SealContext) {
    if (dataKey.length !== 32) throw new SealBroken(`sealed blob: the data key has ${dataKey.length} bytes, not 32`);
    const head = Buffer.from(header);
    if (!head.subarray(0, magic.length).equals(magic)) throw new SealBroken("sealed blob: bad magic at 0x0");
    if (head.readUInt32LE(8) !== formatVersion) throw new SealBroken(`sealed blob: unknown version ${head.readUInt32LE(8)} at 0x8`);
    if (head.readUInt32LE(12) !== sealedChunkBytes) throw new SealBroken(`sealed blob: unknown chunk size ${head.readUInt32LE(12)} at 0xc`);
    const salt = head.subarray(16, 16 + saltBytes);
    this.#key = createSecretKey(Buffer.from(hkdfSync("sha256", createSecretKey(dataKey), salt, "salvage sealed blob v1", 32)));
    const words = [context.organizationId, context.projectId, context.crashId, context.part].map((word) => {
      const bytes = Buffer.from(word, "utf8");
      const length = Buffer.alloc(4);
      length.writeUInt32LE(bytes.length);
      return Buffer.concat([length, bytes]);
    });
    // Room at the end for the chunk number and the last flag.
    this.#associated = Buffer.concat([head, ...words, Buffer.alloc(9)]);
  }

  /** @returns the cipher text, then its tag */
  seal(plain: Uint8Array, number: number, last: boolean): [Uint8Array, Uint8Array] {
    const cipher = createCipheriv("aes-256-gcm", this.#key, nonceOf(number));
    cipher.setAAD(this.#associatedOf(number, last));
    const body = lend(cipher.update(plain));
    // GCM is a stream cipher: nothing is left for final().
    cipher.final();
    return [body, cipher.getAuthTag()];
  }

  open(sealed: Uint8Array, number: number, last: boolean): Uint8Array {
    const decipher = createDecipheriv("aes-256-gcm", this.#key, nonceOf(number), { authTagLength: tagBytes });
    decipher.setAAD(this.#associatedOf(number, last));
    decipher.setAuthTag(sealed.subarray(sealed.length - tagBytes));
    const plain = decipher.update(sealed.subarray(0, sealed.length - tagBytes));
    try {
      decipher.final();
    } catch {
      throw new SealBroken(`sealed blob: chunk ${number}${last ? " (the last)" : ""} does not open: changed, cut, or not of this crash`);
    }
    return plain;
  }

  #associatedOf(number: number, last: boolean): Buffer {
    const at = this.#associated.length - 9;
    this.#associated.writeBigUInt64LE(BigInt(number), at);
    this.#associated.writeUInt8(last ? 1 : 0, at + 8);
    return this.#associated;
  }
}

/** Unique under the blob's own key: the chunk's number. */
function nonceOf(number: number): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeBigUInt64BE(BigInt(number), 4);
  return nonce;
}

function readFully(fd: number, offset: number, length: number): Uint8Array {
  const bytes = Buffer.allocUnsafe(length);
  for (let done = 0; done < length; ) {
    const read = readSync(fd, bytes, done, length - done, offset + done);
    if (read === 0) throw new SealBroken(`sealed blob: ends at ${offset + done} while being read`);
    done += read;
  }
  return bytes;
}

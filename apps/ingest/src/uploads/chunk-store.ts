/**
 * Pieces of files on their way in. A chunk is stored under its SHA-1, once per organization, so that an upload that broke off goes on
 * where it was; one organization never learns what another holds. A file is put together by reading its chunks one after the other:
 * nothing is ever held whole.
 */
import { createHash, randomUUID } from "node:crypto";
import { type BlobStore, blobKeys } from "@salvage/blobs";
import type { StoredChunk, SystemDb } from "@salvage/db/system";
import type { Logger } from "@salvage/telemetry";
import { deleteBlobs, hashed } from "../blobs.ts";
import { AppError } from "../http/app-error.ts";
import { drain } from "../http/pieces.ts";
import { diskFull, isNoSpace } from "../intake/disk.ts";
import { withinQuota } from "./accept-debug-file.ts";

export type ChunkPorts = { blobs: BlobStore; db: Pick<SystemDb, "chunks"> };

export type ChunkPost = {
  organizationId: string;
  /** What the sender says it is, lower-case hex; null when it does not say. */
  sha1: string | null;
  bytes: AsyncIterable<Buffer>;
  logger: Logger;
};

/**
 * Stores a stream as a chunk, durably, unless it is there.
 * @returns its SHA-1 @throws AppError 400 when the bytes are not what the sender says they are
 */
export async function storeChunk({ blobs, db }: ChunkPorts, post: ChunkPost): Promise<{ sha1: string; sizeBytes: number }> {
  const { organizationId } = post;
  if (post.sha1 !== null) {
    const there = (await db.chunks.held(organizationId, [post.sha1])).get(post.sha1);
    if (there !== undefined) {
      await drain(post.bytes);
      return { sha1: post.sha1, sizeBytes: there.sizeBytes };
    }
  }
  const id = randomUUID();
  const blobKey = blobKeys.chunk(organizationId, id);
  const digest = createHash("sha1");
  const counter = { bytes: 0 };
  let kept = false;
  try {
    await blobs.put(blobKey, withinQuota(await db.chunks.roomBytes(organizationId), hashed(post.bytes, digest, counter)));
    const sha1 = digest.digest("hex");
    if (post.sha1 !== null && post.sha1 !== sha1) {
      throw new AppError(400, null, `a chunk is not what its name says: its SHA-1 is ${sha1}, its name ${post.sha1}`);
    }
    // Without an answer it may have been noted: then the blob is needed, else the collection of orphans takes it.
    kept = true;
    kept = await db.chunks.insert({ id, organizationId, sha1, sizeBytes: counter.bytes, blobKey });
    return { sha1, sizeBytes: counter.bytes };
  } catch (error) {
    throw isNoSpace(error) ? diskFull([]) : error;
  } finally {
    if (!kept) await deleteBlobs(blobs, [blobKey], post.logger);
  }
}

/**
 * The file that chunks make, as a stream.
 * @param sha1 of the whole; null when nobody says
 * @throws AppError 400 at its end when the whole is another
 */
export async function* joined(blobs: BlobStore, chunks: readonly StoredChunk[], sha1: string | null): AsyncGenerator<Buffer> {
  const digest = createHash("sha1");
  for (const chunk of chunks) {
    for await (const piece of blobs.createReadStream(chunk.blobKey)) {
      if (sha1 !== null) digest.update(piece);
      yield Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
    }
  }
  const found = sha1 === null ? null : digest.digest("hex");
  if (found !== sha1) throw new AppError(400, null, `the chunks make another file: its SHA-1 is ${found}, not ${sha1}`);
}

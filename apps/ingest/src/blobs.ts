/** Small things that everything that stores a body needs: its hash on the way, its bytes again, and its removal when it comes to nothing. */
import type { Hash } from "node:crypto";
import { type BlobStore, type SealContext, unsealStream } from "@salvage/blobs";
import type { Logger } from "@salvage/telemetry";
import { failPoint } from "@salvage/telemetry/fail-points";
import { watched } from "./http/pieces.ts";

/** Passes a stream on while hashing and counting it. */
export function hashed(bytes: AsyncIterable<Buffer>, digest: Hash, counter: { bytes: number }): AsyncIterable<Buffer> {
  return watched(bytes, (piece) => {
    digest.update(piece);
    counter.bytes += piece.length;
    failPoint("ingest.body");
  });
}

/** The plain bytes of a sealed blob. @param context what it was sealed with */
export async function* unsealed(blobs: BlobStore, blobKey: string, dataKey: Uint8Array, context: SealContext): AsyncGenerator<Buffer> {
  const blob = await blobs.open(blobKey);
  try {
    for await (const piece of unsealStream(blob, dataKey, context)) yield Buffer.from(piece.buffer, piece.byteOffset, piece.length);
  } finally {
    await blob.close();
  }
}

/** Best effort: what stays is found by the collection of orphans. */
export async function deleteBlobs(blobs: BlobStore, keys: readonly string[], logger: Logger): Promise<void> {
  for (const blobKey of keys) {
    await blobs
      .delete(blobKey)
      .catch((error: unknown) => logger.warn({ error, blobKey }, "a blob could not be deleted; it is an orphan now"));
  }
}

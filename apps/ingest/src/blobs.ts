/** Two small things that everything that stores a body needs: its hash on the way, and its removal when it comes to nothing. */
import type { Hash } from "node:crypto";
import type { BlobStore } from "@salvage/blobs";
import type { Logger } from "@salvage/telemetry";
import { failPoint } from "@salvage/telemetry/fail-points";

/** Passes a stream on while hashing and counting it. */
export async function* hashed(bytes: AsyncIterable<Buffer>, digest: Hash, counter: { bytes: number }): AsyncGenerator<Buffer> {
  for await (const piece of bytes) {
    digest.update(piece);
    counter.bytes += piece.length;
    failPoint("ingest.body");
    yield piece;
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

/**
 * A debug-file upload: the raw body goes to blob storage under its upload, the row is committed, the import is started. What the
 * bytes are is found out by the worker, so that a hostile file costs an import and nothing here.
 */
import { createHash, randomUUID } from "node:crypto";
import { type BlobStore, blobKeys, type RandomAccessBlob } from "@salvage/blobs";
import type { SystemDb } from "@salvage/db/system";
import type { Lanes } from "@salvage/lanes";
import { type Logger, metrics } from "@salvage/telemetry";
import { failPoint } from "@salvage/telemetry/fail-points";
import { deleteBlobs, hashed } from "../blobs.ts";
import { AppError } from "../http/app-error.ts";
import { bounded } from "../http/pieces.ts";
import { databaseFailed, diskFull, isNoSpace } from "../intake/disk.ts";

export type UploadPorts = { blobs: BlobStore; db: Pick<SystemDb, "uploads">; lanes: Pick<Lanes, "startImport"> };

export type DebugFilePost = {
  organizationId: string;
  projectId: string | null;
  /** Who uploads, for people. */
  actor: string;
  fileName: string;
  /** Of a sender that names files by it: it was checked. Lower-case hex. */
  sha1?: string;
  /** What a sender says that it is: checked here. Lower-case hex. */
  sha256?: string;
  /** The debug id that the sender wants it under, in Breakpad form. */
  claimedDebugId?: string | null;
  /** The body with Content-Encoding undone and its limit applied. */
  body: AsyncIterable<Buffer>;
  /** Looks at what was stored before it counts, for a client that is to be told at once. */
  check?(blob: RandomAccessBlob): Promise<void>;
  logger: Logger;
};

/** Ends a stream with a refusal once it holds more than the organization may still store. */
export function withinQuota(roomBytes: number | null, bytes: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  if (roomBytes === null) return bytes;
  const room = `this upload may have ${Math.max(0, roomBytes)} bytes`;
  const usedUp = () =>
    new AppError(507, null, "the organization's storage quota is used up", {
      causes: [`${room}: delete debug files, or ask whoever runs this server for a larger quota`],
    });
  return bounded(bytes, roomBytes, usedUp);
}

/** @returns id of the upload; of the first one when the organization sent the same bytes under the same name before */
export async function acceptDebugFile(ports: UploadPorts, post: DebugFilePost): Promise<{ uploadId: string; duplicate: boolean }> {
  const id = randomUUID();
  const blobKey = blobKeys.upload(post.organizationId, id);
  const digest = createHash("sha256");
  const counter = { bytes: 0 };
  let kept = false;
  const roomBytes = await ports.db.uploads.storageRoomBytes(post.organizationId);
  try {
    await ports.blobs.put(blobKey, withinQuota(roomBytes, hashed(post.body, digest, counter)));
    if (counter.bytes === 0)
      throw new AppError(400, null, "the body is empty", { causes: ["send the debug file, or a zip of several, as the body"] });
    const sha256 = digest.digest("hex");
    if (post.sha256 !== undefined && post.sha256 !== sha256)
      throw new AppError(400, null, `this is another file: its SHA-256 is ${sha256}, not ${post.sha256}`);
    if (post.check !== undefined) await checkBlob(ports.blobs, blobKey, post.check);
    failPoint("upload.before-row");
    const outcome = await ports.db.uploads
      .insertReceived({
        id,
        organizationId: post.organizationId,
        projectId: post.projectId,
        actor: post.actor,
        fileName: post.fileName,
        blobKey,
        sizeBytes: counter.bytes,
        sha256,
        sha1: post.sha1 ?? null,
        claimedDebugId: post.claimedDebugId ?? null,
      })
      .catch((cause: unknown) => {
        // It may have been committed all the same: then the blob is needed, else the collection of orphans takes it.
        kept = true;
        throw databaseFailed("the upload could not be recorded", cause);
      });
    failPoint("upload.after-row");
    kept = !outcome.duplicate;
    metrics.debugFilesReceived.inc({ duplicate: String(outcome.duplicate) });
    // Never rejects; when Temporal is away the sweep starts it.
    void ports.lanes.startImport(outcome.uploadId);
    post.logger.info(
      { uploadId: outcome.uploadId, fileName: post.fileName, sizeBytes: counter.bytes, duplicate: outcome.duplicate },
      "debug file received",
    );
    return outcome;
  } catch (error) {
    throw isNoSpace(error) ? diskFull([]) : error;
  } finally {
    if (!kept) await deleteBlobs(ports.blobs, [blobKey], post.logger);
  }
}

async function checkBlob(blobs: BlobStore, blobKey: string, check: (blob: RandomAccessBlob) => Promise<void>): Promise<void> {
  const blob = await blobs.open(blobKey);
  try {
    await check(blob);
  } finally {
    await blob.close();
  }
}

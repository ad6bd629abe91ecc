/**
 * A file that comes before its crash, at rest: sealed parts of at most 32 MiB under one data key. What a broken request had sent is
 * kept, so that the sender goes on from there.
 */
import { randomBytes } from "node:crypto";
import { type BlobStore, blobKeys, createDataKey, type Keyring, sealStream, wrapContext } from "@salvage/blobs";
import type { FoundClientKey, ResumableUpload, SystemDb } from "@salvage/db/system";
import type { Logger } from "@salvage/telemetry";
import { deleteBlobs, unsealed } from "../../blobs.ts";
import { AppError } from "../../http/app-error.ts";
import { tooLarge } from "../../http/body.ts";
import { limits } from "../../limits.ts";
import { asked } from "../asked.ts";
import { diskFull, isNoSpace } from "../disk.ts";
import { limitHeaders } from "../sdk-route.ts";

export type ResumablePorts = { blobs: BlobStore; keyring: Keyring; db: Pick<SystemDb, "resumables"> };

type Sealed = Pick<ResumableUpload, "id" | "organizationId" | "projectId">;

/** A new upload's key, wrapped for its row. */
export function newUploadKey(keyring: Keyring, { id, organizationId, projectId }: Sealed) {
  return keyring.wrap(createDataKey(), wrapContext(organizationId, projectId, id));
}

/** What a part is sealed with. */
export const partContext = ({ id, organizationId, projectId }: Sealed, blobKey: string) => ({
  ...{ organizationId, projectId, crashId: id },
  part: `part/${blobKey.slice(blobKey.lastIndexOf("/") + 1)}`,
});

/** Makes the row of an upload whose bytes come next. @throws AppError 429 over the limits of open uploads */
export async function openUpload(
  db: ResumablePorts["db"],
  upload: Omit<ResumableUpload, "receivedBytes" | "partBlobKeys">,
): Promise<ResumableUpload> {
  const { maxOpenResumables: maxUploads, maxOpenResumableBytes: maxBytes } = limits;
  const { created, open } = await asked(db.resumables.create(upload, { maxUploads, maxBytes }));
  if (created) return { ...upload, receivedBytes: 0, partBlobKeys: [] };
  const there = `${open.uploads} uploads of ${open.bytes} bytes are open in this project`;
  throw new AppError(429, "rate_limited", `${there}, the limits are ${maxUploads} and ${maxBytes}`, { headers: limitHeaders });
}

/**
 * Adds what a request sends to an upload, part by part; each is durable before its bytes count.
 * @returns bytes of the upload that are there now
 * @throws AppError 409 when another request was faster, 413 for more than was announced; what the body throws, after what came was kept
 */
export async function receiveParts(
  { blobs, keyring, db }: ResumablePorts,
  upload: ResumableUpload,
  body: AsyncIterable<Buffer>,
  logger: Logger,
): Promise<number> {
  const dataKey = keyring.unwrap(upload.wrappedKey, wrapContext(upload.organizationId, upload.projectId, upload.id));
  const source = new BrokenOff(body);
  let offset = upload.receivedBytes;
  while (await source.more()) {
    const blobKey = blobKeys.part(upload.organizationId, upload.id, randomBytes(8).toString("hex"));
    let sizeBytes = 0;
    let kept = false;
    async function* plain(): AsyncGenerator<Buffer> {
      for (let piece = await source.take(); piece !== null; piece = sizeBytes < limits.resumablePartBytes ? await source.take() : null) {
        sizeBytes += piece.length;
        if (offset + sizeBytes > upload.sizeBytes) throw tooLarge(`more than the ${upload.sizeBytes} bytes that Upload-Length announced`);
        yield piece;
      }
    }
    try {
      await blobs.put(blobKey, sealStream(plain(), dataKey, partContext(upload, blobKey)));
      // Without an answer it may have been added: then the blob is needed, else the collection of orphans takes it.
      kept = true;
      kept = await asked(db.resumables.append(upload.id, { offset, sizeBytes, blobKey }));
      if (!kept) throw new AppError(409, null, "another request has added to the upload; ask for its offset");
    } catch (error) {
      throw isNoSpace(error) ? diskFull([]) : error;
    } finally {
      if (!kept) await deleteBlobs(blobs, [blobKey], logger);
    }
    offset += sizeBytes;
  }
  if (source.error !== null) throw source.error;
  return offset;
}

/** The plain bytes of an upload that is complete. */
export async function* uploadedBytes(
  { blobs, keyring }: Pick<ResumablePorts, "blobs" | "keyring">,
  upload: ResumableUpload,
): AsyncGenerator<Buffer> {
  const dataKey = keyring.unwrap(upload.wrappedKey, wrapContext(upload.organizationId, upload.projectId, upload.id));
  for (const blobKey of upload.partBlobKeys) yield* unsealed(blobs, blobKey, dataKey, partContext(upload, blobKey));
}

/** Forgets an upload whose bytes have become part of a crash. What fails here the sweep makes good. */
export async function removeUpload({ blobs, db }: Pick<ResumablePorts, "blobs" | "db">, uploadId: string, logger: Logger): Promise<void> {
  try {
    await deleteBlobs(blobs, await db.resumables.remove(uploadId), logger);
  } catch (error) {
    logger.warn({ error, uploadId }, "a finished upload was not removed; the sweep does it");
  }
}

/** Finds an upload of this project and key by the address that its sender was given. */
export async function findUpload(db: ResumablePorts["db"], key: FoundClientKey, uploadId: string): Promise<ResumableUpload | null> {
  return await asked(db.resumables.find({ uploadId, projectId: key.projectId, clientKeyId: key.keyId }));
}

/** A body whose failure is an end like another, told afterwards. */
class BrokenOff {
  readonly #source: AsyncIterator<Buffer>;
  #next: Buffer | null = null;
  #ended = false;
  error: unknown = null;

  constructor(body: AsyncIterable<Buffer>) {
    this.#source = body[Symbol.asyncIterator]();
  }

  /** True when there is at least one more byte. */
  async more(): Promise<boolean> {
    while (this.#next === null && !this.#ended) {
      try {
        const { done, value } = await this.#source.next();
        if (done) this.#ended = true;
        else if (value.length > 0) this.#next = value;
      } catch (error) {
        this.error = error;
        this.#ended = true;
      }
    }
    return this.#next !== null;
  }

  async take(): Promise<Buffer | null> {
    if (!(await this.more())) return null;
    const piece = this.#next;
    this.#next = null;
    return piece;
  }
}

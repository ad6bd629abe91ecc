/**
 * A post becomes a crash: key → limits → dump sealed and durable in blob storage → row committed → lane poked → id answered.
 * The answer 200 with an id means kept (or, over a limit, dropped and counted: uploaders take any other status for a reason to
 * delete or to retry forever). Whatever goes wrong before the row is committed leaves no blob.
 */
import { createHash, type Hash, randomUUID } from "node:crypto";
import { type BlobStore, blobKeys, createDataKey, type Keyring, sealStream, wrapContext } from "@salvage/blobs";
import type { FoundClientKey, ReceivedAttachment, SealedBlobRef, SystemDb } from "@salvage/db/system";
import type { Lanes } from "@salvage/lanes";
import { type Logger, metrics } from "@salvage/telemetry";
import { AppError } from "../http/app-error.ts";
import { collect, drain, peek, tooLarge } from "../http/body.ts";
import { boundaryOf, MultipartError, MultipartReader, type Part } from "../http/multipart.ts";
import { limits, type OperatorLimits } from "../limits.ts";
import type { ClientKeys } from "./client-keys.ts";
import { diskFull, isNoSpace } from "./disk.ts";
import { dumpBytes, sniff, sniffBytes } from "./dump-bytes.ts";
import { type FormField, fieldsDigest, readFormFields } from "./form-fields.ts";
import { storable } from "./scrub.ts";

export type IntakePorts = {
  blobs: BlobStore;
  keyring: Keyring;
  db: Pick<SystemDb, "crashes">;
  lanes: Pick<Lanes, "pokeIntake">;
  clientKeys: ClientKeys;
  limits: OperatorLimits;
};

export type MinidumpPost = {
  key: FoundClientKey;
  contentType: string | undefined;
  /** The body with Content-Encoding undone. */
  body: AsyncIterable<Buffer>;
  logger: Logger;
};

/** Over quota: the sender gets 200 and an id, and nothing is kept. */
export class Dropped extends Error {
  override name = "Dropped";
  readonly reason: "rate_limited" | "storage_quota";
  constructor(reason: "rate_limited" | "storage_quota", message: string) {
    super(message);
    this.reason = reason;
  }
}

/** Name of the part that carries the dump. */
const dumpField = "upload_file_minidump";
/** Types whose body is the dump itself. */
const rawTypes = /^\s*application\/(octet-stream|x-dmp)\s*(;|$)/i;

type StoredFile = { ref: SealedBlobRef; sha256: string };
type StoredAttachment = StoredFile & { id: string; fileName: string; contentType: string | null };

/** What was read of one post so far; on failure its blobs are deleted. */
type Receipt = {
  crashId: string;
  fields: FormField[];
  fieldsBytes: number;
  dump: StoredFile | null;
  attachments: StoredAttachment[];
  attachmentsBytes: number;
  /** Attachments that were left out, with the reason. */
  leftOut: string[];
  fileParts: string[];
  blobKeys: string[];
};

/**
 * @returns id of the crash; of the first one when this is a repetition
 * @throws AppError for the sender, Dropped over a quota, SenderGone
 */
export async function acceptMinidump(ports: IntakePorts, post: MinidumpPost): Promise<{ crashId: string; duplicate: boolean }> {
  const { key, logger } = post;
  if (key.storageQuotaBytes !== null && key.storageUsedBytes >= key.storageQuotaBytes) throw overQuota(key);
  const receivedAt = new Date();
  const receipt: Receipt = {
    crashId: randomUUID(),
    fields: [],
    fieldsBytes: 0,
    dump: null,
    attachments: [],
    attachmentsBytes: 0,
    leftOut: [],
    fileParts: [],
    blobKeys: [],
  };
  let kept = false;
  try {
    await readPost(ports, post, receipt);
    const { dump } = receipt;
    if (dump === null) throw missingMinidump(receipt);
    const bytes = dump.ref.sizeBytes + receipt.attachmentsBytes;
    if (key.storageQuotaBytes !== null && key.storageUsedBytes + bytes > key.storageQuotaBytes) throw overQuota(key);

    const { eventId, release, environment, user, tags, extra } = readFormFields(receipt.fields);
    if (receipt.leftOut.length > 0) extra.attachments_left_out = receipt.leftOut;
    const files = receipt.attachments.map((attachment) => ({ name: attachment.fileName, sha256: attachment.sha256 }));
    const outcome = await ports.db.crashes
      .insertReceived({
        id: receipt.crashId,
        organizationId: key.organizationId,
        projectId: key.projectId,
        clientKeyId: key.keyId,
        receivedAt,
        dump: dump.ref,
        sha256: dump.sha256,
        fieldsSha256: fieldsDigest(receipt.fields, files),
        eventId,
        release,
        environment,
        user,
        tags,
        extra,
        attachments: receipt.attachments.map(
          ({ ref, id, fileName, contentType }): ReceivedAttachment => ({ ...ref, id, fileName, contentType }),
        ),
      })
      .catch((cause: unknown) => {
        // It may have been committed all the same: then the blob is needed, else the collection of orphans takes it.
        kept = true;
        throw new AppError(503, null, "not ready: the crash could not be recorded", { cause, headers: { "Retry-After": "10" } });
      });
    metrics.crashesAccepted.inc({ duplicate: String(outcome.duplicate) });
    if (!outcome.duplicate) {
      kept = true;
      metrics.dumpBytes.inc(dump.ref.sizeBytes);
      ports.clientKeys.stored(key, bytes);
      ports.lanes.pokeIntake(key.projectId);
    }
    ports.clientKeys.used(key.keyId);
    logger.info(
      { crashId: outcome.crashId, projectId: key.projectId, sizeBytes: dump.ref.sizeBytes, duplicate: outcome.duplicate },
      "crash accepted",
    );
    return outcome;
  } catch (error) {
    if (error instanceof MultipartError) {
      throw new AppError(400, "malformed_multipart", "invalid multipart data", { causes: [error.message], cause: error });
    }
    throw isNoSpace(error) ? diskFull([]) : error;
  } finally {
    if (!kept) await deleteBlobs(ports.blobs, receipt.blobKeys, logger);
  }
}

/** Reads the whole body: the dump and the attachments into blob storage, the fields into memory. */
async function readPost(ports: IntakePorts, post: MinidumpPost, receipt: Receipt): Promise<void> {
  const start = await peek(post.body, sniffBytes);
  if (start.head.length === 0) throw new AppError(400, "empty_body", "the body is empty");
  const boundary = boundaryOf(post.contentType);
  const raw = rawTypes.test(post.contentType ?? "") || (boundary === null && sniff(start.head) !== null);
  if (raw) {
    receipt.dump = await storeDump(ports, post, receipt, start.all);
    return;
  }
  if (boundary === null) {
    throw new AppError(400, "malformed_multipart", "invalid multipart data", {
      causes: ["the body is neither multipart/form-data with a boundary nor a minidump"],
    });
  }
  await readParts(ports, post, receipt, new MultipartReader(start.all, boundary, { maxParts: limits.maxParts }));
}

async function readParts(ports: IntakePorts, post: MinidumpPost, receipt: Receipt, reader: MultipartReader): Promise<void> {
  for (let part = await reader.nextPart(); part !== null; part = await reader.nextPart()) {
    if (part.fileName !== null) {
      if (receipt.fileParts.length < 10) receipt.fileParts.push(storable(part.name ?? "", 60));
      if (part.name === dumpField && receipt.dump === null) await readDumpPart(ports, post, receipt, part.data);
      else await storeAttachment(ports, post, receipt, part);
    } else if (part.name === dumpField && receipt.dump === null) {
      // Some senders leave the file name out. What does not begin like a dump is a text field of that name.
      const { head, all } = await peek(part.data, sniffBytes);
      if (sniff(head) !== null) receipt.dump = await storeDump(ports, post, receipt, all);
      else await readField(receipt, dumpField, all, reader);
    } else if (part.name !== null) await readField(receipt, part.name, part.data, reader);
  }
  await reader.drain();
}

/**
 * Old Electron on Linux put a whole multipart body into the dump's part: when the content begins with two dashes, its first line is
 * the delimiter of that inner body.
 */
async function readDumpPart(ports: IntakePorts, post: MinidumpPost, receipt: Receipt, data: AsyncIterable<Buffer>): Promise<void> {
  const { head, all } = await peek(data, 300);
  const boundary = /^(?:\r?\n)*--([^\r\n]{1,256}?)[ \t]*\r?\n/.exec(head.toString("latin1"))?.[1];
  if (boundary === undefined) {
    receipt.dump = await storeDump(ports, post, receipt, all);
    return;
  }
  const inner = new MultipartReader(all, boundary, { maxParts: limits.maxParts });
  for (let part = await inner.nextPart(); part !== null; part = await inner.nextPart()) {
    if (part.name === dumpField && receipt.dump === null) receipt.dump = await storeDump(ports, post, receipt, part.data);
  }
}

async function readField(receipt: Receipt, name: string, data: AsyncIterable<Buffer>, reader: MultipartReader): Promise<void> {
  const left = limits.maxFieldsBytes - receipt.fieldsBytes - name.length;
  const bytes = await collect(data, Math.max(0, left), () =>
    tooLarge(`the form fields are larger than the limit of ${limits.maxFieldsBytes} bytes`),
  );
  receipt.fieldsBytes += bytes.length + name.length;
  const value = bytes.toString("utf8");
  // Without a terminator the line end before the missing delimiter is still there.
  receipt.fields.push({ name, value: reader.unterminated ? value.replace(/\r?\n$/, "") : value });
}

async function storeDump(ports: IntakePorts, post: MinidumpPost, receipt: Receipt, sent: AsyncIterable<Buffer>): Promise<StoredFile> {
  const plain = await dumpBytes(sent, ports.limits.maxDumpBytes);
  return await storeSealed(ports, post.key, receipt, blobKeys.dump(post.key.organizationId, receipt.crashId), "dump", plain);
}

/** Keeps an attachment when it is small enough; a part that is not is read to its end and named in the crash's extra data. */
async function storeAttachment(ports: IntakePorts, post: MinidumpPost, receipt: Receipt, part: Part): Promise<void> {
  const fileName = storable(part.fileName || part.name || "attachment", 255);
  const number = receipt.attachments.length;
  const leaveOut = (reason: string) => {
    if (receipt.leftOut.length < limits.maxAttachments) receipt.leftOut.push(`${fileName}: ${reason}`);
  };
  if (number >= limits.maxAttachments) {
    leaveOut(`more than ${limits.maxAttachments} attachments`);
    return await drain(part.data);
  }
  const room = Math.min(limits.maxAttachmentBytes, limits.maxAttachmentsBytes - receipt.attachmentsBytes);
  const tooBig = new Error(`larger than ${room} bytes`);
  async function* bounded(): AsyncGenerator<Buffer> {
    let bytes = 0;
    for await (const piece of part.data) {
      bytes += piece.length;
      if (bytes > room) throw tooBig;
      yield piece;
    }
  }
  const key = blobKeys.attachment(post.key.organizationId, receipt.crashId, number);
  try {
    const stored = await storeSealed(ports, post.key, receipt, key, `attachment/${number}`, bounded());
    const contentType = part.contentType === null ? null : storable(part.contentType, 200);
    receipt.attachments.push({ ...stored, id: randomUUID(), fileName, contentType });
    receipt.attachmentsBytes += stored.ref.sizeBytes;
  } catch (error) {
    if (error !== tooBig) throw error;
    leaveOut(tooBig.message);
  }
}

/** Seals and stores one file while hashing it. Durable when the promise resolves. */
async function storeSealed(
  ports: IntakePorts,
  key: FoundClientKey,
  receipt: Receipt,
  blobKey: string,
  part: string,
  plain: AsyncIterable<Buffer>,
): Promise<StoredFile> {
  const { organizationId, projectId } = key;
  const { crashId } = receipt;
  const dataKey = createDataKey();
  const digest = createHash("sha256");
  const counter = { bytes: 0 };
  receipt.blobKeys.push(blobKey);
  await ports.blobs.put(blobKey, sealStream(hashed(plain, digest, counter), dataKey, { organizationId, projectId, crashId, part }));
  const { wrappedKey, keyId } = ports.keyring.wrap(dataKey, wrapContext(organizationId, projectId, crashId));
  return { ref: { blobKey, wrappedKey, keyId, sizeBytes: counter.bytes }, sha256: digest.digest("hex") };
}

/** Passes a stream on while hashing and counting it. */
export async function* hashed(bytes: AsyncIterable<Buffer>, digest: Hash, counter: { bytes: number }): AsyncGenerator<Buffer> {
  for await (const piece of bytes) {
    digest.update(piece);
    counter.bytes += piece.length;
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

const overQuota = (key: FoundClientKey) =>
  new Dropped("storage_quota", `the organization stores ${key.storageUsedBytes} bytes, its quota is ${key.storageQuotaBytes}`);

function missingMinidump(receipt: Receipt): AppError {
  const files = receipt.fileParts.length > 0 ? `the file parts are named ${receipt.fileParts.join(", ")}` : "there is no file part";
  return new AppError(400, "missing_minidump", "missing minidump", { causes: [`a part named ${dumpField} is required; ${files}`] });
}

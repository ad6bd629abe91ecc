/**
 * One crash being received, whatever endpoint it comes by: its files go sealed and durable into blob storage as they arrive, then one
 * row makes it a crash and its project's lane is poked. Until the row is committed nothing is kept: `discard` deletes the blobs.
 */
import { createHash, randomUUID } from "node:crypto";
import { type BlobStore, blobKeys, createDataKey, type Keyring, sealStream, wrapContext } from "@salvage/blobs";
import type { FoundClientKey, ReceivedAttachment, SealedBlobRef, SystemDb } from "@salvage/db/system";
import type { Lanes } from "@salvage/lanes";
import { type Logger, metrics } from "@salvage/telemetry";
import { failPoint } from "@salvage/telemetry/fail-points";
import { deleteBlobs, hashed } from "../blobs.ts";
import { AppError } from "../http/app-error.ts";
import { bounded, drain } from "../http/pieces.ts";
import type { OperatorLimits } from "../limits.ts";
import type { ClientKeys } from "./client-keys.ts";
import { attachmentLimitsOf, type Limit, maxDumpBytesOf, storageOf } from "./crash-limits.ts";
import { databaseFailed, diskFull, isNoSpace } from "./disk.ts";
import { Dropped } from "./dropped.ts";
import { dumpBytes } from "./dump-bytes.ts";
import type { EventData } from "./event.ts";
import { storable } from "./scrub.ts";

export type ReceiptPorts = {
  blobs: BlobStore;
  keyring: Keyring;
  db: Pick<SystemDb, "crashes">;
  lanes: Pick<Lanes, "pokeIntake">;
  clientKeys: ClientKeys;
  limits: OperatorLimits;
};

/** A file as it is sent. `data` can be iterated once and is read to its end. */
export type SentFile = {
  name: string | null;
  fileName: string | null;
  contentType: string | null;
  data: AsyncIterable<Buffer>;
};

export type Receipt = {
  readonly crashId: string;
  readonly hasDump: boolean;
  /** The files stored beside the dump so far, as parts `attachment/0`, …. */
  readonly attachments: readonly Attachment[];
  /**
   * Takes a minidump in, plain or compressed. The first one is the crash; further ones are kept as attachments.
   * @param limit of its plain bytes, where another one holds than for posts
   * @throws AppError when it is none, damaged or too large
   */
  storeDump(file: SentFile, limit?: Limit): Promise<void>;
  /** Keeps a file when it is small enough; one that is not is named in the crash's notes. */
  storeAttachment(file: SentFile): Promise<void>;
  /** Says with the crash what became of something that was sent. */
  note(sentence: string): void;
  /** So many of its bytes are stored already, elsewhere, and go after the commit: the quota counts them once. */
  moved(bytes: number): void;
  /**
   * Makes it a crash. From here on `discard` deletes nothing that is needed.
   * @param said texts that tell this crash from another with the same dump, in any order
   * @returns id of the crash; of the first one when this is a repetition
   * @throws AppError 400 without a dump, 503 when the row could not be written; Dropped over the quota
   */
  commit(event: EventData, said: readonly string[]): Promise<{ crashId: string; duplicate: boolean }>;
  /** Deletes what was stored, unless it became a crash. To be called in every case. */
  discard(): Promise<void>;
};

type Stored = { ref: SealedBlobRef; sha256: string };
type Attachment = Stored & { id: string; fileName: string; contentType: string | null };

/** Notes kept of one crash. */
const maxNotes = 50;

/** @throws Dropped when the organization's storage is full */
export function openReceipt(ports: ReceiptPorts, { key, logger }: { key: FoundClientKey; logger: Logger }): Receipt {
  const crashId = randomUUID();
  const receivedAt = new Date();
  const { organizationId, projectId } = key;
  const crash = { organizationId, projectId, crashId };
  const written: string[] = [];
  const attachments: Attachment[] = [];
  const notes: string[] = [];
  let attachmentsBytes = 0;
  let dump: Stored | null = null;
  let kept = false;
  let movedBytes = 0;
  const maxDumpBytes = maxDumpBytesOf(ports.limits, key);
  const { maxBytes: maxAttachmentBytes, maxCount: maxAttachments } = attachmentLimitsOf(ports.limits, key);
  const storage = storageOf(ports.limits, key);
  checkStorage(key, storage, 0);

  function store(blobKey: string, part: string, plain: AsyncIterable<Buffer>): Promise<Stored> {
    written.push(blobKey);
    return storeSealed(ports, crash, blobKey, part, plain);
  }

  const note = (sentence: string) => {
    if (notes.length < maxNotes) notes.push(storable(sentence, 400));
  };

  async function storeAttachment(file: SentFile): Promise<void> {
    const fileName = storable(file.fileName || file.name || "attachment", 255);
    const number = attachments.length;
    if (number >= maxAttachments) {
      note(`${fileName}: left out, more than ${maxAttachments} attachments`);
      return await drain(file.data);
    }
    const tooBig = new Error(`${fileName}: left out, larger than ${maxAttachmentBytes} bytes`);
    try {
      const stored = await store(
        blobKeys.attachment(organizationId, crashId, number),
        `attachment/${number}`,
        bounded(file.data, maxAttachmentBytes, () => tooBig),
      );
      const contentType = file.contentType === null ? null : storable(file.contentType, 200);
      attachments.push({ ...stored, id: randomUUID(), fileName, contentType });
      attachmentsBytes += stored.ref.sizeBytes;
    } catch (error) {
      if (error !== tooBig) throw error;
      note(tooBig.message);
    }
  }

  return {
    crashId,
    get hasDump() {
      return dump !== null;
    },
    attachments,
    note,
    moved(bytes) {
      movedBytes += bytes;
    },
    storeAttachment,
    async storeDump(file, limit = maxDumpBytes) {
      if (dump !== null) {
        note(`${storable(file.fileName || "minidump", 255)}: a further minidump, kept as attachment; the first one is the crash`);
        return await storeAttachment(file);
      }
      const plain = await dumpBytes(file.data, limit);
      dump = await store(blobKeys.dump(organizationId, crashId), "dump", plain);
    },
    async commit(event, said) {
      if (dump === null) throw new AppError(400, "missing_minidump", "missing minidump");
      const { ref, sha256 } = dump;
      const bytes = ref.sizeBytes + attachmentsBytes;
      checkStorage(key, storage, Math.max(0, bytes - movedBytes));
      const files = attachments.map((attachment) => JSON.stringify(["file", attachment.fileName, attachment.sha256]));
      failPoint("ingest.before-row");
      const outcome = await ports.db.crashes
        .insertReceived({
          id: crashId,
          organizationId,
          projectId,
          clientKeyId: key.keyId,
          receivedAt,
          dump: ref,
          sha256,
          fieldsSha256: createHash("sha256")
            .update([...said, ...files].sort().join("\n"))
            .digest("hex"),
          eventId: event.eventId,
          release: event.release,
          environment: event.environment,
          user: event.user,
          tags: event.tags,
          extra: event.extra,
          dist: event.dist,
          contexts: event.contexts,
          breadcrumbs: event.breadcrumbs,
          intakeNotes: notes,
          attachments: attachments.map(
            (one): ReceivedAttachment => ({ ...one.ref, id: one.id, fileName: one.fileName, contentType: one.contentType }),
          ),
        })
        .catch((cause: unknown) => {
          // It may have been committed all the same: then the blobs are needed, else the collection of orphans takes them.
          kept = true;
          throw databaseFailed("the crash could not be recorded", cause);
        });
      failPoint("ingest.after-row");
      metrics.crashesAccepted.inc({ duplicate: String(outcome.duplicate) });
      if (!outcome.duplicate) {
        kept = true;
        metrics.dumpBytes.inc(ref.sizeBytes);
        ports.clientKeys.stored(key, bytes);
        ports.lanes.pokeIntake(projectId);
      }
      ports.clientKeys.used(key.keyId);
      logger.info({ crashId: outcome.crashId, projectId, sizeBytes: ref.sizeBytes, duplicate: outcome.duplicate }, "crash accepted");
      return outcome;
    },
    async discard() {
      if (!kept) await deleteBlobs(ports.blobs, written, logger);
    },
  };
}

/**
 * Seals and stores one file of a crash. Durable when the promise resolves; on failure there is no blob.
 * @param part names the file inside its crash: `dump`, `attachment/0`, …
 * @throws AppError 503 when the disk is full
 */
export async function storeSealed(
  { blobs, keyring }: Pick<ReceiptPorts, "blobs" | "keyring">,
  crash: { organizationId: string; projectId: string; crashId: string },
  blobKey: string,
  part: string,
  plain: AsyncIterable<Buffer>,
): Promise<Stored> {
  const dataKey = createDataKey();
  const digest = createHash("sha256");
  const counter = { bytes: 0 };
  try {
    await blobs.put(blobKey, sealStream(hashed(plain, digest, counter), dataKey, { ...crash, part }));
  } catch (error) {
    throw isNoSpace(error) ? diskFull([]) : error;
  }
  const { wrappedKey, keyId } = keyring.wrap(dataKey, wrapContext(crash.organizationId, crash.projectId, crash.crashId));
  return { ref: { blobKey, wrappedKey, keyId, sizeBytes: counter.bytes }, sha256: digest.digest("hex") };
}

/** @throws Dropped when so many bytes more do not fit; with 0, when nothing fits */
export function checkStorage({ storageUsedBytes: used }: FoundClientKey, quota: Limit | null, moreBytes: number): void {
  if (quota === null || (moreBytes === 0 ? used < quota.value : used + moreBytes <= quota.value)) return;
  const met = { limit: quota.value, seen: used + moreBytes, knob: quota.knob };
  throw new Dropped("storage_quota", `the organization stores ${used} bytes, its quota is ${quota.value}`, met);
}

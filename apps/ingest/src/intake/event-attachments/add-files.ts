/** Files that come after their crash: sealed as its own, deleted with its dump. */
import { randomInt, randomUUID } from "node:crypto";
import { blobKeys } from "@salvage/blobs";
import type { CrashByEvent, FoundClientKey, ReceivedAttachment } from "@salvage/db/system";
import type { Logger } from "@salvage/telemetry";
import { deleteBlobs } from "../../blobs.ts";
import { tooLarge } from "../../http/body.ts";
import { bounded } from "../../http/pieces.ts";
import { asked } from "../asked.ts";
import { attachmentLimitsOf, storageOf } from "../crash-limits.ts";
import { checkStorage, type ReceiptPorts, type SentFile, storeSealed } from "../receipt.ts";
import type { Refusals } from "../refusals.ts";
import { storable } from "../scrub.ts";

export type AddFilesPorts = ReceiptPorts & { refusals: Refusals };

/** Numbers below are those of files that came with the crash. */
const firstLateNumber = 1_000_000;

/**
 * Adds files to a crash, all or none. Nothing is kept, and that is counted, when the crash's dump is gone.
 * @throws AppError 413 over the limits of one crash; Dropped over the storage quota
 */
export async function addFiles(
  ports: AddFilesPorts,
  key: FoundClientKey,
  crash: CrashByEvent,
  files: AsyncIterable<SentFile>,
  logger: Logger,
): Promise<void> {
  const { organizationId, projectId } = key;
  const { maxBytes, maxCount } = attachmentLimitsOf(ports.limits, key);
  const added: ReceivedAttachment[] = [];
  const written: string[] = [];
  let kept = false;
  try {
    for await (const file of files) {
      if (!crash.dumpHeld) continue;
      if (crash.attachments + added.length >= maxCount) throw tooMany(maxCount);
      const fileName = storable(file.fileName || file.name || "attachment", 255);
      // Random, so that two requests at once do not write the same blob.
      const number = randomInt(firstLateNumber, 2 ** 40);
      const blobKey = blobKeys.attachment(organizationId, crash.crashId, number);
      written.push(blobKey);
      const owner = { organizationId, projectId, crashId: crash.crashId };
      const tooLong = () => tooLarge(`${fileName} is larger than the limit of ${maxBytes} bytes`);
      const { ref } = await storeSealed(ports, owner, blobKey, `attachment/${number}`, bounded(file.data, maxBytes, tooLong));
      const contentType = file.contentType === null ? null : storable(file.contentType, 200);
      added.push({ ...ref, id: randomUUID(), fileName, contentType });
    }
    const bytes = added.reduce((sum, file) => sum + file.sizeBytes, 0);
    if (added.length > 0) {
      checkStorage(key, storageOf(ports.limits, key), bytes);
      // Without an answer they may have been added: then the blobs are needed, else the collection of orphans takes them.
      kept = true;
      const most = { maxAttachments: maxCount, maxBytes: maxCount * maxBytes };
      const outcome = await asked(ports.db.crashes.addAttachments(crash.crashId, added, most));
      kept = outcome === "added";
      if (outcome === "too many") throw tooMany(maxCount);
    }
    if (kept) {
      ports.clientKeys.stored(key, bytes);
      ports.clientKeys.used(key.keyId);
      logger.info({ crashId: crash.crashId, projectId, files: added.length }, "files added to a crash");
    } else if (!crash.dumpHeld || added.length > 0)
      ports.refusals.count(projectId, "file_without_crash", `the dump of crash ${crash.crashId} is deleted, and its files with it`);
  } finally {
    if (!kept) await deleteBlobs(ports.blobs, written, logger);
  }
}

const tooMany = (maxCount: number) => tooLarge(`the crash has as many files as it may, ${maxCount}`);

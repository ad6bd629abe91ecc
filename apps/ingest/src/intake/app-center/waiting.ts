/**
 * Attachments that come before the dump of their crash: they wait as uploads of its event, within the limits of open uploads and a day at
 * most, and are added once the crash is there. Whoever writes looks again afterwards, so that neither the file nor the dump comes too late.
 */
import { wrapContext } from "@salvage/blobs";
import type { FoundClientKey, SystemDb } from "@salvage/db/system";
import type { Logger } from "@salvage/telemetry";
import { asked } from "../asked.ts";
import { storageOf } from "../crash-limits.ts";
import { type AddFilesPorts, addFiles } from "../event-attachments/add-files.ts";
import { checkStorage, type SentFile } from "../receipt.ts";
import { openUpload, removeUpload, uploadedBytes } from "../resumable/parts.ts";
import type { Held } from "./held.ts";

export type WaitingPorts = AddFilesPorts & { db: Pick<SystemDb, "crashes" | "resumables"> };

/**
 * Makes an upload of a held file, which is its one part.
 * @param heldKeys loses the file's blob once it is the upload's
 * @throws AppError 429 over the limits of open uploads; Dropped over the storage quota
 */
export async function wait(
  { db, keyring, limits }: WaitingPorts,
  key: FoundClientKey,
  eventId: string,
  { fileName, contentType }: Pick<SentFile, "fileName" | "contentType">,
  { id, blobKey, dataKey, sizeBytes }: Held,
  heldKeys: Set<string>,
): Promise<void> {
  const { organizationId, projectId, keyId: clientKeyId } = key;
  checkStorage(key, storageOf(limits, key), sizeBytes);
  const wrapped = keyring.wrap(dataKey, wrapContext(organizationId, projectId, id));
  const waitsFor = { eventId, fileName, contentType };
  await openUpload(db, { id, organizationId, projectId, clientKeyId, sizeBytes, ...wrapped, waitsFor });
  heldKeys.delete(blobKey);
  await asked(db.resumables.append(id, { offset: 0, sizeBytes, blobKey }));
}

/** Adds the files that wait for a crash, if it is there. @throws as addFiles does */
export async function addWaiting(ports: WaitingPorts, key: FoundClientKey, eventId: string, logger: Logger): Promise<void> {
  const waiting = await asked(ports.db.resumables.waitingFor(key.projectId, eventId));
  const crash = waiting.length === 0 ? null : await asked(ports.db.crashes.findByEvent(key.projectId, eventId));
  if (crash === null) return;
  async function* files(): AsyncGenerator<SentFile> {
    for (const upload of waiting) {
      const { fileName = null, contentType = null } = upload.waitsFor ?? {};
      yield { name: null, fileName, contentType, data: uploadedBytes(ports, upload) };
    }
  }
  await addFiles(ports, key, crash, files(), logger);
  for (const { id } of waiting) await removeUpload(ports, id, logger);
}

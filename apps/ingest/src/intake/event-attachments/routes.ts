/**
 * `POST /api/<project>/events/<event id>/attachments/`: files for a crash that is there already. Multipart, each file part one
 * attachment; the answer is 201 without a body. The id is the event's own, or the one that the sender of the dump was answered.
 *
 * The files follow the crash's dump: sealed like it, deleted with it. Limits count what the crash has already.
 */
import { randomInt, randomUUID } from "node:crypto";
import { blobKeys } from "@salvage/blobs";
import type { CrashByEvent, FoundClientKey, ReceivedAttachment } from "@salvage/db/system";
import type { Logger } from "@salvage/telemetry";
import { deleteBlobs } from "../../blobs.ts";
import { AppError } from "../../http/app-error.ts";
import { tooLarge } from "../../http/body.ts";
import { boundaryOf, MultipartError, MultipartReader } from "../../http/multipart.ts";
import { send } from "../../http/respond.ts";
import type { Route, RouteContext } from "../../http/router.ts";
import { withBody } from "../../http/with-body.ts";
import { limits } from "../../limits.ts";
import type { Admission } from "../admission.ts";
import { corsHeaders } from "../cors.ts";
import { attachmentLimitsOf, storageOf } from "../crash-limits.ts";
import { clientKeyOf } from "../credentials.ts";
import { checkStorage, type ReceiptPorts, type SentFile, storeSealed } from "../receipt.ts";
import type { Refusals } from "../refusals.ts";
import { storable } from "../scrub.ts";
import { sdkRoutes } from "../sdk-route.ts";

export type EventAttachmentPorts = ReceiptPorts & { refusals: Refusals; admission: Admission };

/** Numbers below are those of files that came with the crash. */
const firstLateNumber = 1_000_000;

export function eventAttachmentRoutes(ports: EventAttachmentPorts): Route[] {
  const bodyLimits = {
    ...{ maxBytes: ports.limits.maxRequestBytes, knob: "MAX_REQUEST_BYTES" as const },
    ...{ maxIdleMs: limits.maxIdleMs, maxBodyMs: limits.maxMinidumpBodyMs },
  };

  async function post(context: RouteContext, projectId: string): Promise<void> {
    const { request, response, params, query, logger } = context;
    const key = await ports.admission.admit(projectId, clientKeyOf(request.headers, query));
    const crash = await ports.db.crashes.findByEvent(projectId, params.event ?? "");
    if (crash === null) throw new AppError(404, "file_without_crash", "there is no such crash");
    ports.admission.takeCrash(key);
    const boundary = boundaryOf(request.headers["content-type"]);
    if (boundary === null) throw malformed("the Content-Type is not multipart with a boundary");
    await withBody(context, bodyLimits, async (body) => {
      try {
        await addFiles(ports, key, crash, parts(new MultipartReader(body, boundary, { maxParts: limits.maxParts })), logger);
      } catch (error) {
        throw error instanceof MultipartError ? malformed(error.message) : error;
      }
    });
    send(response, 201, "text/plain", "", corsHeaders);
  }

  const path = "/api/:project/events/:event/attachments";
  return sdkRoutes(ports, { method: "POST", path, name: "event_attachments", handle: post });
}

async function* parts(reader: MultipartReader): AsyncGenerator<SentFile> {
  for (let part = await reader.nextPart(); part !== null; part = await reader.nextPart()) if (part.fileName !== null) yield part;
  await reader.drain();
}

/**
 * Adds files to a crash, all or none. Nothing is kept, and that is counted, when the crash's dump is gone.
 * @throws AppError 413 over the limits of one crash; Dropped over the storage quota
 */
export async function addFiles(
  ports: EventAttachmentPorts,
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
      const { ref } = await storeSealed(ports, owner, blobKey, `attachment/${number}`, bounded(file.data, maxBytes, fileName));
      const contentType = file.contentType === null ? null : storable(file.contentType, 200);
      added.push({ ...ref, id: randomUUID(), fileName, contentType });
    }
    const bytes = added.reduce((sum, file) => sum + file.sizeBytes, 0);
    if (added.length > 0) {
      checkStorage(key, storageOf(ports.limits, key), bytes);
      const outcome = await ports.db.crashes.addAttachments(crash.crashId, added, {
        maxAttachments: maxCount,
        maxBytes: maxCount * maxBytes,
      });
      if (outcome === "too many") throw tooMany(maxCount);
      kept = outcome === "added";
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

async function* bounded(data: AsyncIterable<Buffer>, maxBytes: number, fileName: string): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const piece of data) {
    bytes += piece.length;
    if (bytes > maxBytes) throw tooLarge(`${fileName} is larger than the limit of ${maxBytes} bytes`);
    yield piece;
  }
}

const tooMany = (maxCount: number) => tooLarge(`the crash has as many files as it may, ${maxCount}`);
const malformed = (cause: string) => new AppError(400, "malformed_multipart", "invalid multipart data", { causes: [cause] });

/**
 * App Center's logs become crashes where a minidump is attached to an error. Error and attachments may come in one call, in any order,
 * or in several: what was said of an error and what is attached to it wait for its dump, and further files are added to the crash. The
 * error's id is the crash's event id, so that a call sent again makes no second crash.
 *
 * Managed and Apple errors without a dump are not kept; they are counted, as are sessions and the like.
 */
import type { FoundClientKey, SystemDb } from "@salvage/db/system";
import type { Logger } from "@salvage/telemetry";
import { deleteBlobs } from "../../blobs.ts";
import { AppError } from "../../http/app-error.ts";
import { tooLarge } from "../../http/body.ts";
import { baseName } from "../../http/multipart.ts";
import { limits } from "../../limits.ts";
import type { Admission } from "../admission.ts";
import { asked } from "../asked.ts";
import { countRefusal } from "../count-refusal.ts";
import { Dropped } from "../dropped.ts";
import { mergeEvent, normalizeEventId } from "../event.ts";
import { addFiles } from "../event-attachments/add-files.ts";
import { openReceipt, type SentFile } from "../receipt.ts";
import { type Held, hold } from "./held.ts";
import { announcesDump, eventOfLog } from "./log-event.ts";
import { type Json, LogError, LogReader } from "./log-reader.ts";
import { addWaiting, type WaitingPorts, wait } from "./waiting.ts";

export type AppCenterPorts = WaitingPorts & { admission: Admission; db: Pick<SystemDb, "announced"> };

export type LogsPost = {
  key: FoundClientKey;
  /** With Content-Encoding undone. */
  body: AsyncIterable<Buffer>;
  /** The header Install-ID. */
  installId: string | null;
  logger: Logger;
};

/** Ids of errors as they were sent. */
export type LogsOutcome = { valid: string[]; throttled: string[] };

type Attachment = { log: Json; held: Held };
/** One error of a call: what was said of it, and what is attached. */
type Report = { sentId: string; eventId: string; error: Json | null; attachments: Attachment[] };

const errorTypes = new Set(["managedError", "handledError", "appleError"]);

/** @throws AppError for the sender, SenderGone */
export async function acceptLogs(ports: AppCenterPorts, post: LogsPost): Promise<LogsOutcome> {
  const { key, logger } = post;
  const held = new Set<string>();
  const outcome: LogsOutcome = { valid: [], throttled: [] };
  try {
    for (const report of (await readLogs(ports, post, held)).values()) {
      try {
        await keep(ports, post, report, held);
        outcome.valid.push(report.sentId);
      } catch (error) {
        // One report that is refused does not take the others with it; the sender would drop them all.
        const refused = error instanceof Dropped || (error instanceof AppError && error.status < 500);
        if (!refused) throw error;
        countRefusal(ports.refusals, key.projectId, error);
        if (error instanceof Dropped) outcome.throttled.push(report.sentId);
      }
    }
    return outcome;
  } catch (error) {
    if (!(error instanceof LogError)) throw error;
    throw new AppError(400, "malformed_body", "invalid logs", { causes: [error.message], cause: error });
  } finally {
    await deleteBlobs(ports.blobs, [...held], logger);
  }
}

/** Reads the whole body. @param heldKeys collects the blobs that hold attachments */
async function readLogs(ports: AppCenterPorts, { key, body }: LogsPost, heldKeys: Set<string>): Promise<Map<string, Report>> {
  const reader = new LogReader(body, { maxLogs: limits.maxItems, maxLogBytes: limits.maxLogBytes }, async (data) => {
    if (heldKeys.size >= limits.maxHeldFiles) throw tooLarge(`more than ${limits.maxHeldFiles} attachments`);
    const held = await hold(ports.blobs, key, data);
    heldKeys.add(held.blobKey);
    return held;
  });
  const reports = new Map<string, Report>();
  const notKept = new Map<string, number>();
  for await (const { log, data } of reader.logs()) {
    const type = String(log.type).slice(0, 40);
    const sentId = String(type === "errorAttachment" ? log.errorId : log.id);
    const eventId = normalizeEventId(sentId);
    if (eventId === null || (!errorTypes.has(type) && (type !== "errorAttachment" || data === null))) {
      notKept.set(type, (notKept.get(type) ?? 0) + 1);
      continue;
    }
    const report = reports.get(eventId) ?? { sentId, eventId, error: null, attachments: [] };
    reports.set(eventId, report);
    if (type !== "errorAttachment") report.error ??= log;
    else if (data !== null) report.attachments.push({ log, held: data });
  }
  const named = [...notKept].map(([type, count]) => (count === 1 ? type : `${count} × ${type}`));
  if (named.length > 0) ports.refusals.count(key.projectId, "item_not_kept", named.join(", "));
  return reports;
}

/** @param heldKeys loses the blobs that are kept */
async function keep(ports: AppCenterPorts, post: LogsPost, report: Report, heldKeys: Set<string>): Promise<void> {
  const dump = report.attachments.find(({ held }) => held.looksLikeDump);
  if (dump !== undefined) return await keepCrash(ports, post, report, dump);
  const { key, installId, logger } = post;
  const { error, eventId, attachments } = report;
  const { organizationId, projectId } = key;
  let crash = await asked(ports.db.crashes.findByEvent(projectId, eventId));
  if (error !== null && announcesDump(error)) {
    const event = eventOfLog(error, installId);
    if (crash === null) {
      ports.admission.takeCrash(key);
      await asked(ports.db.announced.add({ organizationId, projectId, eventId, event, announcedAt: new Date() }));
      // Its dump may have come meanwhile, and found nothing announced.
      crash = await asked(ports.db.crashes.findByEvent(projectId, eventId));
    }
    if (crash !== null) await asked(ports.db.announced.addTo(crash.crashId, mergeEvent([event])));
  } else if (error !== null) {
    ports.refusals.count(key.projectId, "event_without_minidump", `${String(error.type).slice(0, 40)} without a minidump`);
  }
  if (attachments.length === 0) return;
  if (crash !== null) return await addFiles(ports, key, crash, filesOf(attachments), logger);
  if ((await asked(ports.db.announced.find(projectId, eventId))) === null) {
    ports.refusals.count(projectId, "file_without_crash", `attachments of error ${eventId}, which is no crash`);
    return;
  }
  for (const attachment of attachments) {
    await wait(ports, key, eventId, fileOf(attachment), attachment.held, heldKeys);
  }
  await addWaiting(ports, key, eventId, logger);
}

async function keepCrash(ports: AppCenterPorts, post: LogsPost, report: Report, dump: Attachment): Promise<void> {
  const { key, installId, logger } = post;
  ports.admission.takeCrash(key);
  const receipt = openReceipt(ports, { key, logger });
  try {
    await receipt.storeDump(fileOf(dump));
    for (const attachment of report.attachments) if (attachment !== dump) await receipt.storeAttachment(fileOf(attachment));
    const announced = () => asked(ports.db.announced.find(key.projectId, report.eventId));
    const said = report.error === null ? await announced() : eventOfLog(report.error, installId);
    const { crashId, duplicate } = await receipt.commit(
      mergeEvent([{ event_id: report.eventId }, said, eventOfLog(dump.log, installId)]),
      [],
    );
    // The crash may be there since its dump came alone, or have been announced since it was asked for.
    const late = duplicate ? said : said === null ? await announced() : null;
    if (late !== null) await asked(ports.db.announced.addTo(crashId, mergeEvent([late])));
    await addWaiting(ports, key, report.eventId, logger);
  } finally {
    await receipt.discard();
  }
}

async function* filesOf(attachments: readonly Attachment[]): AsyncGenerator<SentFile> {
  for (const attachment of attachments) yield fileOf(attachment);
}

const fileOf = ({ log, held }: Attachment): SentFile => ({
  name: null,
  fileName: typeof log.fileName === "string" ? baseName(log.fileName) : null,
  contentType: typeof log.contentType === "string" ? log.contentType : null,
  data: held.bytes(),
});

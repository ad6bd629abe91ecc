/**
 * An envelope becomes a crash when one of its attachments is a minidump: items are read one after the other, the dump and the files go
 * into the receipt as they arrive, the event and other small things into memory, and one commit makes a crash of it. Files without a
 * dump are added to the crash of their event id. What Salvage has no use for (sessions, traces, events without a dump) is read, dropped
 * and counted.
 *
 * What is said of the crash comes first from the event item, then from the envelope's header, then from what sentry-native wrote down
 * before the crash (`event.payload`, `event.breadcrumbs`).
 */
import { wrapContext } from "@salvage/blobs";
import type { FoundClientKey, ResumableUpload, SystemDb } from "@salvage/db/system";
import type { Logger } from "@salvage/telemetry";
import { unsealed } from "../../blobs.ts";
import { AppError } from "../../http/app-error.ts";
import { tooLarge } from "../../http/body.ts";
import { baseName } from "../../http/multipart.ts";
import { collect } from "../../http/pieces.ts";
import { limits } from "../../limits.ts";
import type { Admission } from "../admission.ts";
import { asked } from "../asked.ts";
import { Dropped } from "../dropped.ts";
import { mergeEvent, normalizeEventId } from "../event.ts";
import { addFiles } from "../event-attachments/add-files.ts";
import { type EventFileKind, EventFiles } from "../event-files.ts";
import { feedbackOf } from "../feedback.ts";
import { asObject, type Json, parseObject } from "../json.ts";
import { openReceipt, type Receipt, type ReceiptPorts, type SentFile } from "../receipt.ts";
import type { Refusals } from "../refusals.ts";
import { findUpload, removeUpload, uploadedBytes } from "../resumable/parts.ts";
import type { EnvelopeItem, EnvelopeReader } from "./reader.ts";

export type EnvelopePorts = Omit<ReceiptPorts, "db"> & {
  db: Pick<SystemDb, "crashes" | "feedback" | "resumables">;
  admission: Admission;
  refusals: Refusals;
};

export type EnvelopePost = {
  key: FoundClientKey;
  reader: EnvelopeReader;
  header: Json;
  logger: Logger;
};

export type EnvelopeOutcome = {
  /** Of the event, with dashes; null when nothing in the envelope has one. */
  eventId: string | null;
  /** Something was dropped because of a limit; `everything`: and nothing else was in it. */
  limited: "no" | "partly" | "everything";
};

/** An attachment whose payload names a resumable upload. */
const referenceType = /^\s*application\/vnd\.sentry\.attachment-ref\+json\s*(;|$)/i;

const eventFileKinds: Readonly<Record<string, EventFileKind>> = { "event.payload": "event", "event.breadcrumbs": "breadcrumbs" };

/** What was read of one envelope so far. */
type Reading = {
  eventId: string | null;
  receipt: Receipt | null;
  event: Json | null;
  /** What sentry-native wrote down before the crash; set with the receipt. */
  eventFiles: EventFiles | null;
  /** Resumable uploads that became part of the crash. */
  used: ResumableUpload[];
  /** Why nothing more is kept; set by the first item that is over a limit. */
  over: Dropped | null;
  /** Items that are neither of a crash nor feedback: how many of each type. */
  notKept: Map<string, number>;
};

/** @throws AppError for the sender, EnvelopeError, SenderGone */
export async function acceptEnvelope(ports: EnvelopePorts, post: EnvelopePost): Promise<EnvelopeOutcome> {
  const { key, logger } = post;
  const eventId = normalizeEventId(post.header.event_id);
  const reading: Reading = { eventId, receipt: null, event: null, eventFiles: null, used: [], over: null, notKept: new Map() };
  try {
    let items = 0;
    for (let item = await post.reader.nextItem(); item !== null; item = await post.reader.nextItem()) {
      items++;
      try {
        await readItem(ports, post, reading, item);
      } catch (error) {
        // Read on: the sender must get to the end of its body before it can read the answer.
        if (!(error instanceof Dropped)) throw error;
        reading.over ??= error;
      }
    }
    if (reading.over === null) await keep(ports, post, reading);
    const { over, notKept } = reading;
    const named = [...notKept].map(([type, count]) => (count === 1 ? type : `${count} × ${type}`));
    if (named.length > 0) ports.refusals.count(key.projectId, "item_not_kept", named.join(", "));
    if (over === null) return { eventId: reading.eventId, limited: "no" };
    ports.refusals.count(key.projectId, over.reason, over.message, over.met);
    logger.info({ projectId: key.projectId, reason: over.reason }, "envelope dropped");
    const others = [...notKept.values()].reduce((sum, count) => sum + count, 0);
    return { eventId: reading.eventId, limited: others < items && others > 0 ? "partly" : "everything" };
  } finally {
    await reading.receipt?.discard();
  }
}

async function readItem(ports: EnvelopePorts, post: EnvelopePost, reading: Reading, item: EnvelopeItem): Promise<void> {
  if (reading.over !== null) return;
  if (item.type === "event" || item.type === "user_report" || item.type === "feedback") {
    const payload = parseObject((await collect(item.data, limits.maxEventBytes, () => eventTooLarge(item.type))).toString("utf8"));
    if (payload === null)
      throw new AppError(400, "malformed_body", "invalid envelope", { causes: [`the item ${item.type} is no JSON object`] });
    if (item.type === "event" && asObject(asObject(payload.contexts)?.feedback) === null) {
      open(ports, post, reading);
      reading.event ??= payload;
      reading.eventId = normalizeEventId(payload.event_id) ?? reading.eventId;
    } else await keepFeedback(ports, post, reading, payload);
  } else if (item.type === "attachment") await readAttachment(ports, post, reading, item);
  else reading.notKept.set(item.type.slice(0, 40), (reading.notKept.get(item.type.slice(0, 40)) ?? 0) + 1);
}

/** The first item of a crash takes one from what the key may send. */
function open({ admission, ...ports }: EnvelopePorts, { key, logger }: EnvelopePost, reading: Reading): Receipt {
  if (reading.receipt === null) {
    admission.takeCrash(key);
    reading.receipt = openReceipt(ports, { key, logger });
    reading.eventFiles = new EventFiles(reading.receipt.note);
  }
  return reading.receipt;
}

async function readAttachment(ports: EnvelopePorts, post: EnvelopePost, reading: Reading, { header, data }: EnvelopeItem): Promise<void> {
  const receipt = open(ports, post, reading);
  const kind = text(header.attachment_type) ?? "event.attachment";
  const file: SentFile = { name: kind, fileName: text(header.filename), contentType: text(header.content_type), data };
  if (file.fileName !== null) file.fileName = baseName(file.fileName);
  if (file.contentType !== null && referenceType.test(file.contentType)) await readReference(ports, post, reading, kind, file);
  else if (kind === "event.minidump") await receipt.storeDump(file);
  else if (Object.hasOwn(eventFileKinds, kind))
    await reading.eventFiles?.take(eventFileKinds[kind] ?? "event", file.fileName ?? kind, data);
  else await receipt.storeAttachment(file);
}

/** The bytes of the attachment were sent before, piece by piece; here comes only their address. */
async function readReference(ports: EnvelopePorts, post: EnvelopePost, reading: Reading, kind: string, file: SentFile): Promise<void> {
  const receipt = open(ports, post, reading);
  const named = file.fileName ?? kind;
  const payload = parseObject((await collect(file.data, 16 * 1024, () => eventTooLarge("attachment"))).toString("utf8"));
  const uploadId = /\/upload\/([0-9a-f-]{36})(?:[/?#]|$)/i.exec(text(payload?.location) ?? "")?.[1];
  const upload = uploadId === undefined ? null : await findUpload(ports.db, post.key, uploadId);
  if (upload === null) return receipt.note(`${named}: left out, its upload is unknown`);
  if (upload.receivedBytes !== upload.sizeBytes)
    return receipt.note(`${named}: left out, ${upload.receivedBytes} of its ${upload.sizeBytes} bytes were uploaded`);
  const whole = { ...file, contentType: text(payload?.content_type), data: uploadedBytes(ports, upload) };
  if (kind === "event.minidump") await receipt.storeDump(whole, { value: limits.maxResumableBytes, knob: "MAX_DUMP_BYTES" });
  else await receipt.storeAttachment(whole);
  receipt.moved(upload.sizeBytes);
  reading.used.push(upload);
}

async function keep(ports: EnvelopePorts, post: EnvelopePost, reading: Reading): Promise<void> {
  const { header, logger } = post;
  const { receipt, event, eventFiles } = reading;
  if (receipt === null) return;
  try {
    if (receipt.hasDump) {
      const said = [...(event === null ? [] : [JSON.stringify(["event", event])]), ...(eventFiles?.said ?? [])];
      const outcome = await receipt.commit(mergeEvent([event, { event_id: header.event_id }, ...(eventFiles?.sources ?? [])]), said);
      reading.eventId ??= outcome.crashId;
    } else if (!(await keepFiles(ports, post, reading, receipt))) return;
  } catch (error) {
    if (!(error instanceof Dropped)) throw error;
    reading.over = error;
    return;
  }
  for (const upload of reading.used) await removeUpload(ports, upload.id, logger);
}

/** What came without a dump: its files are added to the crash of its event id. @returns false when there is none */
async function keepFiles(ports: EnvelopePorts, { key, logger }: EnvelopePost, reading: Reading, receipt: Receipt): Promise<boolean> {
  const { event, eventId } = reading;
  const files = receipt.attachments.length > 0 && eventId !== null;
  const crash = files ? await asked(ports.db.crashes.findByEvent(key.projectId, eventId)) : null;
  if (crash !== null) await addFiles(ports, key, crash, storedFiles(ports, key, receipt), logger);
  if (event !== null || crash === null) {
    const what = event === null ? "attachments" : `an event of platform ${text(event.platform) ?? "unknown"}`;
    ports.refusals.count(key.projectId, "event_without_minidump", `${what} without a minidump`);
  }
  return crash !== null;
}

/** The files of a receipt that becomes no crash of its own. */
async function* storedFiles(
  { blobs, keyring }: Pick<EnvelopePorts, "blobs" | "keyring">,
  { organizationId, projectId }: FoundClientKey,
  { crashId, attachments }: Receipt,
): AsyncGenerator<SentFile> {
  for (const [number, { ref, fileName, contentType }] of attachments.entries()) {
    const dataKey = keyring.unwrap(ref.wrappedKey, wrapContext(organizationId, projectId, crashId));
    const context = { organizationId, projectId, crashId, part: `attachment/${number}` };
    yield { name: null, fileName, contentType, data: unsealed(blobs, ref.blobKey, dataKey, context) };
  }
}

async function keepFeedback(ports: EnvelopePorts, { key }: EnvelopePost, reading: Reading, payload: Json): Promise<void> {
  const feedback = feedbackOf(payload, reading.eventId);
  if (feedback === null) {
    reading.notKept.set("feedback that names no crash", 1);
    return;
  }
  ports.admission.takeCrash(key);
  reading.eventId ??= feedback.eventId;
  const { organizationId, projectId } = key;
  await asked(ports.db.feedback.add({ organizationId, projectId, ...feedback, receivedAt: new Date() }));
}

const text = (value: unknown): string | null => (typeof value === "string" && value !== "" ? value : null);
const eventTooLarge = (type: string) => tooLarge(`the item ${type} is larger than the limit of ${limits.maxEventBytes} bytes`);

/**
 * GET /api/v1/crashes/<id>: the crash and its newest report as one JSON document. GET …/dump and …/attachments/<id>: the minidump and the
 * files that came with it, while they are held.
 */
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { BlobNotFound, type BlobStore, type Keyring, wrapContext } from "@salvage/blobs";
import type { DownloadableAttachment, DownloadableDump, OrgDb, OrgGate } from "@salvage/db";
import { unsealed } from "../blobs.ts";
import { AppError } from "../http/app-error.ts";
import { sendJson } from "../http/respond.ts";
import type { RouteContext } from "../http/router.ts";
import { authorize, notFound } from "./authorize.ts";

export type CrashPorts = { gate: OrgGate; blobs: BlobStore; keyring: Keyring };

/** A report that inflates beyond this is not one of ours. */
const maxReportBytes = 256 * 1024 * 1024;
const inflate = promisify(gunzip);

/** Answers the contract's crashDetail with a member `report`: the report's own JSON, null when there is none yet. */
export async function getCrash({ gate, blobs }: CrashPorts, context: RouteContext): Promise<void> {
  const { db } = await authorize(gate, context, "crash:read");
  const crashId = context.params.crash ?? "";
  const detail = await db.crashes.byId({ crashId });
  if (detail === null) throw notFound("crash");
  const report = await newestReport(db, blobs, crashId);
  // The report is put in as it is stored: parsing and printing it again would only cost time.
  sendJson(context.response, 200, `${JSON.stringify(detail).slice(0, -1)},"report":${report ?? "null"}}`);
}

/** A new revision may take the place of the one that was just looked up, and its blob away: then the lookup is made again. */
async function newestReport(db: OrgDb, blobs: BlobStore, crashId: string): Promise<string | null> {
  const stored = await db.crashes.reportBlob({ crashId });
  if (stored === null) return null;
  try {
    return await readReport(blobs, stored.blobKey);
  } catch (error) {
    const newer = error instanceof BlobNotFound ? await db.crashes.reportBlob({ crashId }) : null;
    if (newer === null || newer.blobKey === stored.blobKey) throw error;
    return await readReport(blobs, newer.blobKey);
  }
}

async function readReport(blobs: BlobStore, blobKey: string): Promise<string> {
  const blob = await blobs.open(blobKey);
  try {
    const bytes = await inflate(await blob.read(0, blob.size), { maxOutputLength: maxReportBytes });
    return bytes.toString("utf8");
  } finally {
    await blob.close();
  }
}

/** Streams the plain dump. By token with `dump:download`, or by a ticket made for this crash, which works once. Audited. */
export async function getDump(ports: CrashPorts, context: RouteContext): Promise<void> {
  const crashId = context.params.crash ?? "";
  const dump = await (await authorizeDownload(ports.gate, context, crashId)).crashes.dumpForDownload({ crashId });
  if (dump === "not found") throw notFound("crash");
  if (dump === "no dump") throw deleted("minidump");
  await sendPlain(ports, context, dump, { part: "dump", what: "minidump", fileName: `${dump.crashId}.dmp` });
}

/** Streams one attachment, plain; for whom, and how often, as with the dump. Whatever its sender called it, it is only ever saved. */
export async function getAttachment(ports: CrashPorts, context: RouteContext): Promise<void> {
  const { crash: crashId = "", attachment: attachmentId = "" } = context.params;
  const { crashes } = await authorizeDownload(ports.gate, context, crashId);
  const file = await crashes.attachmentForDownload({ crashId, attachmentId });
  if (file === "not found") throw notFound("attachment");
  if (file === "no dump") throw deleted("attachment");
  const number = file.blobKey.slice(file.blobKey.lastIndexOf("/") + 1);
  await sendPlain(ports, context, file, { part: `attachment/${number}`, what: "attachment", fileName: file.fileName });
}

async function sendPlain(
  { blobs, keyring }: CrashPorts,
  { response }: RouteContext,
  file: DownloadableAttachment | DownloadableDump,
  { part, what, fileName }: { part: string; what: string; fileName: string },
): Promise<void> {
  const { organizationId, projectId, crashId } = file;
  const dataKey = keyring.unwrap(file.wrappedKey, wrapContext(organizationId, projectId, crashId));
  const plain = unsealed(blobs, file.blobKey, dataKey, { organizationId, projectId, crashId, part });
  // The first piece opens only when the whole is as long as it was: a broken seal is still an answer in words.
  const first = await plain.next().catch((error: unknown) => {
    throw error instanceof BlobNotFound ? deleted(what) : error;
  });
  response.writeHead(200, {
    "Content-Type": "application/octet-stream",
    "Content-Length": file.sizeBytes,
    "Content-Disposition": savedAs(fileName),
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
  });
  if (!first.done) response.write(first.value);
  await pipeline(plain, response);
}

/** RFC 6266: a plain name for everybody, the whole one for those who read RFC 8187. */
function savedAs(fileName: string): string {
  const plain = fileName.replaceAll(/[^A-Za-z0-9._-]/g, "_");
  const whole = encodeURIComponent(fileName).replaceAll(/['()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
  return plain === fileName ? `attachment; filename="${plain}"` : `attachment; filename="${plain}"; filename*=UTF-8''${whole}`;
}

async function authorizeDownload(gate: OrgGate, context: RouteContext, crashId: string): Promise<OrgDb> {
  // Neither a ticket nor a line in the audit log is spent on a request for headers alone.
  if (context.request.method !== "GET") throw new AppError(405, null, "method not allowed", { headers: { Allow: "GET" } });
  const ticket = context.query.get("ticket");
  if (ticket === null) return (await authorize(gate, context, "dump:download")).db;
  const redeemed = await gate.redeemDumpTicket(ticket, crashId);
  if (redeemed === null) throw new AppError(403, null, "the download link was used or has expired; make a new one on the crash's page");
  return redeemed.db;
}

const deleted = (what: string) => new AppError(410, null, `the ${what} of this crash was deleted`);

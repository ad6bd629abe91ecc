/** GET /api/v1/crashes/<id>: the crash and its newest report as one JSON document. GET …/dump: the minidump while it is held. */
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { BlobNotFound, type BlobStore, type Keyring, unsealStream, wrapContext } from "@salvage/blobs";
import type { OrgDb, OrgGate } from "@salvage/db";
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
export async function getDump({ gate, blobs, keyring }: CrashPorts, context: RouteContext): Promise<void> {
  // Neither a ticket nor a line in the audit log is spent on a request for headers alone.
  if (context.request.method !== "GET") throw new AppError(405, null, "method not allowed", { headers: { Allow: "GET" } });
  const crashId = context.params.crash ?? "";
  const dump = await (await authorizeDump(gate, context, crashId)).crashes.dumpForDownload({ crashId });
  if (dump === "not found") throw notFound("crash");
  if (dump === "no dump") throw deleted();
  const { organizationId, projectId } = dump;
  const dataKey = keyring.unwrap(dump.wrappedKey, wrapContext(organizationId, projectId, dump.crashId));
  const blob = await blobs.open(dump.blobKey).catch((error: unknown) => {
    throw error instanceof BlobNotFound ? deleted() : error;
  });
  try {
    const plain = unsealStream(blob, dataKey, { organizationId, projectId, crashId: dump.crashId, part: "dump" });
    // The first piece opens only when the whole is as long as it was: a broken seal is still an answer in words.
    const first = await plain.next();
    context.response.writeHead(200, {
      "Content-Type": "application/octet-stream",
      "Content-Length": dump.sizeBytes,
      "Content-Disposition": `attachment; filename="${dump.crashId}.dmp"`,
      "Cache-Control": "no-store",
      "X-Content-Type-Options": "nosniff",
    });
    if (!first.done) context.response.write(first.value);
    await pipeline(plain, context.response);
  } finally {
    await blob.close();
  }
}

async function authorizeDump(gate: OrgGate, context: RouteContext, crashId: string): Promise<OrgDb> {
  const ticket = context.query.get("ticket");
  if (ticket === null) return (await authorize(gate, context, "dump:download")).db;
  const redeemed = await gate.redeemDumpTicket(ticket, crashId);
  if (redeemed === null) throw new AppError(403, null, "the download link was used or has expired; make a new one on the crash's page");
  return redeemed.db;
}

const deleted = () => new AppError(410, null, "the minidump of this crash was deleted");

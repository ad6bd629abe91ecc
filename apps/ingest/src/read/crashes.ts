/** GET /api/v1/crashes/<id>: the crash and its newest report as one JSON document. GET …/dump: the minidump while it is held. */
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { type BlobStore, type Keyring, unsealStream, wrapContext } from "@salvage/blobs";
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
  const [detail, stored] = await Promise.all([db.crashes.byId({ crashId }), db.crashes.reportBlob({ crashId })]);
  if (detail === null) throw notFound("crash");
  const report = stored === null ? "null" : await readReport(blobs, stored.blobKey);
  // The report is put in as it is stored: parsing and printing it again would only cost time.
  sendJson(context.response, 200, `${JSON.stringify(detail).slice(0, -1)},"report":${report}}`);
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
  const crashId = context.params.crash ?? "";
  const dump = await (await authorizeDump(gate, context, crashId)).crashes.dumpForDownload({ crashId });
  if (dump === "not found") throw notFound("crash");
  if (dump === "no dump") throw new AppError(410, null, "the minidump of this crash was deleted");
  const dataKey = keyring.unwrap(dump.wrappedKey, wrapContext(dump.organizationId, dump.projectId, dump.crashId));
  const blob = await blobs.open(dump.blobKey);
  try {
    context.response.writeHead(200, {
      "Content-Type": "application/octet-stream",
      "Content-Length": dump.sizeBytes,
      "Content-Disposition": `attachment; filename="${dump.crashId}.dmp"`,
      "Cache-Control": "no-store",
      "X-Content-Type-Options": "nosniff",
    });
    const { organizationId, projectId } = dump;
    const plain = unsealStream(blob, dataKey, { organizationId, projectId, crashId: dump.crashId, part: "dump" });
    await pipeline(plain, context.response);
  } finally {
    await blob.close();
  }
}

async function authorizeDump(gate: OrgGate, context: RouteContext, crashId: string): Promise<OrgDb> {
  const ticket = context.query.get("ticket");
  if (ticket === null) return (await authorize(gate, context, "dump:download")).db;
  // Using a ticket up must not be done by a request that only asks for headers.
  if (context.request.method !== "GET") throw new AppError(405, null, "method not allowed", { headers: { Allow: "GET" } });
  const redeemed = await gate.redeemDumpTicket(ticket, crashId);
  if (redeemed === null) throw new AppError(403, null, "the download link was used or has expired; make a new one on the crash's page");
  return redeemed.db;
}

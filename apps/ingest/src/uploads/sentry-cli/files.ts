/**
 * Debug files by Sentry's web API: list, download, delete; and the way in of sentry-cli 1.x, which 2.x takes where there is no chunk
 * upload: ask which checksums are missing, then send a zip of those files.
 */
import { pipeline } from "node:stream/promises";
import { AppError } from "../../http/app-error.ts";
import { send, sendJson } from "../../http/respond.ts";
import type { RouteContext } from "../../http/router.ts";
import { storable } from "../../intake/scrub.ts";
import { notFound } from "../../read/authorize.ts";
import { acceptDebugFile } from "../accept-debug-file.ts";
import { authorizeForeign, projectNamed, readForm } from "../foreign.ts";
import type { ForeignPorts } from "../routes.ts";
import { debugInformation } from "./dif.ts";

/** Checksums in one question: a query string holds about this many. */
const maxChecksums = 2_000;

/** `?query=&debug_id=&code_id=&file_formats=&cursor=` → list; `?id=` → the file. */
export async function getFiles(ports: ForeignPorts, context: RouteContext): Promise<void> {
  const { db } = await authorizeForeign(ports.gate, context, "debug-file:read");
  await projectNamed(db, context.params.project ?? "");
  const { query, response } = context;
  const id = query.get("id");
  if (id !== null) return await download(ports, context, await db.debugFiles.source({ debugFileId: id }));
  const search = query.get("debug_id")?.replaceAll("-", "").slice(0, 32) ?? query.get("code_id") ?? query.get("query") ?? "";
  const page = await db.debugFiles.list({ search, cursor: query.get("cursor") });
  const formats = query.getAll("file_formats");
  const files = page.items.filter((file) => formats.length === 0 || formats.includes(file.kind));
  const body = files.map((file) => debugInformation({ ...file, sha1: null, createdAt: file.uploadedAt }));
  sendJson(response, 200, body, pageLink(context, page.next));
}

async function download(
  { blobs }: ForeignPorts,
  { response, request }: RouteContext,
  file: { name: string; sizeBytes: number; sourceBlobKey: string } | null,
): Promise<void> {
  if (file === null || !(await blobs.exists(file.sourceBlobKey))) throw notFound("debug file");
  response.writeHead(200, {
    "Content-Type": "application/octet-stream",
    "Content-Length": file.sizeBytes,
    "Content-Disposition": `attachment; filename="${file.name.replace(/[^\w.+-]/g, "_")}"`,
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
  });
  if (request.method === "HEAD") response.end();
  else await pipeline(blobs.createReadStream(file.sourceBlobKey), response);
}

export async function deleteFile(ports: ForeignPorts, context: RouteContext): Promise<void> {
  const { db } = await authorizeForeign(ports.gate, context, "debug-file:write");
  await projectNamed(db, context.params.project ?? "");
  if ((await db.debugFiles.delete({ debugFileId: context.query.get("id") ?? "" })) === "not found") throw notFound("debug file");
  send(context.response, 204, "application/json", "");
}

/** `?checksums=<sha1>&…` → those that the organization does not have. Files that came inside a zip are not known by their SHA-1. */
export async function getMissing(ports: ForeignPorts, context: RouteContext): Promise<void> {
  const { db, token } = await authorizeForeign(ports.gate, context, "debug-file:write");
  await projectNamed(db, context.params.project ?? "");
  const checksums = context.query.getAll("checksums").map((each) => each.toLowerCase());
  if (checksums.length > maxChecksums || checksums.some((each) => !/^[0-9a-f]{40}$/.test(each)))
    throw new AppError(400, null, `checksums are SHA-1 in 40 hex digits, at most ${maxChecksums} of them`);
  const known = await ports.db.uploads.bySha1(token.organizationId, checksums);
  sendJson(context.response, 200, { missing: checksums.filter((each) => known.get(each)?.state !== "ready") });
}

/** A form with one file, a zip as a rule. Answers before the import: the list of what came of it is empty. */
export async function postFiles(ports: ForeignPorts, context: RouteContext): Promise<void> {
  const { db, token } = await authorizeForeign(ports.gate, context, "debug-file:write");
  const project = await projectNamed(db, context.params.project ?? "");
  const files = await readForm(ports, context, async (form) => {
    let count = 0;
    for (let part = await form.nextPart(); part !== null; part = await form.nextPart()) {
      if (part.fileName === null) continue;
      count++;
      await acceptDebugFile(ports, {
        organizationId: token.organizationId,
        projectId: project.id,
        actor: token.name,
        fileName: storable(part.fileName, 255) || "upload.zip",
        body: part.data,
        logger: context.logger,
      });
    }
    return count;
  });
  if (files === 0) throw new AppError(400, null, "the form has no file");
  sendJson(context.response, 201, []);
}

/** The header by which Sentry's clients turn pages: they stop when it is missing or says that there are no further results. */
export function pageLink({ request }: RouteContext, cursor: string | null): Record<string, string> {
  const path = (request.url ?? "/").replace(/\?.*$/, "");
  const link = (rel: string, results: boolean, to: string) => `<${path}?cursor=${to}>; rel="${rel}"; results="${results}"; cursor="${to}"`;
  return { Link: `${link("previous", false, "")}, ${link("next", cursor !== null, cursor ?? "")}` };
}

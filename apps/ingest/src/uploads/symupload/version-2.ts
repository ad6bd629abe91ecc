/**
 * Google Breakpad's sym-upload-v2: ask, announce, put, complete. The clients read answers by regular expressions that want exactly one blank
 * behind each colon, take anything but 200 with MISSING for a failure of the question, and do not send JSON: names stand without quotes.
 */
import { AppError } from "../../http/app-error.ts";
import { readText } from "../../http/json-body.ts";
import { baseName } from "../../http/multipart.ts";
import { sendJson } from "../../http/respond.ts";
import type { RouteContext } from "../../http/router.ts";
import { storable } from "../../intake/scrub.ts";
import { limits } from "../../limits.ts";
import { notFound } from "../../read/authorize.ts";
import { authorizeForeign, projectNamed } from "../foreign.ts";
import type { ForeignPorts } from "../routes.ts";
import { breakpadDebugId } from "../sentry-cli/dif.ts";
import { announce, commitTransfer } from "../transfers.ts";

/** JSON with one member a line and one blank behind each colon. */
const answer = (context: RouteContext, body: object) => sendJson(context.response, 200, JSON.stringify(body, null, 1));

/** `GET …/v1/symbols/<file>/<id>:checkStatus`. The id is a debug id, or a build id where the client was given one. */
export async function checkStatus(ports: ForeignPorts, context: RouteContext): Promise<void> {
  const { db } = await authorizeForeign(ports.gate, context, "debug-file:write");
  const id = verb(context.params.id, "checkStatus");
  const image = {
    debugId: breakpadDebugId(id),
    codeId: /^[0-9a-f]+$/i.test(id) ? id.toLowerCase() : null,
    name: context.params.file ?? "",
  };
  const [held] = await db.debugFiles.coverage({ images: [image] });
  answer(context, { status: held?.names === true ? "FOUND" : "MISSING" });
}

/** `POST …/v1/uploads:create`, without a body. */
export async function createUpload(ports: ForeignPorts, context: RouteContext): Promise<void> {
  const { token, db } = await authorizeForeign(ports.gate, context, "debug-file:write");
  const { project } = context.params;
  const { transfer, uploadUrl } = await announce(ports, {
    organizationId: token.organizationId,
    projectId: project === undefined ? null : (await projectNamed(db, project)).id,
    actor: token.name,
    fileName: "upload",
    symbolType: "BREAKPAD",
  });
  answer(context, { uploadUrl, uploadKey: transfer.id });
}

/** `POST …/v1/uploads/<key>:complete` with what the file is. */
export async function completeUpload(ports: ForeignPorts, context: RouteContext): Promise<void> {
  const { token } = await authorizeForeign(ports.gate, context, "debug-file:write");
  const transfer = await ports.db.transfers.byId(token.organizationId, verb(context.params.upload, "complete"));
  if (transfer === null) throw notFound("upload");
  const said = await readText(context, limits.maxJsonBytes);
  const type = member(said, "symbol_upload_type") ?? "BREAKPAD";
  const name = storable(baseName(member(said, "debug_file") ?? ""), 250) || "upload";
  const { duplicate } = await commitTransfer(ports, context, transfer, {
    fileName: type === "BREAKPAD" ? `${name}.sym` : name,
    claimedDebugId: type === "PDB" ? breakpadDebugId(member(said, "debug_id") ?? "") : null,
  });
  answer(context, { result: duplicate ? "DUPLICATE_DATA" : "OK" });
}

/** The value of a member, whether its name has quotes or not. */
function member(text: string, name: string): string | null {
  return new RegExp(`\\b${name}["']?\\s*:\\s*"([^"]{0,500})"`).exec(text)?.[1] ?? null;
}

/** What stands before `:verb` at the end of a path. @throws AppError 404 without it */
function verb(segment: string | undefined, expected: string): string {
  if (segment?.endsWith(`:${expected}`) === true) return segment.slice(0, -expected.length - 1);
  throw new AppError(404, null, "there is no such route");
}

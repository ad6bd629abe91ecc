/**
 * App Center's symbol upload: announce, put, commit. The command line tool swallows what went wrong while putting and commits all the same:
 * so the commit looks whether the file is there. Its id is the transfer's; once it is an upload, its status is the import's.
 */
import type { UploadState } from "@salvage/contracts";
import type { FileTransfer } from "@salvage/db/system";
import { z } from "zod";
import { readJson } from "../../http/json-body.ts";
import { baseName } from "../../http/multipart.ts";
import { sendJson } from "../../http/respond.ts";
import type { RouteContext } from "../../http/router.ts";
import { storable } from "../../intake/scrub.ts";
import { limits } from "../../limits.ts";
import { notFound } from "../../read/authorize.ts";
import { authorizeForeign, projectNamed } from "../foreign.ts";
import type { ForeignPorts } from "../routes.ts";
import { announce, commitTransfer } from "../transfers.ts";

/** Uploads in one list. */
const maxListed = 100;

const announced = z.object({
  symbol_type: z.enum(["Apple", "JavaScript", "Breakpad", "AndroidProguard", "UWP"]),
  file_name: z.string().max(500).optional(),
});

export async function postUpload(ports: ForeignPorts, context: RouteContext): Promise<void> {
  const { token, project } = await appOf(ports, context);
  const { symbol_type: symbolType, file_name: name } = await readJson(context, announced, limits.maxJsonBytes);
  const { transfer, uploadUrl } = await announce(ports, {
    organizationId: token.organizationId,
    projectId: project.id,
    actor: token.name,
    fileName: storable(baseName(name ?? ""), 255) || "symbols.zip",
    symbolType,
  });
  sendJson(context.response, 200, {
    symbol_upload_id: transfer.id,
    upload_url: uploadUrl,
    expiration_date: transfer.expiresAt.toISOString(),
  });
}

export async function patchUpload(ports: ForeignPorts, context: RouteContext): Promise<void> {
  const { transfer } = await uploadOf(ports, context);
  const { status } = await readJson(context, z.object({ status: z.enum(["committed", "aborted"]) }), limits.maxJsonBytes);
  if (status === "committed") await commitTransfer(ports, context, transfer, { fileName: transfer.fileName, claimedDebugId: null });
  else await ports.db.transfers.end(transfer.id, "aborted", null);
  await getUpload(ports, context);
}

export async function getUpload(ports: ForeignPorts, context: RouteContext): Promise<void> {
  sendJson(context.response, 200, symbolUpload((await uploadOf(ports, context)).transfer));
}

export async function deleteUpload(ports: ForeignPorts, context: RouteContext): Promise<void> {
  const { transfer } = await uploadOf(ports, context);
  await ports.db.transfers.end(transfer.id, "aborted", null);
  await getUpload(ports, context);
}

export async function getUploads(ports: ForeignPorts, context: RouteContext): Promise<void> {
  const { token, project } = await appOf(ports, context);
  const { query } = context;
  const wanted = { status: query.get("status"), type: query.get("symbol_type") };
  const top = Math.min(maxListed, Math.max(1, Number(query.get("top")) || maxListed));
  const uploads = (await ports.db.transfers.list(token.organizationId, project.id, maxListed)).map(symbolUpload);
  const chosen = uploads.filter(
    (upload) => (wanted.status ?? upload.status) === upload.status && (wanted.type ?? upload.symbol_type) === upload.symbol_type,
  );
  sendJson(context.response, 200, chosen.slice(0, top));
}

/** The organization and project of `/v0.1/apps/<owner>/<app>`. */
export async function appOf(ports: ForeignPorts, context: RouteContext) {
  const authorized = await authorizeForeign(ports.gate, context, "debug-file:write");
  return { ...authorized, project: await projectNamed(authorized.db, context.params.app ?? "") };
}

async function uploadOf(ports: ForeignPorts, context: RouteContext) {
  const app = await appOf(ports, context);
  const transfer = await ports.db.transfers.byId(app.token.organizationId, context.params.upload ?? "");
  if (transfer === null || transfer.projectId !== app.project.id) throw notFound("symbol upload");
  return { ...app, transfer };
}

const statusOfUpload: Readonly<Record<UploadState, string>> = {
  received: "processing",
  checking: "processing",
  ready: "indexed",
  rejected: "failed",
};

function symbolUpload(transfer: FileTransfer) {
  const { id, projectId, state, symbolType, uploadState, sizeBytes, fileName, createdAt, actor } = transfer;
  const ended = uploadState === null ? state : statusOfUpload[uploadState];
  return {
    symbol_upload_id: id,
    app_id: projectId,
    user: { display_name: actor },
    status: state === "open" ? "created" : ended,
    symbol_type: symbolType,
    symbols_uploaded: [],
    origin: "User",
    file_name: fileName,
    // In MiB.
    file_size: (sizeBytes ?? 0) / 1024 ** 2,
    timestamp: createdAt.toISOString(),
  };
}

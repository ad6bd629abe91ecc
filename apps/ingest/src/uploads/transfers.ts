/**
 * Files that are announced, put to an address of their own and committed: what sym-upload-v2 and App Center have in common. What is put
 * is stored as chunks, so that an abandoned transfer is swept like the halves of any other upload. The address carries its own secret,
 * since the clients send no token there.
 */
import { createHash, randomBytes, randomUUID } from "node:crypto";
import type { FileTransfer, NewTransfer, StoredChunk } from "@salvage/db/system";
import { AppError } from "../http/app-error.ts";
import { readText } from "../http/json-body.ts";
import { bounded } from "../http/pieces.ts";
import { send } from "../http/respond.ts";
import type { Route, RouteContext } from "../http/router.ts";
import { withBody } from "../http/with-body.ts";
import { limits } from "../limits.ts";
import { acceptDebugFile } from "./accept-debug-file.ts";
import { joined, storeChunk } from "./chunk-store.ts";
import type { ForeignPorts } from "./routes.ts";

const hashOf = (secret: string) => createHash("sha256").update(secret).digest("hex");

/** @returns the transfer and the address that the file is put to: two path segments, as Azure's client wants it */
export async function announce(
  { db, publicUrl }: ForeignPorts,
  transfer: Omit<NewTransfer, "id" | "secretHash">,
): Promise<{ transfer: FileTransfer; uploadUrl: string }> {
  const id = randomUUID();
  const secret = randomBytes(24).toString("hex");
  const made = await db.transfers.insert({ ...transfer, id, secretHash: hashOf(secret) });
  return { transfer: made, uploadUrl: `${publicUrl}/symbol-uploads/${id}?ticket=${secret}` };
}

/**
 * The file is put whole; or, by Azure's client, in blocks (`comp=block`, in any order) and then their list (`comp=blocklist`). Azure's
 * client wants 201, Breakpad's exactly 200.
 */
export function transferRoutes(ports: ForeignPorts): Route[] {
  async function put(context: RouteContext): Promise<void> {
    const { params, query, request } = context;
    const transfer = await ports.db.transfers.bySecret(params.transfer ?? "", hashOf(query.get("ticket") ?? ""));
    if (transfer === null) throw new AppError(403, null, "this address takes no file, or no longer: announce the upload again");
    await ports.disk.check();
    const part = query.get("comp");
    if (part === "blocklist") await putList(ports, context, transfer);
    else {
      const sha1 = await putBytes(ports, context, transfer);
      if (part === "block") await ports.db.transfers.addBlock(transfer.id, query.get("blockid") ?? "", sha1);
      else await ports.db.transfers.setChunks(transfer.id, [sha1]);
    }
    const azure = part !== null || request.headers["x-ms-blob-type"] !== undefined;
    send(context.response, azure ? 201 : 200, "text/plain", "");
  }
  return [{ method: "PUT", path: "/symbol-uploads/:transfer", name: "symbol_transfer", handle: put }];
}

async function putBytes(ports: ForeignPorts, context: RouteContext, { organizationId }: FileTransfer): Promise<string> {
  const bodyLimits = { maxBytes: ports.limits.maxDebugFileBytes, maxIdleMs: limits.maxIdleMs, maxBodyMs: limits.maxDebugFileBodyMs };
  const { logger } = context;
  const stored = await withBody(context, bodyLimits, (bytes) => storeChunk(ports, { organizationId, sha1: null, bytes, logger }));
  return stored.sha1;
}

/** The list of blocks is XML of one level: `<BlockList><Latest>id</Latest>…`. */
async function putList({ db }: ForeignPorts, context: RouteContext, { id, blocks }: FileTransfer): Promise<void> {
  const xml = await readText(context, limits.maxJsonBytes * 8);
  const ids = Array.from(xml.matchAll(/<(?:Latest|Uncommitted|Committed)>([^<]*)</g), (match) => match[1]?.trim() ?? "");
  const sha1s = ids.map((blockId) => (Object.hasOwn(blocks, blockId) ? blocks[blockId] : undefined));
  const missing = ids.find((_, i) => sha1s[i] === undefined);
  if (ids.length === 0 || missing !== undefined)
    throw new AppError(
      400,
      null,
      ids.length === 0 ? "the list names no block" : `the list names block ${missing?.slice(0, 100)}, which was not put`,
    );
  await db.transfers.setChunks(
    id,
    sha1s.filter((sha1) => sha1 !== undefined),
  );
}

/**
 * Makes the file that was put an upload. Said again, the first one's answer stands.
 * @throws AppError 409 when nothing was put, or not all of it is still there
 */
export async function commitTransfer(
  ports: ForeignPorts,
  context: RouteContext,
  transfer: FileTransfer,
  file: { fileName: string; claimedDebugId: string | null },
): Promise<{ uploadId: string; duplicate: boolean }> {
  if (transfer.uploadId !== null) return { uploadId: transfer.uploadId, duplicate: true };
  if (transfer.state !== "open") throw new AppError(409, null, "this upload was given up before");
  const { organizationId, projectId, actor } = transfer;
  const held = await ports.db.chunks.held(organizationId, transfer.chunks);
  const chunks = transfer.chunks.map((sha1) => held.get(sha1)).filter((chunk): chunk is StoredChunk => chunk !== undefined);
  if (chunks.length === 0 || chunks.length < transfer.chunks.length)
    throw new AppError(409, null, "the file was not put, or not all of it: put it to its upload address, then commit");
  const { maxDebugFileBytes } = ports.limits;
  const tooLong = () => new AppError(413, null, `the file is larger than the limit of ${maxDebugFileBytes} bytes`);
  const outcome = await acceptDebugFile(ports, {
    organizationId,
    projectId,
    actor,
    ...file,
    body: bounded(joined(ports.blobs, chunks, null), maxDebugFileBytes, tooLong),
    logger: context.logger,
  });
  await ports.db.transfers.end(transfer.id, "committed", outcome.uploadId);
  await ports.db.chunks.release(organizationId, transfer.chunks);
  return outcome;
}

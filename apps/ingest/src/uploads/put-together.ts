/** A file whose chunks are all there becomes an upload like any other; of one that lacks some, which. */
import type { StoredChunk } from "@salvage/db/system";
import type { Logger } from "@salvage/telemetry";
import { AppError } from "../http/app-error.ts";
import { baseName } from "../http/multipart.ts";
import { storable } from "../intake/scrub.ts";
import { acceptDebugFile } from "./accept-debug-file.ts";
import { joined } from "./chunk-store.ts";
import type { ForeignPorts } from "./routes.ts";

export type FileInChunks = {
  organizationId: string;
  projectId: string | null;
  /** Who uploads, for people. */
  actor: string;
  name: string;
  /** Of the whole, as the sender says it: it is checked. Lower-case hex. */
  sha1?: string;
  sha256?: string;
  /** SHA-1 of the chunks, in order. */
  chunks: readonly string[];
  /** The debug id that the sender wants it under, in Breakpad form. */
  claimedDebugId?: string | null;
  logger: Logger;
};

/** @throws AppError 413 over the size limit, 400 when the chunks make another file, 507 and 503 as acceptDebugFile does */
export async function putTogether(ports: ForeignPorts, file: FileInChunks): Promise<{ missingChunks: string[] } | { uploadId: string }> {
  const { organizationId } = file;
  const held = await ports.db.chunks.held(organizationId, file.chunks);
  const missingChunks = [...new Set(file.chunks)].filter((chunk) => !held.has(chunk));
  if (missingChunks.length > 0 || file.chunks.length === 0) return { missingChunks };
  const chunks = file.chunks.map((chunk) => held.get(chunk)).filter((chunk): chunk is StoredChunk => chunk !== undefined);
  const sizeBytes = chunks.reduce((sum, chunk) => sum + chunk.sizeBytes, 0);
  const { maxDebugFileBytes } = ports.limits;
  if (sizeBytes > maxDebugFileBytes) throw new AppError(413, null, `the file has ${sizeBytes} bytes, the limit is ${maxDebugFileBytes}`);
  await ports.disk.check();
  const { uploadId } = await acceptDebugFile(ports, {
    organizationId,
    projectId: file.projectId,
    actor: file.actor,
    fileName: storable(baseName(file.name), 255) || "upload",
    ...(file.sha1 === undefined ? {} : { sha1: file.sha1 }),
    ...(file.sha256 === undefined ? {} : { sha256: file.sha256 }),
    claimedDebugId: file.claimedDebugId ?? null,
    body: joined(ports.blobs, chunks, file.sha1 ?? null),
    logger: file.logger,
  });
  await ports.db.chunks.release(organizationId, file.chunks);
  return { uploadId };
}

/**
 * sentry-cli's chunk upload: `GET` says how files are to be cut, `POST` brings chunks as parts of a form, each named by the SHA-1 of its
 * plain bytes; field `file_gzip` holds them packed, `file` plain. Each part streams to disk.
 */
import { AppError } from "../../http/app-error.ts";
import { inflate } from "../../http/body.ts";
import type { Part } from "../../http/multipart.ts";
import { bounded } from "../../http/pieces.ts";
import { sendJson } from "../../http/respond.ts";
import type { RouteContext } from "../../http/router.ts";
import { limits } from "../../limits.ts";
import { storeChunk } from "../chunk-store.ts";
import { authorizeForeign, readForm } from "../foreign.ts";
import type { ForeignPorts } from "../routes.ts";

/** What 2.x asks for before it sends a kind of file; 3.x does not look. Kinds that cannot be used get a verdict that says so. */
const accepted = ["debug_files", "pdbs", "portablepdbs", "sources", "bcsymbolmaps", "il2cpp"];
/** Of the form around each chunk, and of what packing may add. */
const formBytes = 64 * 1024;

export async function getChunkOptions({ gate, limits: { maxDebugFileBytes } }: ForeignPorts, context: RouteContext): Promise<void> {
  const { token } = await authorizeForeign(gate, context, "debug-file:write");
  sendJson(context.response, 200, {
    // Taken relative to /api/0, so that it is right by whatever name the client knows this server.
    url: `/organizations/${token.organizationSlug}/chunk-upload/`,
    chunkSize: limits.chunkBytes,
    chunksPerRequest: limits.chunksPerRequest,
    maxFileSize: maxDebugFileBytes,
    maxRequestSize: limits.maxChunkRequestBytes,
    concurrency: limits.chunkRequestsAtOnce,
    hashAlgorithm: "sha1",
    // Not brotli: 2.x would choose it, and packs slowly.
    compression: ["gzip"],
    accept: accepted,
  });
}

export async function postChunks(ports: ForeignPorts, context: RouteContext): Promise<void> {
  const { token } = await authorizeForeign(ports.gate, context, "debug-file:write");
  const { organizationId } = token;
  const stored: string[] = [];
  const form = { maxBytes: limits.maxChunkRequestBytes + limits.chunksPerRequest * formBytes, maxParts: limits.chunksPerRequest };
  await readForm(
    ports,
    context,
    async (reader) => {
      for (let part = await reader.nextPart(); part !== null; part = await reader.nextPart()) {
        const chunk = { organizationId, sha1: chunkName(part), bytes: chunkBytes(part), logger: context.logger };
        stored.push((await storeChunk(ports, chunk)).sha1);
      }
      if (reader.unterminated) throw new AppError(400, null, "the form has no end: the last chunk may be cut");
    },
    form,
  );
  sendJson(context.response, 200, { stored });
}

function chunkName({ fileName }: Part): string {
  const name = fileName?.toLowerCase() ?? "";
  if (/^[0-9a-f]{40}$/.test(name)) return name;
  throw new AppError(400, null, `a chunk's file name is the SHA-1 of its bytes in 40 hex digits, not ${JSON.stringify(name.slice(0, 60))}`);
}

async function* chunkBytes({ name, data }: Part): AsyncGenerator<Buffer> {
  if (name !== "file" && name !== "file_gzip")
    throw new AppError(400, null, `a chunk's field is file or file_gzip, not ${name?.slice(0, 60)}`);
  if (name === "file_gzip") return yield* inflate(data, "gzip", limits.chunkBytes, "a chunk");
  const tooLong = () => new AppError(413, null, `a chunk is larger than the limit of ${limits.chunkBytes} bytes`);
  yield* bounded(data, limits.chunkBytes, tooLong);
}

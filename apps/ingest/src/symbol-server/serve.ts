/**
 * GET /symbols/<organization or token>/<path>: a debug file of the organization, for whatever debugger asks. What is not there and what lies in
 * another organization answer alike. Nothing is redirected but a .sym asked by code id, whose clients read the debug id out of the place
 * that they are sent to. Each file that goes out is a line in the log: token, file, bytes.
 */
import { BlobNotFound, type BlobStore } from "@salvage/blobs";
import type { OrgDb, OrgGate } from "@salvage/db";
import type { Logger } from "@salvage/telemetry";
import { AppError } from "../http/app-error.ts";
import { sendText } from "../http/respond.ts";
import type { RouteContext } from "../http/router.ts";
import { createRateLimiter } from "../intake/rate-limit.ts";
import { authorizeReader, type Reader } from "./access.ts";
import { type Chosen, choose, elsewhere } from "./choose.ts";
import { symbolLimits } from "./limits.ts";
import { parsePath, type Wanted } from "./paths.ts";
import { type Sendable, type Sent, send } from "./send.ts";
import { createSymTexts, type SymTexts } from "./sym-text.ts";

export type SymbolServerPorts = { gate: OrgGate; blobs: BlobStore };

/** What is read of a file at a time. */
const pieceBytes = 256 * 1024;

export function createSymbolServer(
  { gate, blobs }: SymbolServerPorts,
  requestsPerMinute: number = symbolLimits.requestsPerMinute,
): { get(context: RouteContext): Promise<void> } {
  const rates = createRateLimiter();
  const texts = createSymTexts(blobs);
  return {
    async get(context) {
      const { request, response, params, logger } = context;
      const reader = await authorizeReader(gate, context);
      if (!rates.take(reader.tokenId, requestsPerMinute)) {
        const detail = `more than ${requestsPerMinute} requests a minute by this token`;
        throw new AppError(429, null, detail, { headers: { "Retry-After": "10" } });
      }
      const chosen = await find(blobs, reader, params.path ?? "");
      if (chosen.form === "elsewhere") return sendText(response, 302, "", { Location: chosen.location });
      const sent: Sent = { status: 0, bytes: 0 };
      try {
        await send(request, response, sendable(blobs, texts, chosen, logger), sent);
      } catch (error) {
        // Deleted since it was looked up.
        throw error instanceof BlobNotFound ? absent() : error;
      } finally {
        const { tokenId, tokenName, db } = reader;
        const about = { tokenId, tokenName, organizationId: db.organization.id, ...aboutFile(chosen), method: request.method };
        if (sent.status !== 0) logger.info({ ...about, ...sent }, "debug file fetched");
      }
    },
  };
}

type Fetchable = Extract<Chosen, { form: "stored" | "text" }>;

async function find(blobs: BlobStore, { db }: Reader, path: string): Promise<Fetchable | Extract<Chosen, { form: "elsewhere" }>> {
  const wanted = parsePath(path);
  const chosen = wanted === null ? null : await chooseOf(blobs, db, wanted);
  if (chosen === null) throw absent();
  if (chosen.form === "later") {
    throw new AppError(503, null, "the lookup file of this debug file is still being made", { headers: { "Retry-After": "60" } });
  }
  return chosen;
}

async function chooseOf(blobs: BlobStore, db: OrgDb, wanted: Wanted): Promise<Chosen | null> {
  const { debugIds, fileKeys } = wanted;
  const files = await db.debugFiles.answering({ fileKeys: debugIds ?? fileKeys });
  if (files.length > 0 || debugIds === null) return choose(blobs, wanted, files);
  return elsewhere(await db.debugFiles.answering({ fileKeys }));
}

const absent = () => new AppError(404, null, "there is no such debug file");

function aboutFile(chosen: Fetchable): Record<string, string | null> {
  const { id, name, kind, debugId } = chosen.form === "stored" ? chosen.file : chosen.debugFile;
  return { debugFileId: id, fileName: name, kind, debugId, form: chosen.form };
}

function sendable(blobs: BlobStore, texts: SymTexts, chosen: Fetchable, logger: Logger): Sendable {
  if (chosen.form === "text") {
    const { debugFile, parts } = chosen;
    const identity = ["text 1", debugFile.name, chosen.debugId, ...Object.values(parts).map((part) => part?.symcacheBlobKey ?? "")].join(
      " ",
    );
    return { type: "text/plain", identity, size: null, headers: {}, read: () => texts.make(chosen, logger) };
  }
  const { file, offset, size } = chosen;
  return {
    type: file.kind === "breakpad" ? "text/plain" : "application/octet-stream",
    identity: `${file.sha256} ${offset} ${size}`,
    size,
    // debuginfod's clients show progress and keep to limits by these.
    headers: file.kind === "elf" ? { "X-Debuginfod-Size": String(size), "X-Debuginfod-File": encodeURIComponent(file.name) } : {},
    read: (from, length) => bytesOf(blobs, file.sourceBlobKey, offset + from, length),
  };
}

async function* bytesOf(blobs: BlobStore, blobKey: string, from: number, length: number): AsyncGenerator<Uint8Array> {
  const blob = await blobs.open(blobKey);
  try {
    for (let done = 0; done < length; done += pieceBytes) yield await blob.read(from + done, Math.min(pieceBytes, length - done));
  } finally {
    await blob.close();
  }
}

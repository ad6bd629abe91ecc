/**
 * Sending bytes of a stored file: whole, a range of it, only its headers, or nothing because the client has it already. Ids name contents,
 * so what was fetched once may be kept, but the token is asked for each time.
 */
import { createHash } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { constants, createGzip } from "node:zlib";
import { AppError } from "../http/app-error.ts";
import { symbolLimits } from "./limits.ts";

export type Sendable = {
  type: "application/octet-stream" | "text/plain";
  /** Changes with the content. */
  identity: string;
  /** Null when it is not known before it is made. */
  size: number | null;
  headers: Readonly<Record<string, string>>;
  /** @param length bytes to read; all when the size is not known */
  read(offset: number, length: number): AsyncGenerator<Uint8Array>;
};

/** What went out so far; status 0 before anything did. `bytes` are the file's own, before they were packed. */
export type Sent = { status: number; bytes: number };

/** @param sent kept up to date. @throws AppError 416 for a range outside the file, and what the first read throws */
export async function send(
  request: IncomingMessage,
  response: ServerResponse,
  { type, identity, size, headers, read }: Sendable,
  sent: Sent,
): Promise<void> {
  const packed = size === null || (size >= symbolLimits.minPackedBytes && size <= symbolLimits.maxPackedBytes);
  const gzip = packed && request.headers.range === undefined && offersGzip(request.headers["accept-encoding"]?.toString());
  const etag = `"${createHash("sha256").update(identity).digest("hex").slice(0, 32)}${gzip ? "-gzip" : ""}"`;
  const common = {
    ...headers,
    ETag: etag,
    "Cache-Control": "private, no-cache",
    "X-Content-Type-Options": "nosniff",
    ...(packed ? { Vary: "Accept-Encoding" } : {}),
    ...(size === null ? {} : { "Accept-Ranges": "bytes" }),
  };
  if (matches(request.headers["if-none-match"], etag)) {
    sent.status = 304;
    response.writeHead(304, common).end();
    return;
  }
  const range =
    size === null || !mayContinue(request.headers["if-range"]?.toString(), etag) ? null : parseRange(request.headers.range, size);
  if (range === "outside") {
    throw new AppError(416, null, `the file has ${size} bytes`, { headers: { "Content-Range": `bytes */${size}` } });
  }
  const { offset, length } = range ?? { offset: 0, length: size ?? 0 };
  const content = request.method === "HEAD" ? null : read(offset, length);
  // The first piece comes before the headers: what cannot be read is still an answer in words.
  const first = content === null ? null : await content.next();
  sent.status = range === null ? 200 : 206;
  response.writeHead(sent.status, {
    ...common,
    "Content-Type": type,
    ...(gzip ? { "Content-Encoding": "gzip" } : size === null ? {} : { "Content-Length": length }),
    ...(range === null ? {} : { "Content-Range": `bytes ${offset}-${offset + length - 1}/${size}` }),
  });
  if (content === null || first === null) {
    response.end();
    return;
  }
  response.setTimeout(symbolLimits.maxIdleMs, () => response.destroy());
  const body = Readable.from(counted(first, content, sent), { objectMode: false });
  if (gzip) await pipeline(body, createGzip({ level: constants.Z_BEST_SPEED }), response);
  else await pipeline(body, response);
}

async function* counted(first: IteratorResult<Uint8Array>, rest: AsyncGenerator<Uint8Array>, sent: Sent): AsyncGenerator<Uint8Array> {
  try {
    for (let piece = first; !piece.done; piece = await rest.next()) {
      sent.bytes += piece.value.length;
      yield piece.value;
    }
  } finally {
    await rest.return(undefined);
  }
}

/** RFC 9110: named with no quality, or one above 0. */
function offersGzip(accepted: string | undefined): boolean {
  return (accepted ?? "").split(",").some((coding) => /^\s*gzip\s*(?:;\s*q=(?!0(?:\.0*)?\s*$).*)?$/i.test(coding));
}

const matches = (header: string | undefined, etag: string) =>
  header?.split(",").some((tag) => tag.trim() === "*" || tag.trim().replace(/^W\//, "") === etag) === true;

/** A range belongs to the file that its first part came from. */
const mayContinue = (ifRange: string | undefined, etag: string) => ifRange === undefined || ifRange === etag;

/** One range; several, or another unit, are answered by the whole file. */
function parseRange(header: string | undefined, size: number): { offset: number; length: number } | "outside" | null {
  const form = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? "");
  if (form === null || (form[1] === "" && form[2] === "")) return null;
  const [first, last] = [form[1], form[2]];
  if (first === "") {
    const length = Math.min(Number(last), size);
    return length === 0 ? "outside" : { offset: size - length, length };
  }
  const offset = Number(first);
  const end = last === "" ? size : Math.min(Number(last) + 1, size);
  if (last !== "" && Number(last) < offset) return null;
  return offset >= size ? "outside" : { offset, length: end - offset };
}

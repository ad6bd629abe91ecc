/**
 * Request bodies as streams with limits: bytes on the wire, bytes after inflating, time between two pieces and time in all.
 * Nothing here buffers a body; a consumer that is slow slows the sender down.
 */
import type { IncomingMessage } from "node:http";
import { pipeline, type Transform } from "node:stream";
import { constants, createBrotliDecompress, createGunzip, createInflate, createInflateRaw, createZstdDecompress } from "node:zlib";
import { giveBack, lend } from "@salvage/blobs";
import type { LimitKnob } from "@salvage/contracts";
import { AppError, type MetLimit, SenderGone } from "./app-error.ts";

export type BodyLimits = {
  /** Bytes on the wire, and again after inflating. */
  maxBytes: number;
  /** The setting that changes it, for posts whose refusals are counted. */
  knob?: LimitKnob | undefined;
  /** Longest pause between two pieces. */
  maxIdleMs: number;
  /** Longest time for the whole body. */
  maxBodyMs: number;
};

/** What a gzip stream inflates at a time: small pieces cost a write each. */
const inflatedPieceBytes = 64 * 1024;

/** zstd frames may ask for a window of up to 2 GiB; 8 MiB is what levels up to 19 use. */
const maxZstdWindowLog = 23;

/**
 * The body as it comes, counted and timed. Ending the iteration early leaves the connection open, so that an answer can be sent.
 * @throws AppError 413 or 408; SenderGone when the connection ends early
 */
export async function* readBody(request: IncomingMessage, limits: BodyLimits): AsyncGenerator<Buffer> {
  const declared = Number(request.headers["content-length"] ?? 0);
  if (declared > limits.maxBytes) throw tooLarge(`the body is ${declared} bytes, the limit is ${limits.maxBytes}`, metBy(limits, declared));
  const pieces = request.iterator({ destroyOnReturn: false })[Symbol.asyncIterator]();
  const endsAt = Date.now() + limits.maxBodyMs;
  let bytes = 0;
  try {
    for (;;) {
      const { done, value } = await within(pieces.next(), Math.min(limits.maxIdleMs, endsAt - Date.now()), request);
      if (done) break;
      bytes += value.length;
      if (bytes > limits.maxBytes) throw tooLarge(`the body is larger than the limit of ${limits.maxBytes} bytes`, metBy(limits, bytes));
      yield lend(value);
    }
  } finally {
    // Lets go of the request without closing it. Not awaited: after a timeout the last next() is still open.
    pieces.return?.()?.catch(() => undefined);
  }
  if (!request.complete) throw new SenderGone("the connection ended before the body did");
}

/** True when the sender holds its body back until it is told to go on. */
export function asksToContinue(request: IncomingMessage): boolean {
  return /^100-continue$/i.test(request.headers.expect ?? "") && request.httpVersion !== "1.0";
}

/** Waits for the next piece; a sender that is too slow gets 408. */
async function within<T>(next: Promise<T>, ms: number, request: IncomingMessage): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new AppError(408, "aborted", "the body came too slowly and was given up")), Math.max(0, ms));
  });
  try {
    return await Promise.race([next, late]);
  } catch (error) {
    if (error instanceof AppError) next.catch(() => undefined);
    else if (request.destroyed || request.readableAborted)
      throw new SenderGone("the connection ended before the body did", { cause: error });
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Undoes Content-Encoding. Empty, `identity` and `utf-8` (a mistake of old SDKs) mean none; `deflate` is zlib or raw deflate.
 * Several codings are undone from the last to the first, two at most.
 * @throws AppError 415 for an unknown coding; 413 when the inflated body passes the limit; 400 for a damaged one
 */
export function inflateBody(
  body: AsyncIterable<Buffer>,
  contentEncoding: string | undefined,
  maxBytes: number,
  knob?: LimitKnob,
): AsyncIterable<Buffer> {
  const codings = (contentEncoding ?? "")
    .toLowerCase()
    .split(",")
    .map((coding) => coding.trim())
    .filter((coding) => coding !== "" && coding !== "identity" && coding !== "utf-8");
  if (codings.length > 2)
    throw new AppError(415, "unsupported_encoding", `Content-Encoding has ${codings.length} codings, 2 are the limit`);
  let inflated = body;
  for (const coding of codings.reverse()) {
    if (!/^(x-)?gzip$|^deflate$|^br$|^zstd$/.test(coding)) {
      throw new AppError(
        415,
        "unsupported_encoding",
        `Content-Encoding ${coding.slice(0, 40)} is not supported; send gzip, deflate, br, zstd or none`,
      );
    }
    inflated = inflate(inflated, coding.replace("x-", "") as Coding, maxBytes, "the inflated body", knob);
  }
  return inflated;
}

export type Coding = "gzip" | "deflate" | "br" | "zstd";

/**
 * Inflates a stream and stops at the limit.
 * @param what begins the sentence of an error: "the inflated body is larger than …"
 */
export async function* inflate(
  source: AsyncIterable<Buffer>,
  coding: Coding,
  maxBytes: number,
  what: string,
  knob?: LimitKnob,
): AsyncGenerator<Buffer> {
  let input = source;
  let inflater: Transform;
  if (coding === "deflate") {
    const peeked = await peek(source, 2);
    input = peeked.all;
    inflater = isZlibHeader(peeked.head) ? createInflate() : createInflateRaw();
  } else if (coding === "gzip") inflater = createGunzip({ chunkSize: inflatedPieceBytes });
  else if (coding === "br") inflater = createBrotliDecompress();
  else inflater = createZstdDecompress({ params: { [constants.ZSTD_d_windowLogMax]: maxZstdWindowLog } });
  // An error of the source arrives at the inflater; ending early ends the source.
  pipeline(input, inflater, () => undefined);
  const tooMany = (bytes: number) => tooLarge(`${what} is larger than the limit of ${maxBytes} bytes`, metBy({ maxBytes, knob }, bytes));
  try {
    for await (const piece of bounded(inflater as AsyncIterable<Buffer>, maxBytes, tooMany)) yield lend(piece);
  } catch (error) {
    if (isZlibError(error)) {
      throw new AppError(400, "invalid_compression", `the ${coding} data is damaged or cut`, { causes: [error.message], cause: error });
    }
    throw error;
  } finally {
    inflater.destroy();
  }
}

/** Looks at the first bytes of a stream. @returns `head`: `count` bytes, or all when there are fewer; `all`: the stream from its start */
export async function peek(source: AsyncIterable<Buffer>, count: number): Promise<{ head: Buffer; all: AsyncIterable<Buffer> }> {
  const iterator = source[Symbol.asyncIterator]();
  let head: Buffer = Buffer.alloc(0);
  let ended = false;
  while (head.length < count && !ended) {
    const { done, value } = await iterator.next();
    if (done) ended = true;
    else head = head.length === 0 ? value : Buffer.concat([head, value]);
  }
  async function* all(): AsyncGenerator<Buffer> {
    try {
      if (head.length > 0) yield head;
      while (!ended) {
        const { done, value } = await iterator.next();
        if (done) ended = true;
        else yield value;
      }
    } finally {
      if (!ended) await iterator.return?.();
    }
  }
  return { head: Buffer.from(head.subarray(0, count)), all: all() };
}

/** Passes a stream on. @throws what `tooLong` makes, of the bytes seen by then, once it is longer than `maxBytes` */
export async function* bounded(source: AsyncIterable<Buffer>, maxBytes: number, tooLong: (bytes: number) => Error): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const piece of source) {
    bytes += piece.length;
    if (bytes > maxBytes) throw tooLong(bytes);
    yield piece;
  }
}

/** Reads a short stream whole. @throws what `tooLong` makes when it is longer than `maxBytes` */
export async function collect(source: AsyncIterable<Buffer>, maxBytes: number, tooLong: () => Error): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of bounded(source, maxBytes, tooLong)) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** Reads to the end and throws away. */
export async function drain(source: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const piece of source) giveBack(piece);
}

export const tooLarge = (detail: string, met: MetLimit | null = null) => new AppError(413, "too_large", detail, { met });

/** @param seen bytes so far */
export const metBy = ({ maxBytes, knob }: Pick<BodyLimits, "maxBytes" | "knob">, seen: number): MetLimit | null =>
  knob === undefined ? null : { limit: maxBytes, seen, knob };

const isZlibHeader = (head: Buffer) => head.length >= 2 && ((head[0] ?? 0) & 15) === 8 && head.readUInt16BE(0) % 31 === 0;

const isZlibError = (error: unknown): error is Error =>
  error instanceof Error &&
  "code" in error &&
  typeof error.code === "string" &&
  /^(Z_|ZSTD_|ERR_ZSTD|ERR_BROTLI|ERR__ERROR_|ERR_PADDING|ERR_BUF|ERR_STREAM_PREMATURE)/.test(error.code);

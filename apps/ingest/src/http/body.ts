/**
 * Request bodies as streams with limits: bytes on the wire, bytes after inflating, time between two pieces and time in all.
 * Nothing here buffers a body; a consumer that is slow slows the sender down.
 */
import type { IncomingMessage } from "node:http";
import { pipeline, type Transform } from "node:stream";
import { constants, createBrotliDecompress, createGunzip, createInflate, createInflateRaw, createZstdDecompress } from "node:zlib";
import { lend } from "@salvage/blobs";
import type { LimitKnob } from "@salvage/contracts";
import { AppError, type MetLimit, SenderGone } from "./app-error.ts";
import { bounded, peek } from "./pieces.ts";

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
 * @param begun called when the first piece is asked for
 * @throws AppError 413 or 408; SenderGone when the connection ends early
 */
export async function* readBody(
  request: IncomingMessage,
  limits: BodyLimits,
  begun: () => void = () => undefined,
): AsyncGenerator<Buffer, void> {
  const declared = Number(request.headers["content-length"] ?? 0);
  if (declared > limits.maxBytes) throw tooLarge(`the body is ${declared} bytes, the limit is ${limits.maxBytes}`, metBy(limits, declared));
  begun();
  const sender = new Sender(request, limits);
  let bytes = 0;
  try {
    for (let piece = await sender.next(); piece !== null; piece = await sender.next()) {
      bytes += piece.length;
      if (bytes > limits.maxBytes) throw tooLarge(`the body is larger than the limit of ${limits.maxBytes} bytes`, metBy(limits, bytes));
      yield lend(piece);
    }
  } finally {
    sender.letGo();
  }
  if (!request.complete) throw gone();
}

const gone = (cause?: unknown) => new SenderGone("the connection ended before the body did", { cause });

/** Pieces of one request as they arrive. One clock for pauses and one for the whole, set again and not made anew for each piece. */
class Sender {
  readonly #request: IncomingMessage;
  readonly #pause: NodeJS.Timeout;
  readonly #end: NodeJS.Timeout;
  #late = false;
  #failure: unknown;
  #wake: (() => void) | null = null;

  constructor(request: IncomingMessage, limits: Pick<BodyLimits, "maxIdleMs" | "maxBodyMs">) {
    this.#request = request;
    this.#pause = setTimeout(this.#paused, limits.maxIdleMs);
    this.#end = setTimeout(this.#overdue, limits.maxBodyMs);
    request.on("readable", this.#woken).on("end", this.#woken).on("error", this.#failed).on("close", this.#woken);
  }

  /** @returns null at the end. @throws AppError 408 for a sender that is too slow; SenderGone */
  async next(): Promise<Buffer | null> {
    const request = this.#request;
    for (;;) {
      const piece: Buffer | null = request.destroyed ? null : request.read();
      if (piece !== null) return piece;
      if (request.readableEnded) return null;
      if (request.destroyed || this.#failure !== undefined) throw gone(this.#failure);
      if (this.#late) throw new AppError(408, "aborted", "the body came too slowly and was given up");
      this.#pause.refresh();
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Without closing the request. */
  letGo(): void {
    clearTimeout(this.#pause);
    clearTimeout(this.#end);
    this.#request.off("readable", this.#woken).off("end", this.#woken).off("error", this.#failed).off("close", this.#woken);
    this.#woken();
  }

  #woken = (): void => {
    this.#wake?.();
    this.#wake = null;
  };

  #failed = (error: unknown): void => {
    this.#failure = error;
    this.#woken();
  };

  /** A pause counts while a piece is being waited for, not while the reader is at work. */
  #paused = (): void => {
    if (this.#wake !== null) this.#overdue();
  };

  #overdue = (): void => {
    this.#late = true;
    this.#woken();
  };
}

/** True when the sender holds its body back until it is told to go on. */
export function asksToContinue(request: IncomingMessage): boolean {
  return /^100-continue$/i.test(request.headers.expect ?? "") && request.httpVersion !== "1.0";
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

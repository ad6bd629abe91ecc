/**
 * The envelope: how Sentry's SDKs put several things into one body. Read as a stream; no payload is held.
 *
 *   envelope := header LF *item
 *   item     := item_header LF payload (LF | end)
 *
 * A header is one line of JSON, an object. An item header has `type`, and `length` or not: with it the payload is that many bytes and
 * LF or the end must follow; without it the payload goes to the next LF or the end (JavaScript SDKs write their events so). LF alone
 * separates, a CR belongs to the payload. Empty lines between items are skipped, an item of length 0 at the end may lack its line,
 * and an envelope without items is legal.
 *
 * Source: Sentry's developer documentation, "Envelopes".
 */

/** The body is no envelope; the message says where and why. */
export class EnvelopeError extends Error {
  override name = "EnvelopeError";
}

export type Json = { readonly [name: string]: unknown };

export type EnvelopeItem = {
  type: string;
  /** The item's header as sent. */
  header: Json;
  /** The payload. What is not read is skipped when the next item is asked for. Can be iterated once. */
  data: AsyncIterable<Buffer>;
};

export type EnvelopeLimits = { maxItems: number; maxHeaderBytes: number };

const lf = 10;

export class EnvelopeReader {
  readonly #source: AsyncIterator<Uint8Array>;
  readonly #limits: EnvelopeLimits;
  /** What was taken from the source and not yet read. */
  #piece: Buffer = Buffer.alloc(0);
  #ended = false;
  /** Bytes read so far. */
  #offset = 0;
  #items = 0;
  /** The payload of the item that was given out last; null once it is read to its end. */
  #payload: AsyncGenerator<Buffer> | null = null;

  constructor(source: AsyncIterable<Uint8Array>, limits: EnvelopeLimits) {
    this.#source = source[Symbol.asyncIterator]();
    this.#limits = limits;
  }

  /** The envelope's own header. Call it once, first. @throws EnvelopeError */
  async header(): Promise<Json> {
    const line = await this.#line("the envelope header");
    if (line === null) throw new EnvelopeError("the envelope header at byte 0: the body is empty");
    return parseHeader(line, "the envelope header", 0);
  }

  /** @returns the next item, null after the last. @throws EnvelopeError */
  async nextItem(): Promise<EnvelopeItem | null> {
    if (this.#payload !== null) {
      for await (const _ of this.#payload);
      this.#payload = null;
    }
    let at = this.#offset;
    let line = await this.#line("an item header");
    while (line?.length === 0) {
      at = this.#offset;
      line = await this.#line("an item header");
    }
    if (line === null) return null;
    const what = `the header of item ${this.#items}`;
    if (++this.#items > this.#limits.maxItems) throw new EnvelopeError(`more than ${this.#limits.maxItems} items`);
    const header = parseHeader(line, what, at);
    const { type, length } = header;
    if (typeof type !== "string" || type === "") throw new EnvelopeError(`${what} at byte ${at}: it has no type`);
    if (length !== undefined && length !== null && !(Number.isSafeInteger(length) && Number(length) >= 0))
      throw new EnvelopeError(`${what} at byte ${at}: its length is no whole number`);
    const payload = typeof length === "number" ? this.#counted(length, this.#items - 1) : this.#toLineEnd();
    this.#payload = payload;
    // Not the generator itself: a consumer that stops early must not end what nextItem has to skip.
    return { type, header, data: { [Symbol.asyncIterator]: () => ({ next: () => payload.next() }) } };
  }

  async *#counted(length: number, item: number): AsyncGenerator<Buffer> {
    const start = this.#offset;
    for (let left = length; left > 0; ) {
      if (!(await this.#fill())) {
        const got = this.#offset - start;
        throw new EnvelopeError(`the payload of item ${item} at byte ${start}: the body ends after ${got} of ${length} bytes`);
      }
      const bytes = this.#take(Math.min(left, this.#piece.length));
      left -= bytes.length;
      yield bytes;
    }
    if (!(await this.#fill())) return;
    if (this.#piece[0] !== lf)
      throw new EnvelopeError(`the payload of item ${item}: no line end follows its ${length} bytes at byte ${this.#offset}`);
    this.#take(1);
  }

  async *#toLineEnd(): AsyncGenerator<Buffer> {
    while (await this.#fill()) {
      const end = this.#piece.indexOf(lf);
      if (end !== 0) yield this.#take(end === -1 ? this.#piece.length : end);
      if (end === -1) continue;
      this.#take(1);
      return;
    }
  }

  /** The next line without its end; null at the end of the body. */
  async #line(what: string): Promise<string | null> {
    const start = this.#offset;
    const pieces: Buffer[] = [];
    let bytes = 0;
    while (await this.#fill()) {
      const end = this.#piece.indexOf(lf);
      bytes += end === -1 ? this.#piece.length : end;
      if (bytes > this.#limits.maxHeaderBytes)
        throw new EnvelopeError(`${what} at byte ${start}: longer than ${this.#limits.maxHeaderBytes} bytes`);
      pieces.push(this.#take(end === -1 ? this.#piece.length : end));
      if (end === -1) continue;
      this.#take(1);
      return Buffer.concat(pieces).toString("utf8");
    }
    return this.#offset === start ? null : Buffer.concat(pieces).toString("utf8");
  }

  /** @returns false at the end of the body; otherwise there is at least one byte in #piece */
  async #fill(): Promise<boolean> {
    while (this.#piece.length === 0 && !this.#ended) {
      const { done, value } = await this.#source.next();
      if (done) this.#ended = true;
      else this.#piece = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    }
    return this.#piece.length > 0;
  }

  #take(length: number): Buffer {
    const bytes = this.#piece.subarray(0, length);
    this.#piece = this.#piece.subarray(length);
    this.#offset += length;
    return bytes;
  }
}

function parseHeader(line: string, what: string, at: number): Json {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new EnvelopeError(`${what} at byte ${at}: it is not JSON`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new EnvelopeError(`${what} at byte ${at}: it is no JSON object`);
  return value as Json;
}

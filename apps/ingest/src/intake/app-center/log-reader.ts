/**
 * The body of App Center's `POST /logs`, read as a stream: `{"logs":[{"type":"managedError",…},{"type":"errorAttachment","data":"<base64>",…}]}`.
 * Logs come one after the other; each is held as text of bounded size, but for its own member `data`, which is decoded as it arrives
 * and handed to whoever keeps it. So a minidump in base64 is never held.
 *
 * Tolerated, because the documented examples have it and home-made senders copy them: duplicate names (the last counts), a comma after
 * the last member or element, line breaks inside base64.
 *
 * Source: App Center's documentation, "Uploading custom crash reports".
 */

/** The body is not what `/logs` takes; the message says where and why. */
export class LogError extends Error {
  override name = "LogError";
}

export type Json = { readonly [name: string]: unknown };
/** One log without its `data`, and what the keeper made of that. */
export type ReadLog<Kept> = { log: Json; data: Kept | null };

export type LogLimits = {
  maxLogs: number;
  /** Of one log as text, `data` not counted. */
  maxLogBytes: number;
};

/** Nesting that is read; real logs have inner exceptions, some ten levels deep. */
const maxDepth = 64;
const maxNameBytes = 1000;
const [quote, backslash, comma, colon] = [0x22, 0x5c, 0x2c, 0x3a];
const [openBrace, closeBrace, openBracket, closeBracket] = [0x7b, 0x7d, 0x5b, 0x5d];

export class LogReader<Kept> {
  readonly #source: AsyncIterator<Uint8Array>;
  readonly #limits: LogLimits;
  readonly #keep: (data: AsyncIterable<Buffer>) => Promise<Kept>;
  #piece: Buffer = Buffer.alloc(0);
  #at = 0;
  /** Bytes of the body before #piece. */
  #before = 0;
  /** Text of the log being read; null where what is read is not wanted. */
  #text: Buffer[] | null = null;
  #textBytes = 0;
  #data: Kept | null = null;

  /** @param keep takes the decoded bytes of a log's `data`, to their end */
  constructor(source: AsyncIterable<Uint8Array>, limits: LogLimits, keep: (data: AsyncIterable<Buffer>) => Promise<Kept>) {
    this.#source = source[Symbol.asyncIterator]();
    this.#limits = limits;
    this.#keep = keep;
  }

  /** @throws LogError; what `keep` throws passes through */
  async *logs(): AsyncGenerator<ReadLog<Kept>> {
    await this.#expect(openBrace, "the body");
    let count = 0;
    for (let member = 0; await this.#more(member, closeBrace); member++) {
      const name = await this.#name();
      if (name !== "logs" || (await this.#peek()) !== openBracket) {
        await this.#value(1);
        continue;
      }
      this.#at++;
      for (let element = 0; await this.#more(element, closeBracket); element++) {
        if (++count > this.#limits.maxLogs) throw new LogError(`more than ${this.#limits.maxLogs} logs`);
        yield await this.#log(count - 1);
      }
    }
  }

  async #log(number: number): Promise<ReadLog<Kept>> {
    const start = this.#offset;
    this.#text = [];
    this.#textBytes = 0;
    this.#data = null;
    await this.#value(0);
    const text = Buffer.concat(this.#text).toString("utf8");
    this.#text = null;
    let log: unknown;
    try {
      log = JSON.parse(text);
    } catch {
      throw new LogError(`log ${number} at byte ${start}: it is not JSON`);
    }
    if (typeof log !== "object" || log === null || Array.isArray(log))
      throw new LogError(`log ${number} at byte ${start}: it is no object`);
    return { log: log as Json, data: this.#data };
  }

  /** Reads one value, into #text where that is wanted. @param depth 0 for a log itself */
  async #value(depth: number): Promise<void> {
    if (depth > maxDepth) throw new LogError(`byte ${this.#offset}: nested deeper than ${maxDepth} levels`);
    const first = await this.#peek();
    if (first === openBrace) {
      this.#at++;
      this.#emit("{");
      for (let number = 0; await this.#more(number, closeBrace); number++) {
        if (number > 0) this.#emit(",");
        const name = await this.#name();
        this.#emit(`${JSON.stringify(name)}:`);
        if (depth === 0 && this.#text !== null && name === "data" && (await this.#peek()) === quote) {
          this.#at++;
          this.#data = await this.#keep(this.#base64());
          this.#emit("null");
        } else await this.#value(depth + 1);
      }
      this.#emit("}");
    } else if (first === openBracket) {
      this.#at++;
      this.#emit("[");
      for (let number = 0; await this.#more(number, closeBracket); number++) {
        if (number > 0) this.#emit(",");
        await this.#value(depth + 1);
      }
      this.#emit("]");
    } else if (first === quote) await this.#string();
    else await this.#literal();
  }

  /**
   * Goes over the comma before the next member or element.
   * @param number how many were read
   * @returns false after the last, whose closing sign is read
   */
  async #more(number: number, close: number): Promise<boolean> {
    let next = await this.#peek();
    if (number > 0 && next === comma) {
      this.#at++;
      next = await this.#peek();
    } else if (number > 0 && next !== close) throw this.#unexpected(next, `"," or "${String.fromCharCode(close)}"`);
    if (next === close) this.#at++;
    return next !== close;
  }

  async #name(): Promise<string> {
    const start = this.#offset;
    if ((await this.#peek()) !== quote) throw this.#unexpected(await this.#peek(), "a name in quotes");
    const bytes = await this.#rawString(maxNameBytes, "a name");
    await this.#expect(colon, "a name");
    try {
      return JSON.parse(bytes.toString("utf8")) as string;
    } catch {
      throw new LogError(`byte ${start}: the name is not JSON`);
    }
  }

  async #string(): Promise<void> {
    const wanted = this.#text !== null;
    const bytes = await this.#rawString(wanted ? this.#limits.maxLogBytes : Number.POSITIVE_INFINITY, "a text", wanted);
    this.#emit(bytes);
  }

  /** A string with its quotes and escapes. @param hold false: goes over it without holding it */
  async #rawString(maxBytes: number, what: string, hold = true): Promise<Buffer> {
    const start = this.#offset;
    const pieces: Buffer[] = [];
    let bytes = 0;
    let escaped = false;
    let opened = false;
    for (;;) {
      if (!(await this.#fill())) throw new LogError(`byte ${start}: the body ends within ${what}`);
      let end = this.#at;
      let closed = false;
      for (; end < this.#piece.length && !closed; end++) {
        const byte = this.#piece[end];
        if (!opened) opened = true;
        else if (escaped) escaped = false;
        else if (byte === backslash) escaped = true;
        else if (byte === quote) closed = true;
      }
      bytes += end - this.#at;
      if (bytes > maxBytes) throw new LogError(`byte ${start}: ${what} is longer than ${maxBytes} bytes`);
      if (hold) pieces.push(this.#piece.subarray(this.#at, end));
      this.#at = end;
      if (closed) return Buffer.concat(pieces);
    }
  }

  /** Number, true, false, null: whatever stands to the next structural sign; JSON.parse judges it. */
  async #literal(): Promise<void> {
    const start = this.#offset;
    let text = "";
    while (await this.#fill()) {
      const character = String.fromCharCode(this.#piece[this.#at] ?? 0);
      if (!/[A-Za-z0-9+.-]/.test(character)) break;
      text += character;
      this.#at++;
      if (text.length > 100) throw new LogError(`byte ${start}: no value is that long`);
    }
    if (text === "") throw this.#unexpected(await this.#peek(), "a value");
    this.#emit(text);
  }

  /** The bytes of a base64 string whose opening quote was read. */
  async *#base64(): AsyncGenerator<Buffer> {
    const start = this.#offset;
    let left = "";
    let padded = false;
    for (let closed = false; !closed; ) {
      if (!(await this.#fill())) throw new LogError(`data at byte ${start}: the body ends within it`);
      const end = this.#piece.indexOf(quote, this.#at);
      closed = end !== -1;
      const text = this.#piece.toString("latin1", this.#at, closed ? end : this.#piece.length);
      this.#at += text.length + (closed ? 1 : 0);
      // JSON may write "/" with a backslash; line ends may be escaped or not.
      const digits = left + text;
      const cut = !closed && digits.endsWith("\\") ? 1 : 0;
      const clean = digits.slice(0, digits.length - cut).replaceAll(/\\\/|\\[nr]|[\r\n]/g, (found) => (found === "\\/" ? "/" : ""));
      const whole = closed ? clean.length : clean.length - (clean.length % 4);
      const group = clean.slice(0, whole);
      left = clean.slice(whole) + digits.slice(digits.length - cut);
      if (group.length % 4 !== 0 || (padded && group !== "") || !/^[A-Za-z0-9+/]*={0,2}$/.test(group))
        throw new LogError(`data at byte ${start}: it is not base64`);
      padded ||= group.endsWith("=");
      if (group !== "") yield Buffer.from(group, "base64");
    }
  }

  #emit(text: string | Buffer): void {
    if (this.#text === null) return;
    this.#textBytes += text.length;
    if (this.#textBytes > this.#limits.maxLogBytes)
      throw new LogError(`byte ${this.#offset}: a log is longer than ${this.#limits.maxLogBytes} bytes without its data`);
    this.#text.push(typeof text === "string" ? Buffer.from(text, "utf8") : text);
  }

  get #offset(): number {
    return this.#before + this.#at;
  }

  async #expect(byte: number, what: string): Promise<void> {
    const next = await this.#peek();
    if (next !== byte) throw this.#unexpected(next, `"${String.fromCharCode(byte)}" of ${what}`);
    this.#at++;
  }

  /** The next byte that is no blank, not yet read. @throws LogError at the end of the body */
  async #peek(): Promise<number> {
    while (await this.#fill()) {
      const byte = this.#piece[this.#at] ?? 0;
      if (byte !== 32 && byte !== 9 && byte !== 10 && byte !== 13) return byte;
      this.#at++;
    }
    throw new LogError(`byte ${this.#offset}: the body ends before its last brace`);
  }

  /** @returns false at the end of the body */
  async #fill(): Promise<boolean> {
    while (this.#at >= this.#piece.length) {
      const { done, value } = await this.#source.next();
      if (done) return false;
      this.#before += this.#piece.length;
      this.#piece = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
      this.#at = 0;
    }
    return true;
  }

  #unexpected(byte: number, wanted: string): LogError {
    return new LogError(`byte ${this.#offset}: ${JSON.stringify(String.fromCharCode(byte))} stands where ${wanted} is expected`);
  }
}

/**
 * multipart/form-data, read as a stream: parts come one after the other, the data of each as it arrives, nothing is buffered but the
 * few bytes that might be the beginning of a delimiter. Why our own: the senders of minidumps write bodies that the usual parsers
 * reject or cut short. What is tolerated, and who writes it:
 *
 * - No CRLF before a delimiter: Breakpad on Windows since November 2022, and on macOS between two files. The delimiter line is
 *   looked for without its CRLF, and a CRLF right before it is dropped when there is one. For a boundary of less than 8 characters
 *   the CRLF is required, since such a text may well occur inside a dump.
 * - No terminator, half a terminator, no CRLF after it; preamble and epilogue.
 * - Parts without Content-Type (sentry-native); header names in any case; folded header lines; LF alone as line end (hand-made senders).
 * - Whole Windows paths as filename, `\` unquoted; the last path segment counts (Breakpad on Windows). A quote ends the value only
 *   before `;` or the end of the line, so that `\"` (old curl) and a trailing `\` both read right.
 * - `%0D`, `%0A`, `%22`, `%25` in names (Crashpad, curl, browsers).
 *
 * One ambiguity is left: content that ends with CRLF and is followed by a delimiter without CRLF loses its last two bytes.
 */

import { giveBack } from "@salvage/blobs";

/** The body is not what its Content-Type says; the message says where and why. */
export class MultipartError extends Error {
  override name = "MultipartError";
}

export type PartHead = {
  /** Field name; null when the part has none. */
  name: string | null;
  /** Last path segment of the file name; null when the part is a form field. */
  fileName: string | null;
  contentType: string | null;
};

export type Part = PartHead & {
  /** The content. What is not read is skipped when the next part is asked for. Can be iterated once. */
  data: AsyncIterable<Buffer>;
};

/** A boundary this long does not occur in a dump by chance, so its delimiter counts without a CRLF before it. */
const minLooseBoundary = 8;
const maxPartHeaderBytes = 16 * 1024;
const maxBoundaryLength = 256;
/** Of a long piece, so much is put behind what is left of the one before: no delimiter line is longer. */
const joinedBytes = 1024;
const cr = 13;
const lf = 10;
const dash = 45;
const nothing: Buffer = Buffer.alloc(0);
const over = { done: true, value: undefined } as const;

type Step = { kind: "bytes"; bytes: Buffer } | { kind: "part" } | { kind: "end" };

export class MultipartReader {
  readonly #source: AsyncIterator<Uint8Array>;
  readonly #needle: Buffer;
  readonly #loose: boolean;
  readonly #maxParts: number;
  #buffer: Buffer = nothing;
  /** A piece whose first bytes are the buffer's last. */
  #joined: Buffer | null = null;
  #sourceEnded = false;
  /** At the first byte of a part or of the body: a delimiter here needs no line end before it. */
  #atStart = true;
  /** The sender ends lines with LF alone, seen at the first delimiter. */
  #lfOnly = false;
  #parts = 0;
  /** A delimiter that was met while a part's data was read. */
  #pending: Step | null = null;
  #done = false;
  #unterminated = false;

  /** @param boundary as in the Content-Type, without the two dashes */
  constructor(source: AsyncIterable<Uint8Array>, boundary: string, limits: { maxParts: number }) {
    if (boundary.length === 0 || boundary.length > maxBoundaryLength)
      throw new MultipartError(`a boundary of ${boundary.length} characters`);
    this.#source = source[Symbol.asyncIterator]();
    this.#needle = Buffer.from(`--${boundary}`, "latin1");
    this.#loose = boundary.length >= minLooseBoundary;
    this.#maxParts = limits.maxParts;
  }

  /** True after the last part when the body ended without a terminator. */
  get unterminated(): boolean {
    return this.#unterminated;
  }

  /** @returns the next part, null after the last. @throws MultipartError */
  async nextPart(): Promise<Part | null> {
    for (;;) {
      if (this.#done) return null;
      const step = await this.#step();
      if (step.kind === "bytes") {
        giveBack(step.bytes); // preamble, or what nobody read of the part before
        continue;
      }
      if (step.kind === "end") {
        if (this.#parts === 0 && this.#unterminated)
          throw new MultipartError("no delimiter in the body: its boundary is not the one in Content-Type");
        this.#done = true;
        return null;
      }
      if (++this.#parts > this.#maxParts) throw new MultipartError(`more than ${this.#maxParts} parts`);
      const head = await this.#head();
      this.#atStart = true;
      return { ...head, data: this.#data() };
    }
  }

  /** Reads to the end of the body, so that the connection can be used again. */
  async drain(): Promise<void> {
    for (this.#skipAll(); !this.#sourceEnded; this.#skipAll()) await this.#more();
  }

  #data(): AsyncIterableIterator<Buffer> {
    const part = this.#parts;
    let left = false;
    const data: AsyncIterableIterator<Buffer> = {
      next: async () => {
        if (left || this.#parts !== part || this.#done || this.#pending !== null) return over;
        const step = await this.#step();
        if (step.kind === "bytes") return { done: false, value: step.bytes };
        // The delimiter belongs to nextPart.
        this.#pending = step;
        return over;
      },
      return: async () => {
        left = true;
        return over;
      },
      [Symbol.asyncIterator]: () => data,
    };
    return data;
  }

  /** The next piece of content, or the delimiter that ends it. */
  async #step(): Promise<Step> {
    if (this.#pending !== null) {
      const step = this.#pending;
      this.#pending = null;
      return step;
    }
    let from = 0;
    for (;;) {
      const at = this.#buffer.indexOf(this.#needle, from);
      if (at === -1) {
        // A delimiter may begin in the last bytes, and its CRLF before it.
        const safe = this.#sourceEnded ? this.#buffer.length : this.#buffer.length - this.#needle.length - 1;
        if (safe > 0) return this.#take(safe);
        if (this.#sourceEnded) {
          this.#unterminated = true;
          return { kind: "end" };
        }
        await this.#more();
        continue;
      }
      const start = this.#contentEnd(at);
      const line = start === null ? "no" : this.#lineAfter(at + this.#needle.length);
      if (start === null || line === "no") {
        from = at + 1;
      } else if (start > 0) {
        return this.#take(start);
      } else if (line === "more") {
        await this.#more();
      } else {
        if (line.end) {
          this.#skipAll();
          return { kind: "end" };
        }
        if (this.#parts === 0) this.#lfOnly = this.#buffer[line.next - 2] !== cr;
        this.#skip(line.next);
        return { kind: "part" };
      }
    }
  }

  /** Where the content before a delimiter at `at` ends; null when it cannot be a delimiter. */
  #contentEnd(at: number): number | null {
    if (at >= 2 && this.#buffer[at - 2] === cr && this.#buffer[at - 1] === lf) return at - 2;
    if (this.#lfOnly && at >= 1 && this.#buffer[at - 1] === lf) return at - 1;
    if (at === 0 && this.#atStart) return 0;
    // In the preamble nothing is lost by a wrong guess, and a bare LF may stand there.
    return this.#loose || this.#parts === 0 ? at : null;
  }

  /** What follows the delimiter's text: its line's end, the terminator's dashes, something else, or not enough bytes to know. */
  #lineAfter(at: number): { end: boolean; next: number } | "no" | "more" {
    const buffer = this.#buffer;
    const missing = this.#sourceEnded ? ({ end: true, next: buffer.length } as const) : "more";
    if (at >= buffer.length) return missing;
    if (buffer[at] === dash) return at + 1 >= buffer.length ? missing : buffer[at + 1] === dash ? { end: true, next: at + 2 } : "no";
    let next = at;
    while (next < buffer.length && next - at < 64 && (buffer[next] === 32 || buffer[next] === 9)) next++;
    if (next >= buffer.length) return missing;
    if (buffer[next] === lf) return { end: false, next: next + 1 };
    if (buffer[next] !== cr) return "no";
    if (next + 1 >= buffer.length) return missing;
    return buffer[next + 1] === lf ? { end: false, next: next + 2 } : "no";
  }

  #take(length: number): Step {
    const bytes = this.#cut(length);
    this.#atStart = false;
    // The line end that belongs to the delimiter was left in the buffer: at its head it is still recognised by #contentEnd.
    return { kind: "bytes", bytes };
  }

  /** Takes bytes from the buffer's start; an empty one is a view of nobody's memory. */
  #cut(length: number): Buffer {
    const whole = this.#buffer;
    this.#buffer = length === whole.length ? nothing : whole.subarray(length);
    return whole.subarray(0, length);
  }

  #skip(length: number): void {
    giveBack(this.#cut(length));
  }

  #skipAll(): void {
    this.#skip(this.#buffer.length);
    if (this.#joined !== null) giveBack(this.#joined);
    this.#joined = null;
  }

  /** Brings more bytes behind those of the buffer. Long pieces are looked at where they lie, not copied. */
  async #more(): Promise<void> {
    const joined = this.#joined;
    if (joined !== null) {
      this.#joined = null;
      const left = this.#buffer.length;
      if (left <= joinedBytes) {
        this.#buffer = joined;
        this.#skip(joinedBytes - left);
      } else {
        this.#buffer = Buffer.concat([this.#buffer, joined.subarray(joinedBytes)]);
        giveBack(joined);
      }
      return;
    }
    const { done, value } = await this.#source.next();
    if (done) {
      this.#sourceEnded = true;
      return;
    }
    const piece = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    const left = this.#buffer;
    if (left.length === 0) {
      this.#buffer = piece;
      return;
    }
    const joins = piece.length > 2 * joinedBytes;
    this.#buffer = Buffer.concat([left, joins ? piece.subarray(0, joinedBytes) : piece]);
    giveBack(left);
    if (joins) this.#joined = piece;
    else giveBack(piece);
  }

  async #head(): Promise<PartHead> {
    const lines: string[] = [];
    let left = maxPartHeaderBytes;
    for (;;) {
      const end = this.#buffer.indexOf(lf);
      if (end === -1) {
        if (this.#buffer.length > left) throw new MultipartError(`part ${this.#parts}: headers of more than ${maxPartHeaderBytes} bytes`);
        if (this.#sourceEnded) throw new MultipartError(`part ${this.#parts}: the body ends within its headers`);
        await this.#more();
        continue;
      }
      left -= end + 1;
      if (left < 0) throw new MultipartError(`part ${this.#parts}: headers of more than ${maxPartHeaderBytes} bytes`);
      const line = this.#buffer.toString("utf8", 0, end > 0 && this.#buffer[end - 1] === cr ? end - 1 : end);
      this.#skip(end + 1);
      if (line === "") return partHead(lines);
      if (/^[ \t]/.test(line) && lines.length > 0) lines.push(`${lines.pop()} ${line.trim()}`);
      else lines.push(line);
    }
  }
}

/** Reads name, file name and content type from a part's header lines. */
export function partHead(lines: readonly string[]): PartHead {
  let name: string | null = null;
  let fileName: string | null = null;
  let contentType: string | null = null;
  for (const line of lines) {
    const colon = line.indexOf(":");
    const header = line.slice(0, colon).trim().toLowerCase();
    const value = line.slice(colon + 1).trim();
    if (header === "content-type") contentType = value.slice(0, 200);
    if (header !== "content-disposition") continue;
    name = parameter(value, "name");
    const given = extendedParameter(value, "filename") ?? parameter(value, "filename");
    fileName = given === null ? null : baseName(given);
  }
  return { name, fileName, contentType };
}

/** `key="value"` or `key=value`; a quote counts as the end only before `;` or the end of the line. */
function parameter(header: string, key: string): string | null {
  const match = new RegExp(`(?:^|[;\\s])${key}\\s*=\\s*(?:"(.*?)"\\s*(?=;|$)|"(.*)$|([^;"]*))`, "i").exec(header);
  if (match === null) return null;
  const quoted = match[1] ?? match[2];
  if (quoted === undefined) return (match[3] ?? "").trim();
  return quoted.replaceAll('\\"', '"').replaceAll(/%(0D|0A|22|25)/gi, (encoded) => decodeURIComponent(encoded));
}

/** `key*=UTF-8''percent-encoded`. */
function extendedParameter(header: string, key: string): string | null {
  const match = new RegExp(`(?:^|[;\\s])${key}\\*\\s*=\\s*utf-8'[^']*'([^;\\s]+)`, "i").exec(header);
  try {
    return match?.[1] === undefined ? null : decodeURIComponent(match[1]);
  } catch {
    return null;
  }
}

/** The last path segment, whichever way the slashes lean, without control characters. May be empty. */
export function baseName(path: string): string {
  const last = path.slice(Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1);
  const shown = Array.from(last).filter((character) => character >= " " && character !== "\u007f");
  return shown.join("").toWellFormed().slice(0, 255);
}

/**
 * The boundary parameter of a Content-Type.
 * @returns null when the type is not multipart or has no boundary
 */
export function boundaryOf(contentType: string | undefined): string | null {
  if (contentType === undefined || !/^\s*multipart\//i.test(contentType)) return null;
  const match = /;\s*boundary\s*=\s*(?:"([^"]+)"|([^;\s]+))/i.exec(contentType);
  return match?.[1] ?? match?.[2] ?? null;
}

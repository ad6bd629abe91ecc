/** Where decoders write: memory first, a scratch file once the result is larger than the memory it may take. */
import { BufferSource, type ByteSource, FormatError, type ScratchFile } from "@salvage/core";

export interface Output {
  /** Takes bytes that the caller may use again afterwards. */
  write(bytes: Uint8Array): void;
}

export class Sink implements Output {
  total = 0;
  readonly #what: string;
  readonly #maxBytes: number;
  readonly #memoryBytes: number;
  readonly #openScratch: () => ScratchFile;
  #pieces: Uint8Array[] = [];
  #scratch: ScratchFile | null = null;

  constructor(what: string, maxBytes: number, memoryBytes: number, openScratch: () => ScratchFile) {
    this.#what = what;
    this.#maxBytes = maxBytes;
    this.#memoryBytes = memoryBytes;
    this.#openScratch = openScratch;
  }

  /** Throws FormatError above the limit. */
  write(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.total += bytes.length;
    if (this.total > this.#maxBytes) throw new FormatError(this.#what, null, `unpacks to more than ${this.#maxBytes} bytes`);
    if (this.#scratch === null && this.total > this.#memoryBytes) {
      this.#scratch = this.#openScratch();
      for (const piece of this.#pieces) this.#scratch.append(piece);
      this.#pieces = [];
    }
    if (this.#scratch === null) this.#pieces.push(new Uint8Array(bytes));
    else this.#scratch.append(bytes);
  }

  /** Bytes of the result that lie in memory. */
  get inMemory(): number {
    return this.#scratch === null ? this.total : 0;
  }

  result(): ByteSource {
    if (this.#scratch !== null) return this.#scratch;
    const all = new Uint8Array(this.total);
    let at = 0;
    for (const piece of this.#pieces) {
      all.set(piece, at);
      at += piece.length;
    }
    return new BufferSource(all);
  }
}

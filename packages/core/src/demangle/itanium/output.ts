/**
 * Where the printer of Itanium names writes: the bytes so far, what the printing depends on (pack being expanded, whether `>` would
 * close template arguments), and the limits that keep a hostile name from printing for ever.
 */

/** Longest demangled name, in bytes. Real names of template-heavy programs stay below 100,000. */
export const maxOutput = 1 << 18;

/** Nodes visited while printing one name. A printed node gives about four characters, so this suits `maxOutput`. */
export const maxSteps = 1 << 18;

/** Nodes inside nodes while printing. Each level takes two or three stack frames of about 150 bytes. */
export const maxPrintDepth = 1000;

/** No pack is being expanded. */
export const noPack = -1;

export class Output {
  /** The mangled name that `copy` takes from. */
  readonly #source: Buffer;
  #bytes = Buffer.allocUnsafeSlow(1 << 12);
  /** Bytes written. Made less, it takes back what was written. */
  length = 0;
  /** 0 directly inside template arguments, where an operator `>` must be in parentheses. */
  parentheses = 1;
  /** Which element of packs is printed, and how many there are; `noPack` until a pack is met. */
  packIndex = noPack;
  packLength = noPack;
  depth = 0;
  steps = 0;
  /** A limit was reached: what was written means nothing. */
  failed = false;
  /** Leave out the parameter list of the outermost function. */
  nameOnly = false;

  constructor(source: Buffer) {
    this.#source = source;
  }

  /** Begins with another name. */
  reset(nameOnly: boolean): void {
    this.length = 0;
    this.parentheses = 1;
    this.packIndex = noPack;
    this.packLength = noPack;
    this.depth = 0;
    this.steps = 0;
    this.failed = false;
    this.nameOnly = nameOnly;
  }

  /** What was written; null when a limit was reached. */
  text(isOnlyAscii: boolean): string | null {
    if (this.failed || this.length > maxOutput) return null;
    return this.#bytes.toString(isOnlyAscii ? "latin1" : "utf8", 0, this.length);
  }

  /** The last byte written; 0 before the first. */
  get lastByte(): number {
    return this.length === 0 ? 0 : this.#bytes[this.length - 1]!;
  }

  /** @param piece a character for each byte */
  write(piece: string): void {
    const bytes = this.#roomFor(piece.length);
    let { length } = this;
    for (let i = 0; i < piece.length; i++) bytes[length++] = piece.charCodeAt(i);
    this.length = length;
  }

  /** Writes a piece of the mangled name. */
  copy(start: number, end: number): void {
    const bytes = this.#roomFor(end - start);
    const source = this.#source;
    let { length } = this;
    for (let i = start; i < end; i++) bytes[length++] = source[i]!;
    this.length = length;
  }

  #roomFor(more: number): Buffer {
    if (this.length + more > this.#bytes.length) {
      const larger = Buffer.allocUnsafeSlow(2 * (this.length + more));
      this.#bytes.copy(larger, 0, 0, this.length);
      this.#bytes = larger;
    }
    return this.#bytes;
  }

  open(piece: string): void {
    this.parentheses++;
    this.write(piece);
  }

  close(piece: string): void {
    this.parentheses--;
    this.write(piece);
  }

  /** One node deeper; false when a limit says stop. Every true needs a `leave`. */
  enter(): boolean {
    if (this.failed) return false;
    if (++this.steps > maxSteps || this.depth >= maxPrintDepth || this.length > maxOutput) {
      this.failed = true;
      return false;
    }
    this.depth++;
    return true;
  }

  leave(): void {
    this.depth--;
  }
}

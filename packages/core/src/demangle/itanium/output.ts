/**
 * Where the printer of Itanium names writes: the text so far, what the printing depends on (pack being expanded, whether `>` would
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
  /** The mangled name, of which pieces are written as they stand. */
  source = "";
  text = "";
  /** The last piece written; arrays ask how the text ends. */
  last = "";
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

  /** Begins with another name. */
  reset(source: string, nameOnly: boolean): void {
    this.source = source;
    this.text = "";
    this.last = "";
    this.parentheses = 1;
    this.packIndex = noPack;
    this.packLength = noPack;
    this.depth = 0;
    this.steps = 0;
    this.failed = false;
    this.nameOnly = nameOnly;
  }

  write(piece: string): void {
    if (piece === "") return;
    this.text += piece;
    this.last = piece;
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
    if (++this.steps > maxSteps || this.depth >= maxPrintDepth || this.text.length > maxOutput) {
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

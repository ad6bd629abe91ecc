/**
 * The Breakpad symbol file (.sym), as Breakpad's and Mozilla's dump_syms write it.
 *
 * Text, one record a line; the first word says which. Numbers are hex without prefix where marked x, decimal otherwise.
 *
 *   MODULE os arch id name                      first line; the name is the rest of the line
 *   INFO CODE_ID id [code file]                 code_id; the code file only for Windows
 *   FILE id path
 *   INLINE_ORIGIN id name                       name of an inlined function (before 2022: INLINE_ORIGIN id file-id name)
 *   FUNC [m] address:x size:x parameters:x name       m: several names share this code (identical code folding)
 *   INLINE depth call-line call-file-id origin-id (address:x size:x)+     before 2022 without the call-file-id
 *   address:x size:x line file-id               a line record; belongs, like INLINE, to the FUNC above
 *   PUBLIC [m] address:x parameters:x name
 *   STACK CFI INIT address:x size:x rules       rules: "name: postfix-words" repeated; names: .cfa, .ra, registers
 *   STACK CFI address:x rules                   from here on these rules replace the ones of the INIT above
 *   STACK WIN type:x rva:x code:x prologue:x epilogue:x parameters:x saved:x locals:x max-stack:x has-program rest
 *                                               type 4 FrameData, 0 FPO; rest is the program, or 0/1: uses ebp as general register
 *
 * Addresses are relative to the image base. Specification: docs/symbol_files.md in the Breakpad sources.
 *
 * Seen in the wild, and what we do:
 * - "\r\n" line ends (Windows tools) and lone "\r": both work; which of the two byte values ends a line is taken from line 1.
 * - a FUNC of size 0 (assembler code without an extent): treated as PUBLIC.
 * - overlapping FUNCs, line records and inline ranges: the one that starts last wins, of equal starts the first in the file.
 * - a line record with line 0 (compiler-generated code): the frame has no line.
 * - a name of 150 kB (templates): kept, up to maxLineBytes.
 * - records of unknown kind (INFO GENERATOR, INFO URL): INFO is skipped, anything else counts as a damaged line.
 */

/** A longer line is dropped and counted as damaged. The longest real one seen is a 155 kB template name. */
export const maxLineBytes = 1 << 20;
/** Line and inline records of one function beyond this are dropped; the largest real functions need about 10 MB. */
export const maxFunctionBytes = 32 << 20;
/** STACK CFI records of one INIT beyond this are dropped. */
export const maxCfiBlockBytes = 4 << 20;
/** Records kept of each kind (FUNC, PUBLIC, STACK CFI INIT, STACK WIN); 160 MB of index in the worst case. */
export const maxRecordsPerKind = 8 << 20;
/** Inline records nested deeper are dropped; compilers stay below 100. */
export const maxInlineDepth = 256;

/** What the first lines of a .sym say. */
export type SymModule = {
  /** As written: "Linux", "mac", "windows", "Android". */
  os: string;
  /** As written: "x86_64", "x86", "arm64". */
  arch: string;
  /** As written, Breakpad form; not yet checked. */
  id: string;
  /** Name of the debug file. */
  name: string;
  codeId: string | null;
  codeFile: string | null;
};

/**
 * Words of one line. One instance is moved from line to line; numbers are parsed from the bytes, since making a string of
 * each word would cost more than everything else.
 */
export class LineWords {
  pos = 0;
  end = 0;
  #bytes: Uint8Array = new Uint8Array(0);

  /** The line's bytes are [start, end) of `bytes`; trailing blanks and "\r" are left out. */
  reset(bytes: Uint8Array, start: number, end: number): void {
    let last = end;
    while (last > start && bytes[last - 1]! <= 0x20) last--;
    this.#bytes = bytes;
    this.pos = start;
    this.end = last;
  }

  #skipBlanks(): void {
    while (this.pos < this.end && isBlank(this.#bytes[this.pos]!)) this.pos++;
  }

  /** Whether words are left. */
  more(): boolean {
    this.#skipBlanks();
    return this.pos < this.end;
  }

  /** Takes the word when it is exactly `word`. */
  take(word: string): boolean {
    this.#skipBlanks();
    const n = word.length;
    if (this.end - this.pos < n) return false;
    for (let i = 0; i < n; i++) if (this.#bytes[this.pos + i] !== word.charCodeAt(i)) return false;
    if (this.pos + n < this.end && !isBlank(this.#bytes[this.pos + n]!)) return false;
    this.pos += n;
    return true;
  }

  /** The next word as a hex number of at most 32 bits; -1 when it is none. */
  hex(): number {
    this.#skipBlanks();
    const bytes = this.#bytes;
    let p = this.pos;
    const end = this.end;
    let value = 0;
    while (p < end) {
      const digit = hexDigits[bytes[p]!]!;
      if (digit < 0) break;
      value = value * 16 + digit;
      p++;
    }
    if (p === this.pos || value > 0xffffffff || (p < end && !isBlank(bytes[p]!))) return -1;
    this.pos = p;
    return value;
  }

  /** The next word as a decimal number of at most 32 bits, -1 when it is none; a negative number counts as 0. */
  decimal(): number {
    this.#skipBlanks();
    const bytes = this.#bytes;
    let p = this.pos;
    const end = this.end;
    const negative = p < end && bytes[p] === 0x2d;
    if (negative) p++;
    const digits = p;
    let value = 0;
    while (p < end) {
      const digit = bytes[p]! - 0x30;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
      p++;
    }
    if (p === digits || value > 0xffffffff || (p < end && !isBlank(bytes[p]!))) return -1;
    this.pos = p;
    return negative ? 0 : value;
  }

  /** How many words are left; does not move. */
  count(): number {
    let words = 0;
    let inWord = false;
    for (let p = this.pos; p < this.end; p++) {
      const blank = isBlank(this.#bytes[p]!);
      if (!blank && !inWord) words++;
      inWord = !blank;
    }
    return words;
  }

  /** Moves to the first byte of the rest of the line (after blanks): [pos, end) is then a name. */
  rest(): void {
    this.#skipBlanks();
  }
}

function isBlank(byte: number): boolean {
  return byte === 0x20 || byte === 0x09;
}

/** Value of an ASCII hex digit by byte, -1 for any other byte. */
export const hexDigits: Int8Array = new Int8Array(256).map((_, byte) => {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  if (byte >= 0x61 && byte <= 0x66) return byte - 0x57;
  if (byte >= 0x41 && byte <= 0x46) return byte - 0x37;
  return -1;
});

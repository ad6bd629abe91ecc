/**
 * Binary annotations: the program at the end of an inline record that states which code belongs to the inlined function and to which lines.
 *
 *   each step      a number, then its operands; numbers have 1, 2 or 4 bytes (first bits 0, 10, 110), signed ones keep the sign in the lowest bit
 *    1 code offset             2 chunk of separated code     3 advance, new piece        4 length of the piece, advance behind it
 *    5 file                    6 advance line                7 lines spanned             8 statement or expression
 *    9 column                 10 columns spanned            11 advance line (operand >> 4) and code (& 15), new piece
 *   12 length, advance, new piece                           13 end column                0 end
 *
 * A piece holds to the next, or for the length stated. Offsets count from the function's start, or from the chunk's.
 * Specification: "S_INLINESITE" in LLVM's documentation, BinaryAnnotationOpcode in cvinfo.h.
 */
import type { U32Column } from "../bytes/columns.ts";
import type { InlineLevels } from "./inline-levels.ts";
import type { ModuleLines } from "./module-lines.ts";

const maxAddress = 0xffffffff;
const damaged = -1;

/** Runs annotations; one instance serves all records. */
export class Annotations {
  #bytes: Uint8Array = new Uint8Array(0);
  #pos = 0;
  #stop = 0;

  /**
   * Adds the pieces of a site. `chunks` are the starts of the function and of its separated parts, `line` and `file` (offset in the checksums)
   * those of the inlined function itself. Returns false for annotations that are no such program; the pieces before count.
   */
  run(
    bytes: Uint8Array,
    start: number,
    stop: number,
    chunks: U32Column,
    line: number,
    file: number,
    lines: ModuleLines,
    levels: InlineLevels,
    depth: number,
    site: number,
  ): boolean {
    this.#bytes = bytes;
    this.#pos = start;
    this.#stop = stop;
    let base = chunks.at(0);
    let offset = 0;
    let currentLine = line;
    let currentFile = lines.file(file);
    // The piece that has begun and not ended.
    let open = false;
    let openAt = 0;
    let openLine = 0;
    let openFile = 0;
    while (this.#pos < stop) {
      const step = this.#number();
      if (step === 0) break;
      const operand = this.#number();
      if (step < 0 || operand < 0) return false;
      let length = damaged;
      let begins = false;
      switch (step) {
        case 1:
          offset = operand;
          break;
        case 2:
          if (operand < chunks.length) base = chunks.at(operand);
          offset = 0;
          break;
        case 3:
          offset += operand;
          begins = true;
          break;
        case 4:
          if (open) addPiece(levels, depth, site, openAt, openAt + operand, openLine, openFile);
          open = false;
          offset += operand;
          break;
        case 5:
          currentFile = lines.file(operand);
          break;
        case 6:
          currentLine += signed(operand);
          break;
        case 11:
          currentLine += signed(operand >>> 4);
          offset += operand & 15;
          begins = true;
          break;
        case 12: {
          const advance = this.#number();
          if (advance < 0) return false;
          length = operand;
          offset += advance;
          begins = true;
          break;
        }
        case 7:
        case 8:
        case 9:
        case 10:
        case 13:
          break;
        default:
          return false;
      }
      if (!begins) continue;
      const at = base + offset;
      if (open) addPiece(levels, depth, site, openAt, at, openLine, openFile);
      open = length < 0;
      openAt = at;
      openLine = Math.max(currentLine, 0);
      openFile = currentFile;
      if (!open) addPiece(levels, depth, site, at, at + length, openLine, openFile);
    }
    return true;
  }

  #number(): number {
    const bytes = this.#bytes;
    const at = this.#pos;
    if (at >= this.#stop) return damaged;
    const first = bytes[at]!;
    if (first < 0x80) {
      this.#pos = at + 1;
      return first;
    }
    if (first < 0xc0 && at + 2 <= this.#stop) {
      this.#pos = at + 2;
      return ((first & 0x3f) << 8) | bytes[at + 1]!;
    }
    if (first >= 0xc0 && first < 0xe0 && at + 4 <= this.#stop) {
      this.#pos = at + 4;
      return ((first & 0x1f) << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
    }
    return damaged;
  }
}

function signed(value: number): number {
  return (value & 1) === 0 ? value >>> 1 : -(value >>> 1);
}

function addPiece(levels: InlineLevels, depth: number, site: number, start: number, end: number, line: number, file: number): void {
  if (end > start && end <= maxAddress) levels.addPiece(depth, site, start, end, line, file);
}

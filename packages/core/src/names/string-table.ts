/** NUL-terminated strings of a table, read where they are asked for. */
import { BlockReader } from "../bytes/block-reader.ts";
import type { ByteSource } from "../bytes/byte-source.ts";
import type { SymbolNames } from "./symbol-table.ts";

const blockBytes = 16 * 1024;
const maxBlocks = 64;
/** Longer names exist only in files that are made to hurt. */
const maxLength = 64 * 1024;
/** A name that leaves its block is read by itself, in growing pieces. */
const firstLength = 512;
const lengthStep = 8;

/** Name ids are offsets in the table. */
export class StringTable implements SymbolNames {
  readonly #reader: BlockReader;
  readonly #prefix: number;

  /** `prefix`: a first character that all names carry and that is left out, 0 for none (Mach-O's "_"). */
  constructor(strings: ByteSource, prefix = 0) {
    this.#reader = new BlockReader(strings, blockBytes, maxBlocks);
    this.#prefix = prefix;
  }

  name(offset: number): Uint8Array {
    let bytes = this.#reader.here(offset);
    let end = bytes.indexOf(0);
    for (let length = Math.max(firstLength, 2 * bytes.length); end < 0 && bytes.length < maxLength; length *= lengthStep) {
      const longer = this.#reader.upTo(offset, Math.min(length, maxLength));
      if (longer.length === bytes.length) break;
      bytes = longer;
      end = bytes.indexOf(0);
    }
    return bytes.subarray(this.#prefix !== 0 && bytes[0] === this.#prefix ? 1 : 0, end < 0 ? bytes.length : end);
  }
}

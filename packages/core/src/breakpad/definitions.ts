/** Single lines of a .sym read on demand: the names that FILE and INLINE_ORIGIN numbers stand for, STACK WIN records. */
import { BlockReader } from "../bytes/block-reader.ts";
import type { ByteSource } from "../bytes/byte-source.ts";
import { decodeUtf8 } from "../bytes/text.ts";
import type { WindowsFrame } from "../unwind/rules.ts";
import { LineWords, maxLineBytes } from "./records.ts";
import type { IdTable, SymIndex } from "./sym-index.ts";

const firstGuessBytes = 512;
const blockBytes = 16 << 10;
const maxBlocks = 128;

export class Definitions {
  readonly #index: SymIndex;
  readonly #reader: BlockReader;
  readonly #words = new LineWords();

  constructor(source: ByteSource, index: SymIndex) {
    this.#index = index;
    this.#reader = new BlockReader(source, blockBytes, maxBlocks);
  }

  /** Bytes of a FILE's path; null when the number is not defined. A view, valid until the next call. */
  fileName(id: number): Uint8Array | null {
    return this.#defined(this.#index.files, id, "FILE", false);
  }

  /** Bytes of an INLINE_ORIGIN's name; `hasFileId` says that a file number stands before the name, as it did before 2022. */
  originName(id: number, hasFileId: boolean): Uint8Array | null {
    return this.#defined(this.#index.origins, id, "INLINE_ORIGIN", hasFileId);
  }

  #defined(table: IdTable, id: number, keyword: string, hasFileId: boolean): Uint8Array | null {
    const offset = table.offsetOf(id);
    if (offset < 0) return null;
    const line = this.line(offset);
    const words = this.#words;
    words.reset(line, 0, line.length);
    words.take(keyword);
    words.decimal();
    if (hasFileId) words.decimal();
    words.rest();
    return line.subarray(words.pos, words.end);
  }

  /** The line at an offset without its end. A view, valid until the next call. */
  line(offset: number): Uint8Array {
    for (let want = firstGuessBytes; ; want = Math.min(want * 16, maxLineBytes)) {
      const bytes = this.#reader.upTo(offset, want);
      const end = bytes.indexOf(this.#index.lineEnd);
      if (end >= 0) return bytes.subarray(0, end);
      if (bytes.length < want || want === maxLineBytes) return bytes;
    }
  }

  /** The name on a PUBLIC line, or on the line of a FUNC of size 0. */
  symbolName(offset: number): Uint8Array {
    const line = this.line(offset);
    const words = this.#words;
    words.reset(line, 0, line.length);
    const isFunction = words.take("FUNC");
    if (!isFunction) words.take("PUBLIC");
    words.take("m");
    words.hex();
    if (isFunction) words.hex();
    words.hex();
    words.rest();
    return line.subarray(words.pos, words.end);
  }

  /** A STACK WIN record; null when it is damaged. */
  windowsFrame(offset: number): WindowsFrame | null {
    const line = this.line(offset);
    const words = this.#words;
    words.reset(line, 0, line.length);
    words.take("STACK");
    words.take("WIN");
    const type = words.hex();
    const sizes: number[] = [];
    for (let i = 0; i < 8; i++) sizes.push(words.hex());
    const hasProgram = words.decimal();
    if (hasProgram < 0 || sizes.some((size) => size < 0)) return null;
    words.rest();
    const rest = decodeUtf8(line.subarray(words.pos, words.end));
    const [address, codeSize, prologueSize, epilogueSize, parameterSize, savedRegisterSize, localSize, maxStackSize] = sizes;
    return {
      kind: type === 4 ? "frameData" : "fpo",
      address: address!,
      codeSize: codeSize!,
      prologueSize: prologueSize!,
      epilogueSize: epilogueSize!,
      parameterSize: parameterSize!,
      savedRegisterSize: savedRegisterSize!,
      localSize: localSize!,
      maxStackSize: maxStackSize!,
      program: hasProgram === 0 ? null : rest,
      allocatesBasePointer: hasProgram === 0 && rest !== "0" && rest !== "",
    };
  }
}

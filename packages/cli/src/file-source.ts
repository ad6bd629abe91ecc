/**
 * A local file as core's ByteSource: read by ranges, so that a file of any size costs little memory. Small reads go through a few
 * remembered blocks; large ones straight to the file.
 */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { type ByteSource, checkRange } from "@salvage/core";
import { CliError, fileProblem } from "./cli-error.ts";

const blockBytes = 64 * 1024;
const keptBlocks = 64;

export class FileSource implements ByteSource {
  readonly path: string;
  readonly size: number;
  readonly #file: number;
  readonly #blocks = new Map<number, Uint8Array>();

  /** Throws CliError when the file cannot be opened. */
  constructor(path: string) {
    this.path = path;
    try {
      this.#file = openSync(path, "r");
    } catch (error) {
      throw fileProblem(path, error);
    }
    const stats = fstatSync(this.#file);
    if (!stats.isFile()) {
      closeSync(this.#file);
      throw new CliError(`${path} is not a file.`);
    }
    this.size = stats.size;
  }

  read(offset: number, length: number): Uint8Array {
    checkRange(this.size, offset, length);
    const first = Math.floor(offset / blockBytes);
    const last = Math.floor((offset + Math.max(length, 1) - 1) / blockBytes);
    if (last > first || length >= blockBytes) return this.#readFile(offset, length);
    let block = this.#blocks.get(first);
    if (block === undefined) {
      const start = first * blockBytes;
      block = this.#readFile(start, Math.min(blockBytes, this.size - start));
      if (this.#blocks.size >= keptBlocks) for (const oldest of this.#blocks.keys()) if (this.#blocks.delete(oldest)) break;
      this.#blocks.set(first, block);
    }
    const from = offset - first * blockBytes;
    return block.subarray(from, from + length);
  }

  readInto(offset: number, target: Uint8Array): void {
    checkRange(this.size, offset, target.length);
    this.#fill(offset, target);
  }

  close(): void {
    closeSync(this.#file);
  }

  #readFile(offset: number, length: number): Uint8Array {
    // Not zeroed: every byte is overwritten.
    const bytes = Buffer.allocUnsafeSlow(length);
    this.#fill(offset, bytes);
    return bytes;
  }

  #fill(offset: number, target: Uint8Array): void {
    for (let done = 0; done < target.length; ) {
      const got = readSync(this.#file, target, done, target.length - done, offset + done);
      if (got === 0) throw new CliError(`${this.path} became shorter while it was read.`);
      done += got;
    }
  }
}

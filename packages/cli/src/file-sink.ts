/** A local file that a lookup file is written to: in order, with its header filled in at the end. */
import { closeSync, openSync, writeSync } from "node:fs";
import type { SymcacheSink } from "@salvage/core";
import { fileProblem } from "./cli-error.ts";

export class FileSink implements SymcacheSink {
  readonly #path: string;
  readonly #file: number;
  #isOpen = true;
  #size = 0;

  /** Throws CliError when the file cannot be made. */
  constructor(path: string) {
    this.#path = path;
    try {
      this.#file = openSync(path, "w");
    } catch (error) {
      throw fileProblem(path, error);
    }
  }

  write(bytes: Uint8Array): void {
    this.#put(bytes, this.#size);
    this.#size += bytes.length;
  }

  patch(offset: number, bytes: Uint8Array): void {
    this.#put(bytes, offset);
  }

  close(): void {
    if (this.#isOpen) closeSync(this.#file);
    this.#isOpen = false;
  }

  #put(bytes: Uint8Array, offset: number): void {
    try {
      for (let done = 0; done < bytes.length; ) done += writeSync(this.#file, bytes, done, bytes.length - done, offset + done);
    } catch (error) {
      throw fileProblem(this.#path, error);
    }
  }
}

/**
 * Scratch files: room for what does not fit in memory. A file loses its name as soon as it is open where the system allows it, so that
 * nothing stays behind when the process is killed; elsewhere it goes with `close`.
 */
import { closeSync, mkdirSync, openSync, readSync, unlinkSync, writeSync } from "node:fs";
import { join } from "node:path";
import { checkRange, type ScratchFile } from "@salvage/core";

export class DiskScratch implements ScratchFile {
  size = 0;
  readonly #fd: number;
  #path: string | null;

  constructor(folder: string, name: string) {
    mkdirSync(folder, { recursive: true });
    this.#path = join(folder, name);
    this.#fd = openSync(this.#path, "wx+", 0o600);
    this.#unlink();
  }

  append(bytes: Uint8Array): void {
    let done = 0;
    while (done < bytes.length) {
      const written = writeSync(this.#fd, bytes, done, bytes.length - done, this.size);
      done += written;
      this.size += written;
    }
  }

  read(offset: number, length: number): Uint8Array {
    checkRange(this.size, offset, length);
    const bytes = new Uint8Array(length);
    let done = 0;
    while (done < length) {
      const got = readSync(this.#fd, bytes, done, length - done, offset + done);
      if (got === 0) throw new Error("a scratch file became shorter while it was read");
      done += got;
    }
    return bytes;
  }

  close(): void {
    closeSync(this.#fd);
    this.#unlink();
  }

  #unlink(): void {
    if (this.#path === null) return;
    try {
      unlinkSync(this.#path);
      this.#path = null;
    } catch {
      // Windows keeps the names of open files: `close` removes it.
    }
  }
}

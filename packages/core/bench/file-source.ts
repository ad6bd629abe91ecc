/** A local file as a ByteSource, and one as a symcache sink. Core itself knows no files; benchmarks and tests do. */
import { closeSync, fstatSync, openSync, readSync, writeSync } from "node:fs";
import { type ByteSource, checkRange } from "../src/bytes/byte-source.ts";
import type { SymcacheSink } from "../src/symcache/page-writer.ts";

export class FileSource implements ByteSource {
  readonly size: number;
  bytesRead = 0;
  reads = 0;
  readonly #fd: number;

  constructor(path: string) {
    this.#fd = openSync(path, "r");
    this.size = fstatSync(this.#fd).size;
  }

  read(offset: number, length: number): Uint8Array {
    checkRange(this.size, offset, length);
    const bytes = Buffer.allocUnsafeSlow(length);
    let done = 0;
    while (done < length) {
      const got = readSync(this.#fd, bytes, done, length - done, offset + done);
      if (got === 0) throw new Error("the file became shorter while it was read");
      done += got;
    }
    this.bytesRead += length;
    this.reads++;
    return bytes;
  }

  close(): void {
    closeSync(this.#fd);
  }
}

export class FileSink implements SymcacheSink {
  readonly #fd: number;
  #position = 0;

  constructor(path: string) {
    this.#fd = openSync(path, "w");
  }

  write(bytes: Uint8Array): void {
    writeSync(this.#fd, bytes, 0, bytes.length, this.#position);
    this.#position += bytes.length;
  }

  patch(offset: number, bytes: Uint8Array): void {
    writeSync(this.#fd, bytes, 0, bytes.length, offset);
  }

  close(): void {
    closeSync(this.#fd);
  }
}

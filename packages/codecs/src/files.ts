/** Local files for core: one that is read by ranges, one that a lookup file is written to. They block: for the command line and child processes. */
import { closeSync, fstatSync, openSync, readSync, writeSync } from "node:fs";
import { type ByteSource, checkRange, FormatError, type SymcacheSink } from "@salvage/core/sym-text";

/** A file of any size as core's ByteSource. Close it. */
export class FileSource implements ByteSource {
  readonly path: string;
  readonly size: number;
  /** What was read so far. */
  bytesRead = 0;
  reads = 0;
  readonly #fd: number;

  /** Throws what openSync throws, and FormatError for what is no regular file. */
  constructor(path: string) {
    this.path = path;
    this.#fd = openSync(path, "r");
    const stats = fstatSync(this.#fd);
    if (!stats.isFile()) {
      closeSync(this.#fd);
      throw new FormatError("file", null, "is not a file");
    }
    this.size = stats.size;
  }

  read(offset: number, length: number): Uint8Array {
    checkRange(this.size, offset, length);
    // Not zeroed, as every byte is overwritten; no Buffer, whose parts cost several times as much to make.
    const bytes = new Uint8Array(Buffer.allocUnsafeSlow(length).buffer);
    this.#fill(offset, bytes);
    return bytes;
  }

  readInto(offset: number, target: Uint8Array): void {
    checkRange(this.size, offset, target.length);
    this.#fill(offset, target);
  }

  close(): void {
    closeSync(this.#fd);
  }

  #fill(offset: number, target: Uint8Array): void {
    this.reads++;
    this.bytesRead += target.length;
    for (let done = 0; done < target.length; ) {
      const got = readSync(this.#fd, target, done, target.length - done, offset + done);
      if (got === 0) throw new FormatError("file", offset + done, "the file became shorter while it was read");
      done += got;
    }
  }
}

/** A file that is written in order, with its header filled in at the end. What fails throws what the system says. */
export class FileSink implements SymcacheSink {
  size = 0;
  readonly #fd: number;
  #isOpen = true;

  constructor(path: string, mode = 0o666) {
    this.#fd = openSync(path, "w", mode);
  }

  write(bytes: Uint8Array): void {
    this.#put(bytes, this.size);
    this.size += bytes.length;
  }

  patch(offset: number, bytes: Uint8Array): void {
    this.#put(bytes, offset);
  }

  close(): void {
    if (this.#isOpen) closeSync(this.#fd);
    this.#isOpen = false;
  }

  #put(bytes: Uint8Array, offset: number): void {
    for (let done = 0; done < bytes.length; ) done += writeSync(this.#fd, bytes, done, bytes.length - done, offset + done);
  }
}

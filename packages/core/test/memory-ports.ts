/** Ports whose scratch files lie in memory, and which count what they were asked for. For tests. */
import { BufferSource, type ByteSource, checkRange } from "../src/bytes/byte-source.ts";
import type { Compression, Ports, ScratchFile } from "../src/bytes/ports.ts";

export class MemoryPorts implements Ports {
  readonly scratchFiles: MemoryScratch[] = [];

  decompress(compression: Compression, _packed: ByteSource): ByteSource {
    throw new Error(`${compression} is not unpacked here`);
  }

  scratch(): ScratchFile {
    const file = new MemoryScratch();
    this.scratchFiles.push(file);
    return file;
  }
}

class MemoryScratch implements ScratchFile {
  size = 0;
  #bytes = new Uint8Array(1 << 20);

  append(bytes: Uint8Array): void {
    while (this.size + bytes.length > this.#bytes.length) {
      const grown = new Uint8Array(2 * this.#bytes.length);
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    this.#bytes.set(bytes, this.size);
    this.size += bytes.length;
  }

  read(offset: number, length: number): Uint8Array {
    checkRange(this.size, offset, length);
    return new BufferSource(this.#bytes).read(offset, length).slice();
  }
}

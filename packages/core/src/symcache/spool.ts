/**
 * Words put aside while a debug file is read, and read again in another order. The first megabytes stay in memory; beyond them everything goes
 * to a scratch file, where there is one.
 */
import { BlockReader } from "../bytes/block-reader.ts";
import type { Ports, ScratchFile } from "../bytes/ports.ts";

const chunkWords = 1 << 20;
/** Chunks of 4 MiB that stay in memory. */
const maxChunks = 4;
const blockBytes = 16 << 10;
const maxBlocks = 256;

export class Spool {
  /** Words put aside so far. */
  length = 0;
  readonly #ports: Ports | null;
  readonly #chunks: Uint32Array<ArrayBuffer>[] = [];
  /** Words that lie in the scratch file. */
  #spilled = 0;
  #scratch: ScratchFile | null = null;
  #reader: BlockReader | null = null;
  #out: Uint32Array<ArrayBuffer> = new Uint32Array(1024);

  /** Without ports everything stays in memory. */
  constructor(ports: Ports | null) {
    this.#ports = ports;
  }

  /** Puts the first `count` words aside; returns their position. */
  append(words: Uint32Array, count: number): number {
    const position = this.length;
    for (let done = 0; done < count; ) {
      const at = this.length - this.#spilled;
      const chunk = Math.floor(at / chunkWords);
      if (chunk === this.#chunks.length) {
        if (chunk === maxChunks && this.#ports !== null) {
          this.#spill(this.#ports);
          continue;
        }
        this.#chunks.push(new Uint32Array(chunkWords));
      }
      const from = at - chunk * chunkWords;
      const part = Math.min(count - done, chunkWords - from);
      this.#chunks[chunk]!.set(words.subarray(done, done + part), from);
      this.length += part;
      done += part;
    }
    return position;
  }

  /** `count` words from `position`; good until the next call. */
  read(position: number, count: number): Uint32Array {
    const at = position - this.#spilled;
    const from = at % chunkWords;
    if (at >= 0 && from + count <= chunkWords) return this.#chunks[Math.floor(at / chunkWords)]!.subarray(from, from + count);
    if (this.#out.length < count) this.#out = new Uint32Array(2 ** Math.ceil(Math.log2(count)));
    for (let done = 0; done < count; ) done += this.#copy(position + done, this.#out, done, count - done);
    return this.#out.subarray(0, count);
  }

  /** Copies words from `position` into `out`; returns how many, at least one. */
  #copy(position: number, out: Uint32Array<ArrayBuffer>, to: number, count: number): number {
    const at = position - this.#spilled;
    if (at < 0) {
      const part = Math.min(count, -at);
      new Uint8Array(out.buffer, 4 * to, 4 * part).set(this.#reader!.upTo(4 * position, 4 * part));
      return part;
    }
    const from = at % chunkWords;
    const part = Math.min(count, chunkWords - from);
    out.set(this.#chunks[Math.floor(at / chunkWords)]!.subarray(from, from + part), to);
    return part;
  }

  /** All chunks are full. */
  #spill(ports: Ports): void {
    this.#scratch ??= ports.scratch();
    for (const chunk of this.#chunks) this.#scratch.append(new Uint8Array(chunk.buffer));
    this.#spilled = this.length;
    this.#chunks.length = 0;
    // The blocks that the reader remembers are whole, as chunks are whole blocks; the size it knows is not.
    this.#reader = new BlockReader(this.#scratch, blockBytes, maxBlocks);
  }
}

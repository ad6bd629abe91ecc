/** A symcache sink that keeps the file in memory, and checks that the writer keeps to the sink's contract. For tests. */
import assert from "node:assert/strict";
import { BufferSource } from "../src/bytes/byte-source.ts";
import { buildSymcache, type SymcacheSummary } from "../src/symcache/build.ts";
import type { SymcacheSink } from "../src/symcache/page-writer.ts";

export class MemorySink implements SymcacheSink {
  readonly #chunks: Uint8Array[] = [];
  #patched = false;

  write(bytes: Uint8Array): void {
    assert.ok(!this.#patched, "nothing is written after the header");
    this.#chunks.push(bytes.slice());
  }

  patch(offset: number, bytes: Uint8Array): void {
    assert.equal(offset, 0);
    assert.equal(bytes.length, 4096);
    this.#patched = true;
    this.#chunks[0]?.set(bytes, 0);
  }

  bytes(): Uint8Array {
    assert.ok(this.#patched, "the header is written");
    return new Uint8Array(Buffer.concat(this.#chunks));
  }
}

/** Converts .sym text in memory. */
export function convertText(text: string): { bytes: Uint8Array; summary: SymcacheSummary } {
  const sink = new MemorySink();
  const summary = buildSymcache(new BufferSource(new Uint8Array(Buffer.from(text))), sink);
  return { bytes: sink.bytes(), summary };
}

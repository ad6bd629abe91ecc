/** What hostile bytes may cause: a value or a FormatError, in bounded time. Shared by the fuzzer's targets and the runs of mutants. */

import { tmpdir } from "node:os";
import { join } from "node:path";
import { createPorts } from "@salvage/codecs";
import { BufferSource, buildSymcache, checkSymcache, FormatError, identifyObjects, openDebugFile, openSymcache } from "../src/index.ts";
import type { SymcacheSink } from "../src/symcache/page-writer.ts";

/** Unpacked sections that stay in memory; larger ones lie in scratch files, as in the product. */
const memoryBytes = 8 << 20;
const maxAddresses = 64;

/** A sink in memory. */
class Pages implements SymcacheSink {
  readonly #chunks: Uint8Array[] = [];

  write(bytes: Uint8Array): void {
    this.#chunks.push(bytes.slice());
  }

  patch(_offset: number, bytes: Uint8Array): void {
    this.#chunks[0]?.set(bytes);
  }

  bytes(): Uint8Array {
    return new Uint8Array(Buffer.concat(this.#chunks));
  }
}

/** Runs something that may throw FormatError and nothing else; null when it did. */
export function allow<T>(run: () => T): T | null {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    return null;
  }
}

/** Everything that is asked of a debug file: what it is, its answers when asked directly, its lookup file. That one must hold what it says. */
export function askDebugFile(bytes: Uint8Array): void {
  const source = new BufferSource(bytes);
  const ports = createPorts({ scratchDir: join(tmpdir(), "salvage-fuzz"), memoryBytes });
  try {
    allow(() => identifyObjects(source));
    const pages = new Pages();
    const built = allow(() => buildSymcache(source, pages, { ports }));
    const addresses = [0, 0x1000];
    if (built !== null) {
      const lookupFile = new BufferSource(pages.bytes());
      checkSymcache(lookupFile);
      const { starts } = openSymcache(lookupFile);
      addresses.push(...some(starts.names), ...some(starts.unwind), ...some(starts.windowsFrames));
    }
    const file = allow(() => openDebugFile(source, { ports }));
    for (const address of addresses) {
      allow(() => file?.names?.lookup(address));
      allow(() => file?.unwind?.find(address));
      allow(() => file?.windowsFrames?.find(address));
      allow(() => file?.code?.read(address, 16));
    }
  } finally {
    ports.close();
  }
}

/** The first few. */
export function* some(values: Iterable<number>): Generator<number> {
  let count = 0;
  for (const value of values) {
    if (count++ === maxAddresses) return;
    yield value;
  }
}

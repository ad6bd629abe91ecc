/**
 * Every binary and debug file in a folder, given by SALVAGE_CORPUS; skipped when it is not set. The lookup file made of each gives the answers of
 * the file itself: names where functions, lines and symbols begin and between them, unwind rules where they change. The counts are printed.
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { createPorts } from "../../codecs/src/index.ts";
import { BufferSource, buildSymcache, FormatError, openSymcache, type SymcacheSummary } from "../src/index.ts";
import type { NameSink, NameSource } from "../src/names/name-source.ts";
import { identifyObjects, objectKind } from "../src/object/identify.ts";
import { openDebugFile } from "../src/object/open-debug-file.ts";
import { MemorySink } from "./memory-sink.ts";

const folder = process.env.SALVAGE_CORPUS;
const largestFile = 64 << 20;
const maxAddresses = 20_000;

/** Where something begins or ends. */
class Boundaries implements NameSink {
  readonly addresses = new Set<number>();

  function(block: Parameters<NameSink["function"]>[0]): void {
    for (const column of [block.partStart, block.partEnd, block.lineStart, block.lineEndAddress, block.inlineStart, block.inlineEndAddress])
      for (const address of column.view()) this.add(address);
  }

  symbol(address: number, size: number): void {
    this.add(address);
    this.add(address + size);
  }

  add(address: number): void {
    this.addresses.add(address);
    if (address > 0) this.addresses.add(address - 1);
  }

  /** All, or an even choice of them. */
  chosen(): number[] {
    const all = [...this.addresses].sort((a, b) => a - b);
    const step = Math.max(1, Math.ceil(all.length / maxAddresses));
    return all.filter((_, i) => i % step === 0);
  }
}

test("every binary of the folder and its lookup file agree", { skip: folder === undefined }, () => {
  const counts = { files: 0, images: 0, refused: 0, names: 0, rules: 0, otherGuesses: 0, frames: 0 };
  const paths = readdirSync(folder!, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  assert.ok(paths.length > 0);
  for (const path of paths) {
    if (statSync(path).size > largestFile || statSync(path).size < 8) continue;
    const source = new BufferSource(readFileSync(path));
    let images: (string | null)[];
    try {
      if ((objectKind(source) ?? "breakpad") === "breakpad") continue;
      images = identifyObjects(source).map(({ debugId }) => debugId);
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      counts.refused++;
      continue;
    }
    counts.files++;
    for (const debugId of images) {
      counts.images++;
      const where = `${relative(folder!, path)} ${debugId}`;
      const ports = createPorts({ scratchDir: tmpdir(), memoryBytes: 64 << 20 });
      try {
        compare(source, debugId, ports, where, counts);
      } catch (error) {
        if (!(error instanceof FormatError)) throw error;
        counts.refused++;
      } finally {
        ports.close();
      }
    }
  }
  console.log(JSON.stringify(counts));
});

function compare(
  source: BufferSource,
  debugId: string | null,
  ports: ReturnType<typeof createPorts>,
  where: string,
  counts: { names: number; rules: number; otherGuesses: number; frames: number },
): void {
  const sink = new MemorySink();
  const summary: SymcacheSummary = buildSymcache(source, sink, { debugId, ports });
  const cache = openSymcache(new BufferSource(sink.bytes()));
  const direct = openDebugFile(source, { debugId, ports });
  assert.equal(summary.debugId, debugId, where);
  if (direct.names !== null) {
    const boundaries = new Boundaries();
    (direct.names as NameSource).visit(boundaries, () => {});
    for (const address of boundaries.chosen()) {
      const frames = cache.names?.lookup(address) ?? null;
      delete frames?.at(-1)?.aliases;
      assert.deepEqual(frames, direct.names.lookup(address), `${where} at 0x${address.toString(16)}`);
      counts.names++;
    }
  }
  for (const start of cache.starts.unwind) {
    const rules = [plain(cache.unwind?.find(start)), plain(direct.unwind?.find(start))];
    // Rules worked out from code alone are the best guess; asked about one address it may follow the code from elsewhere.
    if (!isDeepStrictEqual(...(rules as [unknown, unknown])) && direct.unwind?.onlyAtCalls === true) counts.otherGuesses++;
    else assert.deepEqual(rules[0], rules[1], `${where}, rules at 0x${start.toString(16)}`);
    counts.rules++;
  }
  for (const start of cache.starts.windowsFrames) {
    assert.deepEqual(
      cache.windowsFrames?.find(start),
      direct.windowsFrames?.find(start),
      `${where}, frame data at 0x${start.toString(16)}`,
    );
    counts.frames++;
  }
}

/** Registers that keep their value may be left out. */
function plain(row: ReturnType<NonNullable<ReturnType<typeof openSymcache>["unwind"]>["find"]> | undefined): unknown {
  return row == null ? null : { ...row, registers: Object.fromEntries([...row.registers].sort()) };
}

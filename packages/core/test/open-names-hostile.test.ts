/**
 * Mutated copies of small real binaries (test/compare/recorded) and of a synthetic one through identifyObjects, openNames, visit and lookup: a value or
 * FormatError, in bounded time, with bounded output. SALVAGE_MUTANTS sets how many; the seed is fixed.
 */
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createPorts } from "@salvage/codecs";
import { BufferSource, FormatError, identifyObjects, openNames } from "../src/index.ts";
import { randomFrom } from "./random-sym.ts";

const mutants = Number(process.env.SALVAGE_MUTANTS ?? 2000);
const slowestMs = 5000;
/** More than the most that a whole file of these sizes gives, and far less than what would fill a disk. */
const mostRecords = 2_000_000;

const recorded = join(import.meta.dirname, "compare", "recorded");

type Fixture = { name: string; bytes: Uint8Array; companions: Uint8Array[] };

function fixtures(): Fixture[] {
  return readdirSync(recorded)
    .sort()
    .map((name) => {
      const files = readdirSync(join(recorded, name)).filter((file) => file !== "lookups.json");
      const read = (file: string) => new Uint8Array(readFileSync(join(recorded, name, file)));
      const companions = files.filter((file) => file.endsWith(".dwo")).map(read);
      return { name, bytes: read(files.find((file) => !file.endsWith(".dwo"))!), companions };
    });
}

/** A few bytes, words or runs changed, or the end cut off. Headers are hit more often than their share. */
function mutate(original: Uint8Array, random: (below: number) => number): Uint8Array {
  const copy = original.slice(0, random(12) === 0 ? random(original.length) : original.length);
  for (let k = 1 + random(6); k > 0 && copy.length > 8; k--) {
    const at = random(3) === 0 ? random(Math.min(1024, copy.length - 8)) : random(copy.length - 8);
    switch (random(5)) {
      case 0:
        copy[at] = random(256);
        break;
      case 1:
        copy[at]! ^= 1 << random(8);
        break;
      case 2:
        copy.fill(0xff, at, at + 1 + random(8));
        break;
      case 3:
        copy.fill(0, at, at + 1 + random(8));
        break;
      default:
        copy.copyWithin(at, random(copy.length - 8), random(copy.length));
    }
  }
  return copy;
}

/** What came out; everything but FormatError is thrown on. */
function run(bytes: Uint8Array, companions: readonly Uint8Array[], ports: ReturnType<typeof createPorts>): number {
  let records = 0;
  const count = () => {
    records++;
    assert.ok(records < mostRecords, "more records than the file can hold");
  };
  const guarded = (read: () => void) => {
    try {
      read();
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
    }
  };
  const source = new BufferSource(bytes);
  guarded(() => identifyObjects(source));
  guarded(() => {
    let given = 0;
    const companion = () => (given < companions.length ? new BufferSource(companions[given++]!) : null);
    const names = openNames(source, { ports, companion })?.names ?? null;
    guarded(() => names?.visit({ function: count, symbol: count }, () => {}));
    for (const address of [0, 0x1000, 0x1050, 0x1200, 0x1700, 0x11000, 0xffffffff]) guarded(() => void names?.lookup(address));
  });
  return records;
}

test(`${mutants} mutated binaries: a value or FormatError, in bounded time`, () => {
  const scratchDir = mkdtempSync(join(tmpdir(), "salvage-hostile-"));
  const random = randomFrom(11);
  const files = fixtures();
  let named = 0;
  let slowest = { ms: 0, what: "" };
  for (let i = 0; i < mutants; i++) {
    const { name, bytes, companions } = files[i % files.length]!;
    const ports = createPorts({ scratchDir, memoryBytes: 1 << 20 });
    const started = performance.now();
    if (
      run(
        mutate(bytes, random),
        companions.map((companion) => mutate(companion, random)),
        ports,
      ) > 0
    )
      named++;
    const ms = performance.now() - started;
    if (ms > slowest.ms) slowest = { ms, what: `mutant ${i} of ${name}` };
    ports.close();
  }
  assert.deepEqual(readdirSync(scratchDir), []);
  rmSync(scratchDir, { recursive: true });
  console.log(`${named} of ${mutants} still named something; slowest ${slowest.ms.toFixed(0)} ms, ${slowest.what}`);
  assert.ok(named > mutants / 3);
  assert.ok(slowest.ms < slowestMs, `${slowest.what} took ${slowest.ms} ms`);
});

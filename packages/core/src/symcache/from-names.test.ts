/** Names of any source, given in any order, become the answers that looking at everything gives. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryPorts } from "../../test/memory-ports.ts";
import { MemorySink } from "../../test/memory-sink.ts";
import { asNameSource, type RandomNames, randomNames, slowFrames } from "../../test/random-names.ts";
import { BufferSource } from "../bytes/byte-source.ts";
import type { Ports } from "../bytes/ports.ts";
import { FunctionBlock, NONE } from "../names/function-block.ts";
import type { NameSource } from "../names/name-source.ts";
import { convertNames } from "./from-names.ts";
import { openSymcache, type Symcache } from "./reader.ts";
import { SymcacheWriter } from "./writer.ts";

const rounds = 400;

function converted(names: NameSource, ports: Ports | null = null): Symcache {
  const sink = new MemorySink();
  const writer = new SymcacheWriter(sink, 1000);
  convertNames(names, writer, ports, 1000, () => {});
  const none = { debugId: null, codeId: null, debugFile: null, codeFile: null, cpu: null, os: null };
  writer.finish({ ...none, sourceKind: "elf", sourceBytes: 1000 }, 0);
  return openSymcache(new BufferSource(sink.bytes()));
}

/** Symbols of one extent are aliases of each other, too; the slow lookup knows those of functions. */
function withoutSymbolAliases(names: RandomNames, address: number, cache: Symcache) {
  const frames = cache.names?.lookup(address) ?? null;
  if (frames !== null && names.symbols.some(({ name }) => name === frames[0]!.function)) delete frames[0]!.aliases;
  return frames;
}

test(`${rounds} random sources of names: slow lookup and symcache agree at every address`, () => {
  for (let seed = 1; seed <= rounds; seed++) {
    const names = randomNames(seed);
    const cache = converted(asNameSource(names));
    for (let address = 0; address < names.limit + 30; address++) {
      assert.deepEqual(
        withoutSymbolAliases(names, address, cache),
        slowFrames(names, address),
        `seed ${seed}, address ${address}\n${JSON.stringify(names)}`,
      );
    }
  }
});

const noUnit = [{ files: [], origins: [] }];
const plainFunction = (name: string, start: number, end: number) => ({
  name,
  parts: [[start, end] as [number, number]],
  lines: [],
  inlines: [],
});

test("functions of one extent are folded: the first answers, the others are its aliases", () => {
  const functions = [plainFunction("a", 10, 20), plainFunction("b", 10, 20), plainFunction("b", 10, 20), plainFunction("c", 10, 30)];
  const symbols = ["s", "t", "u"].map((name) => ({ address: 50, size: 10, name, limit: 0xffffffff }));
  const { names, header } = converted(asNameSource({ unit: noUnit, functions, symbols, limit: 60, order: [0, 0, 0, 0] }));
  assert.deepEqual(names?.lookup(15), [{ function: "a", functionAddress: 10, file: null, line: null, aliases: ["b"] }]);
  assert.deepEqual(names?.lookup(25), [{ function: "c", functionAddress: 10, file: null, line: null }]);
  assert.deepEqual(names?.lookup(55), [{ function: "s", functionAddress: 50, file: null, line: null, aliases: ["t", "u"] }]);
  assert.deepEqual([header.functionCount, header.symbolCount], [3, 3]);
});

test("of very many folded functions the answer names the first few", () => {
  const functions = Array.from({ length: 3000 }, (_, i) => plainFunction(`f${i}`, 10, 20));
  const { names, header } = converted(asNameSource({ unit: noUnit, functions, symbols: [], limit: 60, order: functions.map(() => 0) }));
  assert.equal(header.functionCount, 3000);
  assert.deepEqual(
    names?.lookup(12)?.[0]?.aliases,
    Array.from({ length: 16 }, (_, i) => `f${i + 1}`),
  );
});

test("functions nested deeper than any real ones: the innermost are right", () => {
  const functions = Array.from({ length: 1000 }, (_, i) => plainFunction(`f${i}`, i, 2001 - i));
  const { names } = converted(asNameSource({ unit: noUnit, functions, symbols: [], limit: 60, order: functions.map(() => 0) }));
  assert.equal(names?.lookup(900)?.[0]?.function, "f900");
  assert.equal(names?.lookup(1001)?.[0]?.function, "f999");
  assert.equal(names?.lookup(1100)?.[0]?.function, "f900");
  assert.equal(names?.lookup(2000), null);
});

test("what does not fit in memory goes through scratch files, and the answers stay the same", () => {
  const count = 700_000;
  const name = new TextEncoder().encode("f");
  const source: NameSource = {
    hasLines: false,
    hasInlines: false,
    damage: { count: 0, first: [] },
    lookup: () => null,
    visit(sink) {
      const block = new FunctionBlock();
      block.name = name;
      const texts = { file: () => null, origin: () => null };
      for (let i = 0; i < count; i++) {
        // A step without common divisor visits every place once, far from in order.
        const place = (i * 300_007) % count;
        block.clear();
        block.address = place * 16;
        block.size = 16;
        block.partStart.push(place * 16);
        block.partEnd.push(place * 16 + 16);
        block.lineStart.push(place * 16);
        block.lineEndAddress.push(place * 16 + 8);
        block.lineNumber.push(place + 1);
        block.lineFile.push(NONE);
        sink.function(block, texts);
      }
    },
  };
  const ports = new MemoryPorts();
  const { names, header } = converted(source, ports);
  assert.equal(ports.scratchFiles.length, 1, "the functions; their extents are few enough");
  assert.equal(header.rangeCount, 2 * count + 1);
  for (const place of [0, 1, 2, 65_535, 300_007, count - 1]) {
    assert.deepEqual(names?.lookup(place * 16 + 3), [{ function: "f", functionAddress: place * 16, file: null, line: place + 1 }]);
    assert.equal(names?.lookup(place * 16 + 11)?.[0]?.line, null);
  }
});

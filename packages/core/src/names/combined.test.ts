/** Debug information and symbols as one source: who is asked first, and lines without a function, which symbols name. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { visited } from "../../test/named-symbols.ts";
import type { SourceFrame } from "../symbolicate/lookup.ts";
import { combineNames } from "./combined.ts";
import { FunctionBlock } from "./function-block.ts";
import type { NameSink, NameSource } from "./name-source.ts";
import { SymbolTableBuilder } from "./symbol-table.ts";

const texts = { file: () => Buffer.from("/src/a.c"), origin: () => Buffer.from("inlined") };

type Function = { name: string; start: number; end: number; lines?: readonly (readonly [start: number, end: number, line: number])[] };

/** Debug information that is a list of functions. */
function debugOf(functions: readonly Function[]): NameSource {
  return {
    hasLines: true,
    hasInlines: false,
    damage: { count: 2, first: [] },
    lookup(address): SourceFrame[] | null {
      const found = functions.find(({ start, end }) => address >= start && address < end);
      if (found === undefined) return null;
      const line = found.lines?.find(([start, end]) => address >= start && address < end)?.[2] ?? null;
      return [{ function: found.name, functionAddress: found.start, file: line === null ? null : "/src/a.c", line }];
    },
    visit(sink: NameSink) {
      for (const { name, start, end, lines = [] } of functions) {
        const block = new FunctionBlock();
        block.name = Buffer.from(name);
        block.address = start;
        block.partStart.push(start);
        block.partEnd.push(end);
        for (const [from, to, line] of lines) {
          block.lineStart.push(from);
          block.lineEndAddress.push(to);
          block.lineNumber.push(line);
          block.lineFile.push(0);
        }
        sink.function(block, texts);
      }
    },
  };
}

function symbolsOf(...symbols: (readonly [name: string, address: number, size: number])[]) {
  const builder = new SymbolTableBuilder();
  const names = { name: (id: number) => Buffer.from(symbols[id]![0]) };
  for (const [id, [, address, size]] of symbols.entries()) builder.add(names, id, address, size, 0x1000);
  return builder.finish(new Uint32Array(0), 100);
}

test("either may be absent", () => {
  const debug = debugOf([]);
  const symbols = symbolsOf(["f", 1, 1]);
  assert.equal(combineNames(debug, null), debug);
  assert.equal(combineNames(null, symbols), symbols);
  assert.equal(combineNames(null, null), null);
  assert.equal(symbolsOf(), null);
});

test("functions first, symbols in the gaps", () => {
  const debug = debugOf([{ name: "geo::area", start: 0x100, end: 0x140 }]);
  const names = combineNames(debug, symbolsOf(["area", 0x100, 0x40], ["_start", 0x80, 0x20], ["inside", 0x110, 0x10]))!;
  const nameAt = (address: number) => names.lookup(address)?.[0]?.function ?? null;
  assert.deepEqual([0x80, 0xa0, 0x100, 0x110, 0x140].map(nameAt), ["_start", null, "geo::area", "geo::area", null]);
  assert.deepEqual(visited(names), ["100: 100-140 geo::area lines ", "80-a0 _start", "100-140 area", "110-120 inside"]);
  assert.deepEqual([names.hasLines, names.hasInlines, names.damage.count], [true, false, 2]);
});

test("a plain name gives way to the linkage name of the symbol at its start, when that is the same function", () => {
  const functions = [
    { name: "area", start: 0x100, end: 0x140 },
    { name: "geo::Ring<int>", start: 0x140, end: 0x180 },
    { name: "folded", start: 0x180, end: 0x1c0 },
    { name: "inner", start: 0x1c8, end: 0x200 },
    { name: "_ZN3geo3topEv", start: 0x200, end: 0x240 },
    { name: "count.get", start: 0x240, end: 0x280 },
    { name: "init", start: 0x280, end: 0x2c0 },
    { name: "~", start: 0x2c0, end: 0x300 },
  ];
  const symbols = symbolsOf(
    ["_ZN3geo4areaEv", 0x100, 0x40],
    ["_ZN3geo4RingIiEC2Ev", 0x140, 0x40],
    ["_ZN3geo5otherEv", 0x180, 0x40],
    ["_ZN3geo5innerEv", 0x1c0, 0x40],
    ["_ZN3geo3top5aliasEv", 0x200, 0x40],
    ["_TFC3app1Ag5countSi", 0x240, 0x40],
    ["_TFC3app1AcfT_S0_", 0x280, 0x40],
    ["_ZN3$_0D1Ev", 0x2c0, 0x40],
  );
  const names = combineNames(debugOf(functions), symbols)!;
  const expected = [
    "_ZN3geo4areaEv",
    "_ZN3geo4RingIiEC2Ev",
    "folded",
    "inner",
    "_ZN3geo3topEv",
    "_TFC3app1Ag5countSi",
    "_TFC3app1AcfT_S0_",
    "_ZN3$_0D1Ev",
  ];
  assert.deepEqual(
    functions.map(({ start }) => names.lookup(start + 4)?.[0]?.function),
    expected,
  );
  assert.deepEqual(
    visited(names)
      .slice(0, functions.length)
      .map((line) => line.split(" ")[2]),
    expected,
  );
});

test("lines without a function are named by the symbols in them, and cut at those", () => {
  const lines = [
    [0x150, 0x200, 7],
    [0x100, 0x130, 5],
    [0x130, 0x150, 6],
  ] as const;
  const debug = debugOf([{ name: "", start: 0x100, end: 0x200, lines }]);
  const names = combineNames(debug, symbolsOf(["before", 0xf0, 0x20], ["a", 0x110, 0x30], ["b", 0x140, 0x20]))!;
  const cut = [
    ["", 0x100, "before", 0xf0, 5],
    ["", 0x120, "a", 0x110, 5],
    ["", 0x13f, "a", 0x110, 6],
    ["", 0x150, "b", 0x140, 7],
    ["", 0x160, "", 0x100, 7],
  ] as const;
  for (const [, address, name, start, line] of cut) {
    assert.deepEqual(names.lookup(address), [{ function: name, functionAddress: start, file: "/src/a.c", line }], address.toString(16));
  }
  assert.deepEqual(visited(names).slice(0, 4), [
    "f0: 100-110 before lines 100=5",
    "110: 110-140 a lines 110=5 130=6",
    "140: 140-160 b lines 140=6 150=7",
    "100: 160-200  lines 160=7",
  ]);
});

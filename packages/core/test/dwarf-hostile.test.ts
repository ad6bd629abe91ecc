/** DWARF made to do harm: bounded time and memory, damage told with its place, other units still answer. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { BufferSource } from "../src/bytes/byte-source.ts";
import { FormatError } from "../src/bytes/format-error.ts";
import { Attribute as A, Form as F, Tag as T } from "../src/dwarf/constants.ts";
import { openDwarfNames } from "../src/dwarf/names.ts";
import type { DwarfSectionName, DwarfSections } from "../src/dwarf/sections.ts";
import { type AttributeSpec, DwarfBuilder, type Entry } from "./dwarf-builder.ts";
import { randomFrom } from "./random.ts";

const code = (start: number, size: number): AttributeSpec[] => [
  [A.lowPc, F.addr, start],
  [A.highPc, F.data4, size],
];
const good: Entry = [T.compileUnit, code(0x1000, 0x10), [[T.subprogram, [[A.name, F.string, "good"], ...code(0x1000, 0x10)]]]];

/** Everything a caller may do. Gives the number of functions visited. */
function useAll(sections: DwarfSections): number {
  const names = openDwarfNames(sections);
  let count = 0;
  names.visit(
    {
      function(block, texts) {
        count++;
        for (let i = 0; i < block.recordOrigin.length; i++) texts.origin(block.recordOrigin.at(i));
        for (let i = 0; i < block.lineFile.length; i++) texts.file(block.lineFile.at(i));
      },
      symbol() {},
    },
    () => {},
  );
  for (let address = 0x1000; address < 0x1100; address += 5) names.lookup(address);
  return count;
}

/** The good unit answers, whatever stands before it. Gives how much damage was told. */
function goodAnswers(builder: DwarfBuilder): number {
  builder.unit(good);
  const sections = builder.sections();
  const names = openDwarfNames(sections);
  assert.equal(names.lookup(0x1008)?.[0]?.function, "good");
  names.visit({ function() {}, symbol() {} }, () => {});
  useAll(sections);
  return names.damage.count;
}

test("entries that stand for themselves, and rings of them, end", () => {
  const builder = new DwarfBuilder();
  builder.unit([
    T.compileUnit,
    code(0x2000, 0x100),
    [
      [T.subprogram, [[A.abstractOrigin, F.ref4, { label: "self" }], ...code(0x2000, 8)], [], "self"],
      [T.subprogram, [[A.specification, F.ref4, { label: "b" }]], [], "a"],
      [T.subprogram, [[A.abstractOrigin, F.ref4, { label: "a" }], ...code(0x2010, 8)], [], "b"],
    ],
  ]);
  const names = openDwarfNames(builder.sections());
  assert.deepEqual(names.lookup(0x2000)?.[0]?.function, "");
  assert.deepEqual(names.lookup(0x2010)?.[0]?.function, "");
  goodAnswers(builder);
});

test("references to nowhere and into the middle of things", () => {
  const builder = new DwarfBuilder();
  const bad = [0xffffffff, 0, 3, 0x20];
  builder.unit([
    T.compileUnit,
    code(0x2000, 0x100),
    bad.map((at, i): Entry => [T.subprogram, [[A.abstractOrigin, F.refAddr, at], ...code(0x2000 + i * 16, 8)]]),
  ]);
  assert.equal(openDwarfNames(builder.sections()).lookup(0x2000)?.[0]?.function, "");
  goodAnswers(builder);
});

test("siblings that lead back are not followed", () => {
  const builder = new DwarfBuilder();
  const child: Entry = [T.subprogram, [[A.name, F.string, "inside"], ...code(0x2000, 8)]];
  for (const sibling of [0, 1, 12, 0xffffff]) {
    builder.unit([
      T.compileUnit,
      [[A.producer, F.string, "GNU C 12"], ...code(0x2000, 0x100)],
      [[T.structureType, [[A.sibling, F.ref4, sibling]], [child]]],
    ]);
  }
  assert.equal(openDwarfNames(builder.sections()).lookup(0x2001)?.[0]?.function, "(anonymous)::inside");
  goodAnswers(builder);
});

test("entries and inlined calls nested tens of thousands deep", () => {
  const builder = new DwarfBuilder();
  const info = builder.section("info");
  const finish = builder.length(info);
  info.uint(4, 2).uint(0, 4).uint(8, 1);
  const abbrev = builder.section("abbrev");
  const declare = (at: number, tag: number, attributes: number[]) => abbrev.uleb(at).uleb(tag).uint(1, 1).raw(attributes).raw([0, 0]);
  declare(100, T.compileUnit, []);
  declare(101, T.subprogram, [A.lowPc, F.addr, A.highPc, F.data4]);
  declare(102, T.inlinedSubroutine, [A.abstractOrigin, F.ref4, A.lowPc, F.addr, A.highPc, F.data4]);
  declare(103, T.lexicalBlock, []);
  info.uleb(100).uleb(101).uint(0x2000, 8).uint(0x100, 4);
  for (let i = 0; i < 30_000; i++) info.uleb(102).uint(12, 4).uint(0x2000, 8).uint(0x100, 4).uleb(103);
  for (let i = 0; i < 30_000; i++) info.uleb(101).uint(0x3000, 8).uint(0x100, 4);
  finish();
  const frames = openDwarfNames(builder.sections()).lookup(0x2000);
  assert.equal(frames !== null && frames.length > 100 && frames.length < 300, true);
  goodAnswers(builder);
});

test("range lists that do not end, or lie outside their section", () => {
  for (const version of [4, 5]) {
    const builder = new DwarfBuilder({ version });
    const [name, entry] =
      version === 5 ? (["rnglists", [4, 1, 2]] as const) : (["ranges", [1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0]] as const);
    const lists = builder.section(name);
    for (let i = 0; i < 40_000; i++) lists.raw(entry);
    builder.unit([
      T.compileUnit,
      [[A.lowPc, F.addr, 0x2000]],
      [0, 5, 0xfffffff0, lists.length - 1].map((at): Entry => [T.subprogram, [[A.ranges, F.secOffset, at]]]),
    ]);
    assert.equal(goodAnswers(builder) > 0, true);
  }
});

test("one long range list for thousands of calls and functions", () => {
  const builder = new DwarfBuilder({ version: 4 });
  const pairs = 40_000;
  const list = builder.section("ranges");
  for (let i = 0; i < pairs; i++) list.uint(0x1000 + 4 * i, 8).uint(0x1002 + 4 * i, 8);
  list.uint(0, 8).uint(0, 8);
  const ranges: AttributeSpec = [A.ranges, F.secOffset, 0];
  const many = (entry: Entry): Entry[] => new Array<Entry>(3000).fill(entry);
  const call: Entry = [T.inlinedSubroutine, [[A.abstractOrigin, F.ref4, { label: "i" }], ranges]];
  builder.unit([
    T.compileUnit,
    [[A.lowPc, F.addr, 0], ranges],
    [
      [T.subprogram, [[A.name, F.string, "i"]], [], "i"],
      [T.subprogram, [[A.name, F.string, "f"], ranges], many(call)],
      [T.subprogram, [[A.name, F.string, "g"], ranges], many([T.subprogram, [ranges]])],
    ],
  ]);
  const before = process.memoryUsage().arrayBuffers;
  const names = openDwarfNames(builder.sections());
  assert.equal(names.lookup(0x1000)?.at(-1)?.function, "f");
  assert.ok(process.memoryUsage().arrayBuffers - before < 256 << 20, "4 bytes for each end of 120 million ranges would be a gigabyte");
});

test("line programs: rows without end, a line range of 0, headers that lie", () => {
  const builder = new DwarfBuilder();
  const many = builder.lines([["a.c", 0]], [], (bytes) => {
    builder.setAddress(bytes, 0x2000);
    // Each row moves one byte on and to another line.
    for (let i = 0; i < 300_000; i++) bytes.uint(13 + 14 + 6 + (i & 1), 1);
  });
  const zero = builder.lines([["a.c", 0]], [], builder.sequence([[0x2000, 1]], 0x2010));
  // version, header length, four bytes, then the line range
  builder.section("line").values[zero + 4 + 2 + 4 + 4] = 0;
  const lying = builder.lines([["a.c", 0]], [], () => {});
  builder.section("line").patch(lying + 6, 0x7fffffff, 4);
  for (const at of [many, zero, lying, 0xffffff, lying + 3]) {
    builder.unit([T.compileUnit, [[A.statementList, F.secOffset, at], ...code(0x2000, 0x100)], [[T.subprogram, code(0x2000, 8)]]]);
  }
  assert.equal(goodAnswers(builder) >= 0, true);
});

test("abbreviations: tables without end, codes defined twice, forms that nobody knows, forms that name themselves", () => {
  const builder = new DwarfBuilder();
  builder.unit([T.compileUnit, code(0x2000, 0x100), [[T.subprogram, [[A.name, 0x7777, 0], ...code(0x2000, 8)]]]]);
  builder.unit([T.compileUnit, code(0x2000, 0x100), [[0x34, [[A.name, F.indirect, F.indirect]]]]]);
  assert.equal(goodAnswers(builder) > 0, true);

  const bomb = new DwarfBuilder();
  const abbrev = bomb.section("abbrev");
  for (let i = 1; i < 200_000; i++) abbrev.uleb(i).uleb(T.subprogram).raw([0, 0, 0]);
  const info = bomb.section("info");
  info.uint(8, 4).uint(4, 2).uint(0, 4).uint(8, 1).uleb(1);
  assert.equal(useAll(bomb.sections()), 0);
});

test("unit lengths that lie: what stands before them answers", () => {
  for (const length of [0, 1, 6, 0x7fffffff, 0xfffffff1]) {
    const builder = new DwarfBuilder();
    builder.unit(good);
    builder.section("info").uint(length, 4).uint(4, 2).uint(0, 4).uint(8, 1).raw([1, 2, 3, 4, 5]);
    const names = openDwarfNames(builder.sections());
    assert.equal(names.lookup(0x1000)?.[0]?.function, "good");
  }
});

/** A unit with everything in it that a mutation can hit. */
function rich(version: number): DwarfSections {
  const builder = new DwarfBuilder({ version });
  const lines = builder.lines(
    [
      ["a.c", 0],
      ["b.h", 1],
    ],
    ["/inc"],
    builder.sequence(
      [
        [0x1000, 3],
        [0x1010, 9, 2],
        [0x1020, 4, 1],
      ],
      0x1040,
    ),
  );
  const ranges = builder.section("ranges");
  for (const value of [0, 0x10, 0x20, 0x40, 0, 0]) ranges.uint(value, 8);
  const lists = builder.section("rnglists");
  lists.raw(new Uint8Array(12)).raw([4, 0, 0x10, 4, 0x20, 0x40, 0]);
  const place: AttributeSpec = [A.ranges, F.secOffset, version === 5 ? 12 : 0];
  builder.unit([
    T.compileUnit,
    [
      [A.language, F.data1, 4],
      [A.producer, F.strp, "GNU C++"],
      [A.compDir, F.strp, "/build"],
      [A.statementList, F.secOffset, lines],
      ...code(0x1000, 0x100),
    ],
    [
      [
        T.namespace,
        [[A.name, F.string, "geo"]],
        [
          [
            T.structureType,
            [[A.name, F.strp, "Box"]],
            [
              [
                T.subprogram,
                [
                  [A.name, F.strp, "area"],
                  [A.declaration, F.flagPresent, 1],
                ],
                [],
                "area",
              ],
            ],
          ],
        ],
      ],
      [T.subprogram, [[A.specification, F.ref4, { label: "area" }]], [], "abstract"],
      [
        T.subprogram,
        [[A.name, F.string, "main"], place],
        [
          [
            T.inlinedSubroutine,
            [
              [A.abstractOrigin, F.refAddr, { label: "abstract" }],
              ...code(0x1000, 8),
              [A.callFile, F.data1, 1],
              [A.callLine, F.implicitConst, 7],
            ],
            [[T.inlinedSubroutine, [[A.abstractOrigin, F.ref4, { label: "abstract" }], ...code(0x1002, 2)]]],
          ],
        ],
      ],
    ],
  ]);
  builder.unit(good);
  return builder.sections();
}

const sectionNames: readonly DwarfSectionName[] = ["info", "abbrev", "line", "line_str", "str", "ranges", "rnglists"];

test("mutated sections never hang and throw nothing but FormatError", () => {
  const mutants = Number(process.env["SALVAGE_MUTANTS"] ?? 2000);
  const random = randomFrom(20);
  let functions = 0;
  for (let i = 0; i < mutants; i++) {
    const sections = rich(i % 2 === 0 ? 4 : 5);
    const contents = new Map<string, Uint8Array>();
    for (const name of sectionNames) {
      const source = sections.section(name);
      if (source !== null && source.size > 0) contents.set(name, source.read(0, source.size).slice());
    }
    for (let changes = 1 + random(4); changes > 0; changes--) {
      const name = [...contents.keys()][random(contents.size)]!;
      const bytes = contents.get(name)!;
      const at = random(bytes.length);
      if (random(8) === 0) contents.set(name, bytes.slice(0, Math.max(1, at)));
      else bytes[at] = random(3) === 0 ? 0xff : random(256);
    }
    const mutated: DwarfSections = { ...sections, section: (name) => (contents.has(name) ? new BufferSource(contents.get(name)!) : null) };
    try {
      functions += useAll(mutated);
    } catch (error) {
      assert.ok(error instanceof FormatError, String((error as Error).stack));
    }
  }
  assert.equal(functions > mutants, true, `${functions} functions of ${mutants} mutants`);
});

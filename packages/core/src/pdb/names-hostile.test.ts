/** Hostile PDBs: mutants of a file with every kind of record, and files made to cost time or memory. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  block,
  end,
  functionId,
  inlinees,
  lines,
  memberId,
  namesPdb,
  proc,
  record,
  separated,
  site,
  siteEnd,
  structure,
  subsection,
  type TestPdb,
  thunk,
  trampoline,
  u16,
  u32,
} from "../../test/pdb-names-file.ts";
import { randomFrom } from "../../test/random.ts";
import { BufferSource } from "../bytes/byte-source.ts";
import { FormatError } from "../bytes/format-error.ts";
import { openPdbNames } from "./names.ts";

const mutants = Number(process.env.SALVAGE_PDB_MUTANTS ?? 3000);
/** Most take a few milliseconds; a machine may be busy. */
const maxMs = 5000;

const seed: TestPdb = {
  files: ["c:\\a.cpp", "c:\\b.h"],
  types: [structure("ns::Box"), record(0x1001, u32(0x1000), u16(1))],
  ids: [functionId(0, "f"), memberId(0x1001, "g"), functionId(0, "h")],
  modules: [
    {
      symbols: [
        proc("ns::Box::push", 0, 0x40),
        block(),
        site(0x1001, 3, 8, 6, 6, 3, 8, 4, 0x10),
        site(0x1002, 12, 4, 2, 11, 0x24, 4, 3),
        siteEnd(),
        siteEnd(),
        end(),
        end(),
        separated(0x100, 0x10, 0),
        end(),
        thunk("t", 0x80, 8),
        end(),
        proc("last", 0x90, 0x10),
        end(),
      ],
      lines: [
        inlinees([0x1001, 8, 100], [0x1002, 8, 7]),
        lines(0, 0x40, [
          [
            0,
            [
              [0, 10],
              [8, 12],
              [0x20, 13],
            ],
          ],
          [8, [[0x10, 99]]],
        ]),
        lines(0x100, 0x10, [[0, [[0, 1]]]]),
        subsection(0xf7, u32(1, 1, 5)),
      ],
    },
    { symbols: [trampoline(0x200, 5, 0), proc("folded", 0, 0x40), end()], lines: [subsection(0xf8, u32(5, 0x1000))] },
  ],
  contributions: [
    [1, 0, 0x110, 0],
    [1, 0x200, 5, 1],
  ],
  publics: [
    ["?push@Box@ns@@QEAAXXZ", 0],
    ["_asm", 0x300],
  ],
};

const moved: TestPdb = {
  ...seed,
  omap: [
    [0x1000, 0x1800],
    [0x1020, 0x1400],
    [0x1100, 0],
  ],
};

/** Everything that can be asked. */
function ask(bytes: Uint8Array): void {
  const names = openPdbNames(new BufferSource(bytes));
  let functions = 0;
  let done = 0;
  names.visit(
    {
      function(functionBlock, texts) {
        functions++;
        assert.ok(functionBlock.partStart.length > 0);
        for (let i = 0; i < functionBlock.recordOrigin.length; i++) texts.origin(functionBlock.recordOrigin.at(i));
        for (let i = 0; i < functionBlock.lineFile.length; i++) texts.file(functionBlock.lineFile.at(i));
      },
      symbol() {},
    },
    (bytesDone) => {
      assert.ok(bytesDone >= done && bytesDone <= bytes.length, "progress grows up to the size");
      done = bytesDone;
    },
  );
  assert.ok(functions <= bytes.length);
  for (let address = 0xff0; address < 0x1400; address += 5) names.lookup(address);
  assert.ok(names.damage.first.length <= 20);
}

function tolerate(run: () => void): void {
  try {
    run();
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
  }
}

const interesting = [0, 1, 2, 3, 7, 0x7f, 0x80, 0xff];

test(`${mutants} mutants`, () => {
  const random = randomFrom(97);
  const seeds = [seed, moved, { ...seed, contributions: "none" as const, withoutIndexOffsets: true }].map(namesPdb);
  for (let i = 0; i < mutants; i++) {
    const original = seeds[i % seeds.length]!;
    let mutant = original.slice();
    for (let n = 1 + random(4); n > 0; n--) {
      const at = random(mutant.length);
      const value = random(2) === 0 ? interesting[random(interesting.length)]! : random(256);
      // Words as often as bytes: counts and offsets are words.
      if (random(2) === 0) mutant[at] = value;
      else mutant.fill(value, at & ~3, (at & ~3) + 4);
    }
    if (random(20) === 0) mutant = mutant.slice(0, random(mutant.length));
    const start = performance.now();
    tolerate(() => ask(mutant));
    assert.ok(performance.now() - start < maxMs, `mutant ${i} took ${performance.now() - start} ms`);
  }
});

/** One module over [0x1000, 0x2000), opened, visited and asked within the time. */
function cost(symbols: number[][], lineBytes: number[][], more: Partial<TestPdb> = {}): number {
  const bytes = namesPdb({ ...seed, modules: [{ symbols, lines: lineBytes }], contributions: [[1, 0, 0x1000, 0]], ...more });
  const start = performance.now();
  tolerate(() => ask(bytes));
  const ms = performance.now() - start;
  assert.ok(ms < maxMs, `${ms} ms for ${bytes.length} bytes`);
  return ms;
}

const many = (count: number, make: (i: number) => number[]) => Array.from({ length: count }, (_, i) => make(i));

test("many functions over the same lines cost what the file's size allows", () => {
  const fragment = lines(0, 0x1000, [[0, Array.from({ length: 4000 }, (_, i): [number, number] => [i, i + 1])]]);
  cost(
    many(3000, () => [...proc("f", 0, 0x1000), ...end()]),
    [fragment],
  );
});

test("many fragments and separated parts over each other", () => {
  const fragments = many(3000, () => lines(0, 0x1000, [[0, [[0, 1]]]]));
  cost(
    many(3000, (i) => [...proc("f", i & 0xfff, 0x1000), ...end()]),
    fragments,
  );
  cost(
    [...many(1000, () => [...proc("f", 0, 0x1000), ...end()]), ...many(1000, (i) => [...separated(i, 0x1000, 0), ...end()])],
    fragments.slice(0, 100),
  );
});

test("nesting without end, annotations without end, one inlined function over each other", () => {
  const annotations = Array.from({ length: 8000 }, () => [12, 0x7f, 0]).flat();
  cost([proc("f", 0, 0x1000), ...many(5000, () => site(0x1001, 3, 0, 4, 100))], [inlinees([0x1001, 8, 1])]);
  cost([proc("f", 0, 0x1000), ...many(50, () => [...site(0x1001, ...annotations), ...siteEnd()])], [inlinees([0x1001, 8, 1])]);
  cost([proc("f", 0, 0x1000), ...many(20_000, () => block())], []);
  cost([proc("f", 0, 0x1000), ...many(20_000, () => end())], []);
});

test("moved code: many pieces under many functions", () => {
  const omap = Array.from({ length: 2000 }, (_, i): [number, number] => [0x1000 + 2 * i, 0x1000 + ((i * 14) % 4000)]);
  cost(
    many(2000, () => [...proc("f", 0, 0x1000), ...end()]),
    [lines(0, 0x1000, [[0, [[0, 1]]]])],
    { omap },
  );
});

test("types that lead to each other end", () => {
  const modifier = (type: number) => record(0x1001, u32(type), u16(0));
  cost([proc("f", 0, 0x10), site(0x1000, 3, 0, 4, 4), siteEnd(), end()], [inlinees([0x1000, 0, 1])], {
    types: [modifier(0x1001), modifier(0x1000)],
    ids: [memberId(0x1000, "g")],
  });
});

test("a damaged module leaves the others, and is told with its place", () => {
  const bytes = namesPdb({
    modules: [{ symbols: [proc("first", 0, 0x10), end(), u16(0, 0)] }, { symbols: [proc("second", 0x10, 0x10), end()] }],
    contributions: [
      [1, 0, 0x10, 0],
      [1, 0x10, 0x10, 1],
    ],
  });
  const names = openPdbNames(new BufferSource(bytes));
  assert.deepEqual(names.lookup(0x1000)?.[0]?.function, "first");
  assert.deepEqual(names.lookup(0x1010)?.[0]?.function, "second");
  assert.deepEqual([names.damage.count, names.damage.first[0]?.reason], [1, "symbol record of 0 bytes, 2 left"]);
  const place = names.damage.first[0]!.offset;
  assert.deepEqual([...bytes.subarray(place, place + 4)], [0, 0, 0, 0]);
});

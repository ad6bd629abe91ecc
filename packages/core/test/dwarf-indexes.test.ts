/** The tables that lead into DWARF: .debug_aranges (DWARF 5, 6.1.2) and the index of a .dwp (7.3.5), in every width, and damaged. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { BufferSource } from "../src/bytes/byte-source.ts";
import { FormatError } from "../src/bytes/format-error.ts";
import { Attribute as A, Form as F, Tag as T } from "../src/dwarf/constants.ts";
import { openDwarfNames } from "../src/dwarf/names.ts";
import type { DwarfSections } from "../src/dwarf/sections.ts";
import { openDwp } from "../src/dwarf/split.ts";
import { Bytes, DwarfBuilder } from "./dwarf-builder.ts";

type Set = { version?: number; segmentBytes?: number; width?: number; ranges: readonly (readonly [start: number, size: number])[] };

/** A unit of DWARF 2 whose root states one function of two; `fill` writes the table. */
function withAranges(addressBytes: 4 | 8, offsetBytes: 4 | 8, fill: (table: Bytes, builder: DwarfBuilder) => void) {
  const builder = new DwarfBuilder({ version: 2, addressBytes, offsetBytes });
  const at = (start: number) => [[A.lowPc, F.addr, start] as const, [A.highPc, F.addr, start + 8] as const];
  builder.unit([
    T.compileUnit,
    at(0x1000),
    [
      [T.subprogram, [[A.name, F.string, "near"], ...at(0x1000)]],
      [T.subprogram, [[A.name, F.string, "far"], ...at(0x3000)]],
    ],
  ]);
  fill(builder.section("aranges"), builder);
  return openDwarfNames(builder.sections());
}

function putSet(builder: DwarfBuilder, { version = 2, segmentBytes = 0, width = builder.addressBytes, ranges }: Set): void {
  const table = builder.section("aranges");
  const start = table.length;
  const finish = builder.length(table);
  table.uint(version, 2).uint(0, builder.offsetBytes).uint(width, 1).uint(segmentBytes, 1);
  while ((table.length - start) % (2 * width) !== 0) table.uint(0, 1);
  for (const [from, size] of ranges) table.uint(from, width).uint(size, width);
  finish();
}

const both: Set["ranges"] = [
  [0x1000, 8],
  [0x3000, 8],
  [0, 0],
];

test(".debug_aranges of either width, several sets for one unit, ranges of dropped code", () => {
  for (const addressBytes of [4, 8] as const) {
    for (const offsetBytes of [4, 8] as const) {
      const names = withAranges(addressBytes, offsetBytes, (_, builder) => {
        putSet(builder, { ranges: [[0, 0x10], ...both.slice(0, 1), [0, 0], [0x5000, 8]] });
        putSet(builder, { ranges: both.slice(1) });
      });
      assert.equal(names.lookup(0x3004)?.[0]?.function, "far");
      assert.equal(names.lookup(0x5004), null, "behind the set's end");
      assert.deepEqual(names.damage.first, []);
    }
  }
});

test(".debug_aranges of another version, with segments or strange addresses: the set is passed over, the next one read", () => {
  for (const odd of [{ version: 3 }, { segmentBytes: 4 }, { width: 3 }]) {
    const names = withAranges(8, 4, (_, builder) => {
      putSet(builder, { ...odd, ranges: [[0x3000, 8]] });
      putSet(builder, { ranges: both });
    });
    assert.equal(names.lookup(0x3004)?.[0]?.function, "far");
    assert.equal(names.damage.count, 0);
  }
});

test(".debug_aranges that reaches past its end is damage, with its place; what came before counts", () => {
  const names = withAranges(8, 4, (table, builder) => {
    putSet(builder, { ranges: both });
    table.uint(0x7000, 4).uint(2, 2).uint(0, 8);
  });
  assert.equal(names.lookup(0x3004)?.[0]?.function, "far");
  assert.match(names.damage.first[0]!.reason, /aranges: set of 28672 bytes/);
  assert.equal(names.damage.first[0]!.offset, 68, "behind the length, which lies");
});

/** The index of a package: rows by slot, then the columns' numbers, offsets and sizes. */
function dwp({ version = 5, columns = [1], units = 1, slots = [0n], rows = [1], cut = 0 }): DwarfSections {
  const index = new Bytes();
  if (version === 2) index.uint(2, 4);
  else index.uint(version, 2).uint(0, 2);
  index.uint(columns.length, 4).uint(units, 4).uint(slots.length, 4);
  for (const id of slots) index.uint(id, 8);
  for (const row of rows) index.uint(row, 4);
  for (const column of columns) index.uint(column, 4);
  for (let i = 0; i < 2 * columns.length * Math.min(units, 4); i++) index.uint(8, 4);
  const contents = new Map([
    ["cu_index", Uint8Array.from(index.values.slice(0, index.length - cut))],
    ["info", new Uint8Array(64)],
  ]);
  return {
    littleEndian: true,
    addressBytes: 8,
    imageBase: 0n,
    codeRanges: null,
    section: (name) => (contents.has(name) ? new BufferSource(contents.get(name)!) : null),
  };
}

test("the index of a .dwp: collisions, absent units, columns that nobody knows", () => {
  // Ids 4 and 8 want slot 0 of four; the second goes on by the upper half of its id, made odd.
  const found = openDwp(dwp({ units: 2, slots: [4n, 8n, 0n, 0n], rows: [1, 2, 0, 0], columns: [1, 99, 2] }));
  assert.equal(found.find(4n)?.section("info")?.size, 8);
  assert.equal(found.find(8n)?.section("info")?.size, 8);
  assert.equal(found.find(12n), null);
  assert.equal(found.find(8n)?.section("types") ?? null, null, "DWARF 5 has no .debug_types");
  assert.equal(openDwp(dwp({ units: 0, slots: [], rows: [] })).find(4n), null);
  assert.equal(openDwp(dwp({ slots: [4n], rows: [7] })).find(4n), null, "a row that is not there");
  assert.equal(openDwp(dwp({ slots: [4n, 6n], rows: [1, 1] })).find(8n), null, "no empty slot ends the search");
});

test("a damaged index of a .dwp is a FormatError with its place", () => {
  const fails = (sections: DwarfSections, offset: number | null, reason: RegExp) =>
    assert.throws(
      () => openDwp(sections),
      (error) => error instanceof FormatError && error.offset === offset && reason.test(error.reason),
    );
  fails({ ...dwp({}), section: () => null }, null, /is missing/);
  fails(dwp({ version: 7 }), 0, /version 7 is unknown/);
  fails(dwp({ slots: [1n, 2n, 3n], rows: [1, 0, 0] }), 12, /3 slots are no power of two/);
  fails(dwp({ units: 1 << 30 }), 4, /do not fit/);
  fails(dwp({ cut: 4 }), 4, /do not fit/);
});

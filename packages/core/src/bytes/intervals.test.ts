/** Disjoint ranges against painting every address one by one. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { makeDisjoint } from "./intervals.ts";

/** The owner of each address below `limit`, by the rule stated in intervals.ts; -1 = none. */
function paint(start: number[], end: number[], limit: number): number[] {
  const owner: number[] = new Array(limit).fill(-1);
  for (let address = 0; address < limit; address++) {
    for (let i = 0; i < start.length; i++) {
      if (address < start[i]! || address >= end[i]!) continue;
      const best = owner[address]!;
      if (best < 0 || start[i]! > start[best]!) owner[address] = i;
    }
  }
  return owner;
}

test("ranges that are ascending and disjoint stand for themselves", () => {
  assert.equal(makeDisjoint([0, 5, 9], [5, 8, 10], 3), null);
});

test("the range that starts last wins, of equal starts the first", () => {
  const ranges = makeDisjoint([10, 20, 20], [50, 30, 40], 3);
  assert.deepEqual(ranges && { start: [...ranges.start], end: [...ranges.end], item: [...ranges.item] }, {
    start: [10, 20, 30, 40],
    end: [20, 30, 40, 50],
    item: [0, 1, 2, 0],
  });
});

test("empty ranges cover nothing, and a range may end at 2^32", () => {
  const ranges = makeDisjoint([7, 0xfffffff0], [7, 0x100000000], 2);
  assert.deepEqual(ranges && [[...ranges.start], [...ranges.end], [...ranges.item]], [[0xfffffff0], [0x100000000], [1]]);
});

test("random ranges give what painting gives", () => {
  let seed = 1;
  const random = (below: number) => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return (seed >>> 8) % below;
  };
  for (let round = 0; round < 400; round++) {
    const count = random(12);
    const start = Array.from({ length: count }, () => random(40));
    const end = start.map((value) => value + random(15));
    const owner = paint(start, end, 60);
    const ranges = makeDisjoint(start, end, count);
    const table = ranges ?? { start, end, item: start.map((_, i) => i) };
    const got: number[] = new Array(60).fill(-1);
    let last = -1;
    for (let i = 0; i < table.start.length; i++) {
      assert.ok(table.start[i]! >= last && table.end[i]! > table.start[i]!, "ascending and not empty");
      last = table.end[i]!;
      for (let address = table.start[i]!; address < last; address++) got[address] = table.item[i]!;
    }
    assert.deepEqual(got, owner, `ranges ${JSON.stringify({ start, end })}`);
  }
});

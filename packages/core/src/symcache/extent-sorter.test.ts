import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryPorts } from "../../test/memory-ports.ts";
import { randomFrom } from "../../test/random.ts";
import { ExtentSorter } from "./extent-sorter.ts";
import { Spool } from "./spool.ts";

test("extents come by start, of equal starts the last given first", () => {
  const sorter = new ExtentSorter(null);
  for (const [i, start] of [5, 0xffffffff, 5, 0, 5].entries()) sorter.add(start, start + 1, i, 100 + i);
  const seen: number[][] = [];
  while (sorter.next()) seen.push([sorter.start, sorter.low, sorter.high]);
  assert.deepEqual(seen, [
    [0, 3, 103],
    [5, 4, 104],
    [5, 2, 102],
    [5, 0, 100],
    [0xffffffff, 1, 101],
  ]);
});

test("several runs are merged through scratch", () => {
  const count = 3_300_000;
  const random = randomFrom(4);
  const ports = new MemoryPorts();
  const sorter = new ExtentSorter(ports);
  for (let i = 0; i < count; i++) sorter.add(random(500_000), 7, i, 0);
  let last = -1;
  let lastGiven = 0;
  let taken = 0;
  for (; sorter.next(); taken++) {
    assert.ok(sorter.start > last || (sorter.start === last && sorter.low < lastGiven));
    last = sorter.start;
    lastGiven = sorter.low;
  }
  assert.equal(taken, count);
  assert.equal(ports.scratchFiles.length, 1);
});

test("no extents at all", () => {
  assert.equal(new ExtentSorter(null).next(), false);
});

test("words are read as they were put aside, from memory and from scratch", () => {
  const ports = new MemoryPorts();
  const spool = new Spool(ports);
  const random = randomFrom(9);
  const pieces: { position: number; count: number }[] = [];
  const words = new Uint32Array(70_000);
  while (spool.length < 20_000_000) {
    const count = 1 + random(random(20) === 0 ? words.length : 300);
    for (let i = 0; i < count; i++) words[i] = (spool.length + i) * 3;
    pieces.push({ position: spool.append(words, count), count });
  }
  assert.equal(ports.scratchFiles[0]?.size, 4 * 4 * (1 << 22));
  for (let i = 0; i < 3000; i++) {
    const { position, count } = pieces[random(pieces.length)]!;
    const read = spool.read(position, count);
    assert.equal(read.length, count);
    for (const at of [0, count >> 1, count - 1]) assert.equal(read[at], (position + at) * 3);
  }
});

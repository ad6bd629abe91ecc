/** 32-bit ARM unwind data built by hand: packed entries, records, prologues and epilogues instruction by instruction. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { codeAddress, dataAddress, hex, peImage, words } from "../../test/pe-image.ts";
import { showRow } from "../../test/show-row.ts";
import { BufferSource } from "../bytes/byte-source.ts";
import { FormatError } from "../bytes/format-error.ts";
import type { UnwindSource } from "../unwind/rules.ts";
import { machineArmThumb } from "./image.ts";
import { openPeUnwind } from "./open.ts";

function openTable(data: number[], second: number): UnwindSource {
  const unwind = openPeUnwind(new BufferSource(peImage(machineArmThumb, [], data, [codeAddress | 1, second >>> 0])));
  assert.ok(unwind);
  return unwind;
}

type Packed = { bytes: number; ret: number; home?: 1; reg: number; float?: 1; link?: 1; chain?: 1; adjust?: number; flag?: 2 };

function packed({ bytes, ret, home, reg, float, link, chain, adjust = 0, flag }: Packed): UnwindSource {
  const bits = (flag ?? 1) | ((bytes / 2) << 2) | (ret << 13) | ((home ?? 0) << 15) | (reg << 16) | ((float ?? 0) << 19);
  return openTable([], bits | ((link ?? 0) << 20) | ((chain ?? 0) << 21) | (adjust << 22));
}

/** A function of so many bytes with codes; the epilogue at its end uses those from `epilogueIndex` on. */
function record(bytes: number, codes: string, epilogueIndex: number | null): UnwindSource {
  const list = hex(codes);
  while (list.length % 4 !== 0) list.push(0xff);
  const header = (bytes / 2) | (epilogueIndex === null ? 0 : (1 << 21) | (epilogueIndex << 23)) | ((list.length / 4) << 28);
  return openTable([...words(header >>> 0), ...list], dataAddress);
}

const rows = (unwind: UnwindSource, ...offsets: number[]): string[] => offsets.map((at) => showRow(unwind.find(codeAddress + at)));
const entry = "cfa=sp ra=lr";

test("packed: push {r4, lr}; sub sp … add sp; pop {r4, pc}", () => {
  const unwind = packed({ bytes: 20, ret: 0, reg: 0, link: 1, adjust: 2 });
  const saved = "cfa=sp+8 ra=@-4 r4=@-8";
  const body = "cfa=sp+16 ra=@-4 r4=@-8";
  assert.deepEqual(rows(unwind, 0, 2, 4, 10, 16, 18), [entry, saved, body, body, body, saved]);
  assert.deepEqual(rows(unwind, 20), [entry], "code behind it is of leaf functions");
});

test("packed: arguments stored at home, the return address taken from above them", () => {
  const unwind = packed({ bytes: 20, ret: 0, home: 1, reg: 1, link: 1 });
  const body = "cfa=sp+28 ra=@-20 r4=@-28 r5=@-24";
  assert.deepEqual(rows(unwind, 0, 2, 4, 14, 16), [entry, "cfa=sp+16 ra=lr", body, body, "cfa=sp+20 ra=@-20"]);
});

test("packed: an allocation folded into push and pop", () => {
  const unwind = packed({ bytes: 12, ret: 0, reg: 0, link: 1, adjust: 0x3fd });
  const body = "cfa=sp+16 ra=@-4 r2=@-16 r3=@-12 r4=@-8";
  assert.deepEqual(rows(unwind, 0, 2, 10), [entry, body, body]);
});

test("packed: a frame chain, floating-point registers, a tail call at the end", () => {
  const chained = packed({ bytes: 20, ret: 0, reg: 7, float: 1, link: 1, chain: 1 });
  assert.deepEqual(rows(chained, 0, 4, 6), [entry, "cfa=sp+8 ra=@-4 fp=@-8", "cfa=sp+8 ra=@-4 fp=@-8"]);
  const floats = packed({ bytes: 30, ret: 2, reg: 0, float: 1, link: 1 });
  const body = "cfa=sp+12 ra=@-4";
  assert.deepEqual(rows(floats, 0, 2, 6, 20, 24, 26), [entry, "cfa=sp+4 ra=@-4", body, body, "cfa=sp+4 ra=@-4", entry]);
});

test("packed: a fragment has done its prologue elsewhere; a function that does not return has no epilogue", () => {
  assert.deepEqual(rows(packed({ bytes: 20, ret: 3, reg: 0, link: 1, flag: 2 }), 0, 18), [
    "cfa=sp+8 ra=@-4 r4=@-8",
    "cfa=sp+8 ra=@-4 r4=@-8",
  ]);
});

test("a record with one epilogue at the end", () => {
  // push {r4, r5, lr}; vpush {d8}; sub sp, #16 … add sp; vpop; pop {r4, r5, pc}
  const unwind = record(40, "04 e0 d5 ff", 0);
  const body = "cfa=sp+36 ra=@-4 r4=@-12 r5=@-8";
  assert.deepEqual(rows(unwind, 0, 2, 6, 8, 32, 34, 38), [
    entry,
    "cfa=sp+12 ra=@-4 r4=@-12 r5=@-8",
    "cfa=sp+20 ra=@-4 r4=@-12 r5=@-8",
    body,
    body,
    "cfa=sp+20 ra=@-4 r4=@-12 r5=@-8",
    "cfa=sp+12 ra=@-4 r4=@-12 r5=@-8",
  ]);
});

test("every code", () => {
  const row = (codes: string): string => showRow(record(0x4000, codes, null).find(codeAddress + 0x800) ?? null);
  assert.equal(row("05"), "cfa=sp+20 ra=lr");
  assert.equal(row("a810"), "cfa=sp+12 ra=@-4 fp=@-8 r4=@-12");
  assert.equal(row("c7 d4"), "cfa=r7+8 ra=@-4 r4=@-8");
  assert.equal(row("dc"), "cfa=sp+24 ra=@-4 r4=@-24 r5=@-20 r6=@-16 r7=@-12 r8=@-8");
  assert.equal(row("e1"), "cfa=sp+16 ra=lr");
  assert.equal(row("e901"), "cfa=sp+1028 ra=lr");
  assert.equal(row("ed81"), "cfa=sp+12 ra=@-4 r0=@-12 r7=@-8");
  assert.equal(row("ef01"), "cfa=sp+4 ra=@-4");
  assert.equal(row("f589"), "cfa=sp+16 ra=lr");
  assert.equal(row("f60f"), "cfa=sp+128 ra=lr");
  assert.equal(row("f70102"), "cfa=sp+1032 ra=lr");
  assert.equal(row("f8000102"), "cfa=sp+1032 ra=lr");
  assert.equal(row("f90102"), "cfa=sp+1032 ra=lr");
  assert.equal(row("fa000102"), "cfa=sp+1032 ra=lr");
  assert.equal(row("fb fc 01"), "cfa=sp+4 ra=lr");
  assert.equal(row("ee01"), "none", "Microsoft's own");
  assert.equal(row("f1"), "none", "reserved");
});

test("ranges give what find gives at every instruction", () => {
  for (const unwind of [packed({ bytes: 20, ret: 0, home: 1, reg: 1, link: 1 }), record(40, "04 e0 d5 ff", 0)]) {
    let end = codeAddress;
    for (const { start, length, row } of unwind.ranges()) {
      assert.equal(start, end, "no gap");
      end = start + length;
      for (let at = start; at < Math.min(end, codeAddress + 64); at += 2) assert.equal(showRow(row), showRow(unwind.find(at)), `${at}`);
    }
  }
});

test("damage is a FormatError", () => {
  assert.throws(() => openTable([...words(1 << 18)], dataAddress).find(codeAddress), FormatError);
  assert.throws(() => openTable([], 0x7fff0000).find(codeAddress), FormatError);
});

/** ARM64 unwind data built by hand: every code, packed data, prologues and epilogues instruction by instruction. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { codeAddress, dataAddress, hex, peImage, words } from "../../test/pe-image.ts";
import { showRow } from "../../test/show-row.ts";
import { BufferSource } from "../bytes/byte-source.ts";
import { FormatError } from "../bytes/format-error.ts";
import type { UnwindSource } from "../unwind/rules.ts";
import { machineArm64 } from "./image.ts";
import { openPeUnwind } from "./open.ts";

function openTable(data: number[], table: number[]): UnwindSource {
  const unwind = openPeUnwind(new BufferSource(peImage(machineArm64, [], data, table)));
  assert.ok(unwind);
  return unwind;
}

/** One function of so many words with the codes given, and the epilogue at its end when `epilogueIndex` says where its codes start. */
function openCodes(length: number, codes: string, epilogueIndex: number | null = null): UnwindSource {
  const bytes = hex(codes);
  while (bytes.length % 4 !== 0) bytes.push(0xe3);
  const header = length | (epilogueIndex === null ? 0 : (1 << 21) | (epilogueIndex << 22)) | ((bytes.length / 4) << 27);
  return openTable([...words(header >>> 0), ...bytes], [codeAddress, dataAddress]);
}

/** Packed data; sizes as in the format: registers, then the frame in bytes. */
function packed(
  length: number,
  fields: { int?: number; vector?: number; homes?: 1; chain?: number; frame: number; flag?: 2 },
): UnwindSource {
  const { int = 0, vector = 0, homes = 0, chain = 0, frame, flag = 1 } = fields;
  const word = flag | (length << 2) | (vector << 13) | (int << 16) | (homes << 20) | (chain << 21) | ((frame / 16) << 23);
  return openTable([], [codeAddress, word >>> 0]);
}

function rows(unwind: UnwindSource, ...wordOffsets: number[]): string[] {
  return wordOffsets.map((offset) => showRow(unwind.find(codeAddress + 4 * offset)));
}

const entry = "cfa=sp ra=lr";

test("a record with one epilogue at the end, instruction by instruction", () => {
  // stp fp,lr,[sp,#-32]!; stp x19,x20,[sp,#16]; mov fp,sp; sub sp,sp,#64 … mov sp,fp; ldp; ldp; ret
  const unwind = openCodes(20, "04 e1 c802 83 e4", 1);
  const saved = "fp=@-32 x19=@-16 x20=@-8";
  assert.deepEqual(rows(unwind, 0, 1, 2, 3, 4, 15), [
    entry,
    "cfa=sp+32 ra=@-24 fp=@-32",
    `cfa=sp+32 ra=@-24 ${saved}`,
    `cfa=fp+32 ra=@-24 ${saved}`,
    `cfa=fp+32 ra=@-24 ${saved}`,
    `cfa=fp+32 ra=@-24 ${saved}`,
  ]);
  assert.deepEqual(rows(unwind, 16, 17, 18, 19), [
    `cfa=fp+32 ra=@-24 ${saved}`,
    `cfa=sp+32 ra=@-24 ${saved}`,
    "cfa=sp+32 ra=@-24 fp=@-32",
    entry,
  ]);
});

test("epilogues in scopes of their own, with codes of their own", () => {
  // Prologue: sub sp,#16 (01) e4; the epilogue at word 4 has the same, the one at word 8 saves nothing (starts at the end code).
  const header = 12 | (2 << 22) | (1 << 27);
  const unwind = openTable([...words(header >>> 0, 4, 8 | (1 << 22)), ...hex("01 e4 e3 e3")], [codeAddress, dataAddress]);
  assert.deepEqual(rows(unwind, 0, 1, 3, 4, 5, 6, 8, 9), [
    entry,
    "cfa=sp+16 ra=lr",
    "cfa=sp+16 ra=lr",
    "cfa=sp+16 ra=lr",
    entry,
    "cfa=sp+16 ra=lr",
    entry,
    "cfa=sp+16 ra=lr",
  ]);
});

test("a header with its counts in a second word", () => {
  const header = 0x1000;
  const unwind = openTable([...words(header, 1 | (1 << 16), 0x800), ...hex("01 e4 e3 e3")], [codeAddress, dataAddress]);
  assert.deepEqual(rows(unwind, 0x7ff, 0x801), ["cfa=sp+16 ra=lr", entry]);
});

test("every code that moves the stack pointer or saves a register", () => {
  for (const [codes, row, what] of [
    ["1f e4", "cfa=sp+496 ra=lr", "alloc_s"],
    ["c7ff e4", "cfa=sp+32752 ra=lr", "alloc_m"],
    ["e0010203 e4", "cfa=sp+1056816 ra=lr", "alloc_l"],
    ["24 e4", "cfa=sp+32 ra=lr x19=@-32 x20=@-24", "save_r19r20_x"],
    ["42 06 e4", "cfa=sp+96 ra=@-72 fp=@-80", "save_fplr"],
    ["81 e4", "cfa=sp+16 ra=@-8 fp=@-16", "save_fplr_x"],
    ["c882 04 e4", "cfa=sp+64 ra=lr x21=@-48 x22=@-40", "save_regp"],
    ["cc83 e4", "cfa=sp+32 ra=lr x21=@-32 x22=@-24", "save_regp_x"],
    ["d2c2 02 e4", "cfa=sp+32 ra=@-16", "save_reg of lr"],
    ["d043 02 e4", "cfa=sp+32 ra=lr x20=@-8", "save_reg"],
    ["d421 e4", "cfa=sp+16 ra=lr x20=@-16", "save_reg_x"],
    ["d641 02 e4", "cfa=sp+32 ra=@-16 x21=@-24", "save_lrpair"],
    ["d842 02 e4", "cfa=sp+32 ra=lr", "save_fregp"],
    ["da03 e4", "cfa=sp+32 ra=lr", "save_fregp_x"],
    ["dc02 02 e4", "cfa=sp+32 ra=lr", "save_freg"],
    ["de03 e4", "cfa=sp+32 ra=lr", "save_freg_x"],
    ["e1 81 e4", "cfa=fp+16 ra=@-8 fp=@-16", "set_fp"],
    ["e202 42 04 e4", "cfa=fp+48 ra=@-40 fp=@-48", "add_fp"],
    ["e3 02 e4", "cfa=sp+32 ra=lr", "nop"],
    ["e6 e6 24 e4", "cfa=sp+32 ra=lr x19=@-32 x20=@-24 x21=@-16 x22=@-8 x23=@0 x24=@8", "save_next"],
    ["e7 54 02 04 e4", "cfa=sp+64 ra=lr x20=@-32 x21=@-24", "save_any_reg, pair"],
    ["e7 14 02 04 e4", "cfa=sp+64 ra=lr x20=@-48", "save_any_reg, one"],
    ["e7 74 01 e4", "cfa=sp+32 ra=lr x20=@-32 x21=@-24", "save_any_reg, pair, allocating"],
    ["e7 68 41 e4", "cfa=sp+32 ra=lr", "save_any_reg, vector, allocating"],
    ["fc 81 e4", "cfa=sp+16 ra=@-8 fp=@-16", "pac_sign_lr"],
    ["fa112233 01 e4", "cfa=sp+16 ra=lr", "kept free, 4 bytes"],
    ["e5 81 e4", "cfa=sp+16 ra=@-8 fp=@-16", "end_c: the rest is the whole function's"],
    ["01", "cfa=sp+16 ra=lr", "no end code"],
    ["df01 e4", "none", "alloc_z: vectors of unknown size"],
    ["e7 00 c0 e4", "none", "a scalable vector"],
    ["ed e4", "none", "an unknown code"],
  ] as const) {
    assert.deepEqual(rows(openCodes(64, codes), 40), [row], what);
  }
});

test("frames of the system's own making are interruptions", () => {
  assert.deepEqual(rows(openCodes(64, "02 e9 e4"), 40), ["cfa=(sp 32 + ^) ra=(sp 40 + ^) interrupted"]);
  const [context] = rows(openCodes(64, "ea e4"), 40);
  assert.match(
    context ?? "",
    /^cfa=\(sp 256 \+ \^\) ra=\(sp 264 \+ \^\) fp=\(sp 240 \+ \^\) lr=\(sp 248 \+ \^\) x0=\(sp 8 \+ \^\).* interrupted$/,
  );
  const [trap] = rows(openCodes(64, "e8 e4"), 40);
  assert.match(
    trap ?? "",
    /^cfa=\(sp 152 \+ \^\) ra=\(sp 328 \+ \^\) fp=\(sp 320 \+ \^\) lr=\(sp 312 \+ \^\) x0=\(sp 160 \+ \^\).* interrupted$/,
  );
  assert.deepEqual(rows(openCodes(64, "01 ec 02 e4"), 40), ["cfa=sp+48 ra=lr interrupted"]);
});

test("packed: registers, vectors and a frame chain", () => {
  // stp x19,x20,[sp,#-48]!; str x21,[sp,#16]; stp d8,d9,[sp,#24]; stp fp,lr,[sp,#-32]!; mov fp,sp … ldp; ldp; ldr; ldp; ret
  const unwind = packed(30, { int: 3, vector: 1, chain: 3, frame: 80 });
  const registers = "x19=@-48 x20=@-40 x21=@-32";
  assert.deepEqual(rows(unwind, 0, 1, 2, 3, 4, 5, 24), [
    entry,
    "cfa=sp+48 ra=lr x19=@-48 x20=@-40",
    `cfa=sp+48 ra=lr ${registers}`,
    `cfa=sp+48 ra=lr ${registers}`,
    `cfa=sp+80 ra=@-72 fp=@-80 ${registers}`,
    `cfa=fp+80 ra=@-72 fp=@-80 ${registers}`,
    `cfa=fp+80 ra=@-72 fp=@-80 ${registers}`,
  ]);
  assert.deepEqual(rows(unwind, 25, 26, 27, 28, 29), [
    `cfa=sp+80 ra=@-72 fp=@-80 ${registers}`,
    `cfa=sp+48 ra=lr ${registers}`,
    `cfa=sp+48 ra=lr ${registers}`,
    "cfa=sp+48 ra=lr x19=@-48 x20=@-40",
    entry,
  ]);
});

test("packed: the forms that save the link register without a chain", () => {
  assert.deepEqual(rows(packed(30, { chain: 1, frame: 32 }), 1, 2, 20), ["cfa=sp+16 ra=@-16", "cfa=sp+32 ra=@-16", "cfa=sp+32 ra=@-16"]);
  assert.deepEqual(rows(packed(30, { int: 1, chain: 1, frame: 16 }), 0, 1, 2, 27, 28, 29), [
    entry,
    "cfa=sp+16 ra=lr",
    "cfa=sp+16 ra=@-8 x19=@-16",
    "cfa=sp+16 ra=@-8 x19=@-16",
    "cfa=sp+16 ra=lr",
    entry,
  ]);
  assert.deepEqual(rows(packed(30, { int: 2, chain: 1, frame: 32 }), 20), ["cfa=sp+32 ra=@-16 x19=@-32 x20=@-24"]);
  assert.deepEqual(rows(packed(30, { int: 3, chain: 1, frame: 32 }), 20), ["cfa=sp+32 ra=@-8 x19=@-32 x20=@-24 x21=@-16"]);
});

test("packed: large frames, signed return addresses, homed parameters, vectors alone", () => {
  // pacibsp; sub sp,#1040; stp fp,lr,[sp]; mov fp,sp
  const signed = packed(30, { chain: 2, frame: 1040 });
  assert.deepEqual(rows(signed, 1, 2, 3, 4), [
    entry,
    "cfa=sp+1040 ra=lr",
    "cfa=sp+1040 ra=@-1032 fp=@-1040",
    "cfa=fp+1040 ra=@-1032 fp=@-1040",
  ]);
  // The four stores of parameters come between the registers and the locals, in the prologue only.
  const homed = packed(30, { int: 2, homes: 1, frame: 96 });
  assert.deepEqual(rows(homed, 1, 5, 6, 27, 28, 29), [
    "cfa=sp+80 ra=lr x19=@-80 x20=@-72",
    "cfa=sp+80 ra=lr x19=@-80 x20=@-72",
    "cfa=sp+96 ra=lr x19=@-80 x20=@-72",
    "cfa=sp+96 ra=lr x19=@-80 x20=@-72",
    "cfa=sp+80 ra=lr x19=@-80 x20=@-72",
    entry,
  ]);
  assert.deepEqual(rows(packed(30, { homes: 1, frame: 64 }), 0, 1, 5), [entry, "cfa=sp+64 ra=lr", "cfa=sp+64 ra=lr"]);
  assert.deepEqual(rows(packed(30, { vector: 2, frame: 32 }), 1, 2, 20), ["cfa=sp+32 ra=lr", "cfa=sp+32 ra=lr", "cfa=sp+32 ra=lr"]);
});

test("parts of functions: no prologue of their own", () => {
  assert.deepEqual(rows(packed(30, { int: 2, frame: 16, flag: 2 }), 0, 29), [
    "cfa=sp+16 ra=lr x19=@-16 x20=@-8",
    "cfa=sp+16 ra=lr x19=@-16 x20=@-8",
  ]);
  // Flag 3: the second entry's data is the address of the first entry, at the start of the table.
  const table = [codeAddress, (1 | (4 << 2) | (2 << 16) | (1 << 23)) >>> 0, codeAddress + 0x40, 0x3000 + 3];
  assert.deepEqual(rows(openTable([], table), 0, 0x10, 0x12), [
    entry,
    "cfa=sp+16 ra=lr x19=@-16 x20=@-8",
    "cfa=sp+16 ra=lr x19=@-16 x20=@-8",
  ]);
});

test("code without an entry is a leaf function; outside of code there is nothing", () => {
  const unwind = packed(4, { chain: 3, frame: 16 });
  assert.deepEqual(rows(unwind, 4, 100), [entry, entry]);
  assert.equal(unwind.find(dataAddress), null);
});

test("the ranges of a whole image are what find gives, in order", () => {
  const unwind = openCodes(20, "04 e1 c802 83 e4", 1);
  const ranges = [...unwind.ranges()];
  let end = codeAddress;
  for (const { start, length, row } of ranges) {
    assert.equal(start, end);
    end = start + length;
    for (let at = start; at < Math.min(end, codeAddress + 0x80); at += 4) assert.deepEqual(unwind.find(at), row);
  }
  assert.equal(end, codeAddress + 0x1000);
  assert.equal(ranges.length, 7);
});

test("damage is a FormatError", () => {
  assert.throws(() => openTable(words(1 << 18), [codeAddress, dataAddress]).find(codeAddress), FormatError);
  assert.throws(() => openTable([], [codeAddress, 0x8000]).find(codeAddress), FormatError);
  assert.throws(() => packed(4, { int: 10, frame: 16 }).find(codeAddress), FormatError);
});

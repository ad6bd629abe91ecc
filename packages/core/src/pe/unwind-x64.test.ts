/** x86-64 unwind data built by hand: every operation, every instruction of prologue and epilogue, and what only looks like an epilogue. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { codeAddress, dataAddress, hex, peImage } from "../../test/pe-image.ts";
import { showRow } from "../../test/show-row.ts";
import { BufferSource } from "../bytes/byte-source.ts";
import { FormatError } from "../bytes/format-error.ts";
import type { UnwindSource } from "../unwind/rules.ts";
import { machineAmd64, machineX86 } from "./image.ts";
import { instructionLengthX64 } from "./instruction-length-x64.ts";
import { openPeUnwind } from "./open.ts";

/** Opens an image; the table is one function over all of `code` with its info at dataAddress unless given. */
function open(code: string, info: string, table?: number[]): UnwindSource {
  const bytes = hex(code);
  const unwind = openPeUnwind(
    new BufferSource(peImage(machineAmd64, bytes, hex(info), table ?? [codeAddress, codeAddress + bytes.length, dataAddress])),
  );
  assert.ok(unwind);
  return unwind;
}

/** The rows at offsets in the code. */
function rows(unwind: UnwindSource, ...offsets: number[]): string[] {
  return offsets.map((offset) => showRow(unwind.find(codeAddress + offset)));
}

test("pushes and an allocation, instruction by instruction, forth and back", () => {
  //          0: push rsi  1: push r12  3: sub rsp,40h  7: nop  8: add rsp,40h  c: pop r12  e: pop rsi  f: ret
  const unwind = open("56 4154 4883ec40 90 4883c440 415c 5e c3", "01070300 0772 03c0 0160 0000");
  const body = "cfa=rsp+88 ra=@-8 r12=@-24 rsi=@-16";
  assert.deepEqual(rows(unwind, 0, 1, 3, 7, 8, 0xc, 0xe, 0xf), [
    "cfa=rsp+8 ra=@-8",
    "cfa=rsp+16 ra=@-8 rsi=@-16",
    "cfa=rsp+24 ra=@-8 r12=@-24 rsi=@-16",
    body,
    body,
    "cfa=rsp+24 ra=@-8 r12=@-24 rsi=@-16",
    "cfa=rsp+16 ra=@-8 rsi=@-16",
    "cfa=rsp+8 ra=@-8",
  ]);
});

test("the registers that Windows code gives back and Unix code does not are told", () => {
  const row = open("4883ec28 90 4883c428 c3", "01040100 0442 0000").find(codeAddress + 4);
  assert.deepEqual([row?.registers.get("rsi")?.kind, row?.registers.get("rdi")?.kind], ["same", "same"]);
});

test("large allocations in both sizes", () => {
  assert.deepEqual(rows(open("9090", "01000200 0001 8500"), 0), ["cfa=rsp+1072 ra=@-8"]);
  assert.deepEqual(rows(open("9090", "01000300 0011 78563400 0000"), 0), ["cfa=rsp+3430016 ra=@-8"]);
});

test("registers saved by a move, near and far, and vector registers, which say nothing", () => {
  // xmm7 at 30h, far; rbx at 4 * 8; rdi at 12345h, far; xmm6 at 2 * 16; sub rsp,58h
  const unwind = open("9090", "01000b00 0079 30000000 0034 0400 0075 45230100 0068 0200 00a2 0000");
  assert.deepEqual(rows(unwind, 0), ["cfa=rsp+96 ra=@-8 rbx=@-64 rdi=@74469"]);
});

test("a frame register holds from the instruction that sets it; saves lie relative to it", () => {
  // 0: push rbp  1: sub rsp,30h  5: lea rbp,[rsp+20h]  a: mov [rbp+8],rbx  e: body
  const unwind = open("55 4883ec30 488d6c2420 48895d08 9090", "010e0525 0e34 0500 0a03 0552 0150 0000");
  assert.deepEqual(rows(unwind, 0, 1, 5, 0xa, 0xe), [
    "cfa=rsp+8 ra=@-8",
    "cfa=rsp+16 ra=@-8 rbp=@-16",
    "cfa=rsp+64 ra=@-8 rbp=@-16",
    "cfa=rbp+32 ra=@-8 rbp=@-16",
    "cfa=rbp+32 ra=@-8 rbp=@-16 rbx=@-24",
  ]);
});

test("an epilogue ends with a return or a jump to another function, not with one inside", () => {
  const info = "01010100 0130 0000"; // push rbx
  const afterPop = "cfa=rsp+8 ra=@-8";
  const body = "cfa=rsp+16 ra=@-8 rbx=@-16";
  for (const [end, row, what] of [
    ["c3", afterPop, "ret"],
    ["c20800", afterPop, "ret 8"],
    ["f3c3", afterPop, "rep ret"],
    ["f2c3", afterPop, "bnd ret"],
    ["e900010000", afterPop, "jump to another function"],
    ["ebfa", afterPop, "jump to its own start: a call to itself"],
    ["ebfb", body, "jump into the body"],
    ["ff2500000000", afterPop, "jump through an import"],
    ["48ffe0", afterPop, "jump through a register, marked as leaving"],
    ["ffe0", body, "jump through a table"],
    ["90", body, "no end at all"],
  ] as const) {
    // 0: push rbx  1: nop  2: nop  3: pop rbx  4: the end
    const unwind = open(`53 9090 5b ${end}`, info, [codeAddress, codeAddress + 0x40, dataAddress]);
    assert.deepEqual(rows(unwind, 4), [row], what);
    assert.deepEqual(rows(unwind, 3), [body], what);
  }
});

test("a call whose last byte looks like an epilogue is none", () => {
  // 0: sub rsp,28h  4: call [rax+58h]  7: add rsp,28h; the byte at 6 is 58h, "pop rax"; and "call; and eax,…" reads as ff 25
  const info = "01040100 0442 0000";
  const body = "cfa=rsp+48 ra=@-8";
  assert.deepEqual(rows(open("4883ec28 ff5058 c3", info), 4, 6), [body, body]);
  assert.deepEqual(rows(open("4883ec28 e8000000ff 2500010000 4883c428 c3", info), 4, 8, 9), [body, body, body]);
});

test("version 2 tells its epilogues, at the end and elsewhere", () => {
  // push rbx; push r14; sub rsp,20h … epilogues of 4 bytes (pop r14; pop rbx; ret) at the end and 16 bytes before it
  const code = `53 4156 4883ec20 ${"90".repeat(5)} 415e 5b c3 ${"90".repeat(12)} 415e 5b c3`;
  const unwind = open(code, "02070500 0416 1406 0732 03e0 0130 0000");
  const length = hex(code).length;
  const expected = ["cfa=rsp+24 ra=@-8 r14=@-24 rbx=@-16", "cfa=rsp+16 ra=@-8 rbx=@-16", "cfa=rsp+8 ra=@-8"];
  assert.deepEqual(rows(unwind, length - 4, length - 2, length - 1), expected);
  assert.deepEqual(rows(unwind, length - 20, length - 18, length - 17), expected);
  assert.deepEqual(rows(unwind, length - 10), ["cfa=rsp+56 ra=@-8 r14=@-24 rbx=@-16"]);
});

test("version 2: a pushed flags register and a machine frame behind the pushes", () => {
  const flags = open(`9090 90 9090 5b 59 c3`, "02020400 0316 0006 0230 0102 0000");
  assert.deepEqual(rows(flags, 5, 6, 7), ["cfa=rsp+24 ra=@-8 rbx=@-24", "cfa=rsp+16 ra=@-8", "cfa=rsp+8 ra=@-8"]);
  const trap = open(`9090 90 9090 5b 48cf`, "02020400 0316 0006 0130 001a 0000");
  assert.deepEqual(rows(trap, 6), ["cfa=($rsp 32 + ^) ra=($rsp 8 + ^) interrupted"]);
});

test("chained entries: what the enclosing function did counts in full", () => {
  // At 20h the function's first part: push rbp, sub rsp,20h. Its second part saves rsi at 40h.
  const first = "01050200 0532 0150";
  const second = "21050200 0564 0800 00100000 10100000 00200000";
  const unwind = open("90".repeat(0x30), `${first} ${second}`, [
    codeAddress,
    codeAddress + 0x10,
    dataAddress,
    codeAddress + 0x10,
    codeAddress + 0x30,
    dataAddress + 8,
  ]);
  assert.deepEqual(rows(unwind, 0x10, 0x15), ["cfa=rsp+48 ra=@-8 rbp=@-16", "cfa=rsp+48 ra=@-8 rbp=@-16 rsi=@16"]);
});

test("an entry may point to another entry", () => {
  const unwind = open("90".repeat(0x20), "01000100 0132 0000 00100000 10100000 00200000", [
    codeAddress,
    codeAddress + 0x10,
    dataAddress,
    codeAddress + 0x10,
    codeAddress + 0x20,
    dataAddress + 9,
  ]);
  assert.deepEqual(rows(unwind, 0x18), ["cfa=rsp+40 ra=@-8"]);
});

test("machine frames, with and without an error code, are interruptions", () => {
  assert.deepEqual(rows(open("9090", "01000200 0032 000a"), 0), ["cfa=($rsp 56 + ^) ra=($rsp 32 + ^) interrupted"]);
  assert.deepEqual(rows(open("9090", "01000300 0032 0030 001a 0000"), 0), [
    "cfa=($rsp 72 + ^) ra=($rsp 48 + ^) rbx=($rsp 32 + ^) interrupted",
  ]);
});

test("code without an entry is a leaf function; outside of code there is nothing", () => {
  const unwind = open("9090", "01000100 0032 0000");
  assert.equal(showRow(unwind.find(codeAddress + 0x100)), "cfa=rsp+8 ra=@-8");
  assert.equal(unwind.find(dataAddress), null);
  assert.equal(unwind.find(0x9000), null);
});

test("damage is a FormatError that names what it is about", () => {
  for (const info of ["03000000", "01000100 000b", "01000100 0001", "01000200 0011 0000"]) {
    assert.throws(() => open("9090", info).find(codeAddress), FormatError, info);
  }
});

test("a chain that leads in a circle ends", () => {
  const unwind = open("9090", "21000000 00100000 02100000 00200000");
  assert.equal(showRow(unwind.find(codeAddress)), "cfa=rsp+8 ra=@-8");
});

test("the ranges of a whole image are what find gives, in order, gaps filled with leaf rules", () => {
  const unwind = open("56 4154 4883ec40 90 4883c440 415c 5e c3", "01070300 0772 03c0 0160 0000");
  const ranges = [...unwind.ranges()];
  assert.deepEqual(
    ranges.map(({ start, length, row }) => [start - codeAddress, length, showRow(row)]),
    [
      [0, 1, "cfa=rsp+8 ra=@-8"],
      [1, 2, "cfa=rsp+16 ra=@-8 rsi=@-16"],
      [3, 4, "cfa=rsp+24 ra=@-8 r12=@-24 rsi=@-16"],
      [7, 5, "cfa=rsp+88 ra=@-8 r12=@-24 rsi=@-16"],
      [12, 2, "cfa=rsp+24 ra=@-8 r12=@-24 rsi=@-16"],
      [14, 1, "cfa=rsp+16 ra=@-8 rsi=@-16"],
      [15, 0x1000 - 15, "cfa=rsp+8 ra=@-8"],
    ],
  );
  for (const { start, row } of ranges) assert.deepEqual(unwind.find(start), row);
});

test("32-bit programs have their unwind data elsewhere", () => {
  assert.equal(openPeUnwind(new BufferSource(peImage(machineX86, [], [], []))), null);
});

test("an image as the loader laid it out reads the same", () => {
  const bytes = peImage(machineAmd64, hex("53 90 5b c3"), hex("01010100 0130 0000"), [codeAddress, codeAddress + 4, dataAddress]);
  const unwind = openPeUnwind(new BufferSource(bytes), "memory");
  assert.equal(showRow(unwind?.find(codeAddress + 1) ?? null), "cfa=rsp+16 ra=@-8 rbx=@-16");
});

test("lengths of instructions of every shape", () => {
  for (const [code, what] of [
    ["90", "nop"],
    ["488b05 11223344", "mov rax,[rip+n]"],
    ["488b0425 11223344", "mov rax,[n]"],
    ["488b442408", "mov rax,[rsp+8]"],
    ["48b8 1122334455667788", "movabs"],
    ["66b8 1122", "mov ax,n"],
    ["a1 1122334455667788", "mov eax,[n]"],
    ["67a1 11223344", "mov eax,[short n]"],
    ["f6c001", "test al,1"],
    ["f7d8", "neg eax"],
    ["66f7c0 1122", "test ax,n"],
    ["c8 112200", "enter"],
    ["0f84 11223344", "je near"],
    ["0f1f8400 00000000", "nop of 8 bytes"],
    ["660f3a0fc108", "palignr"],
    ["660f3800c1", "pshufb"],
    ["c5f877", "vzeroupper"],
    ["c4e37d18c101", "vinsertf128"],
    ["62f17c48 10442401", "vmovups zmm"],
    ["f30fb8c1", "popcnt"],
  ] as const) {
    const bytes = Uint8Array.from([...hex(code), ...hex("90".repeat(20))]);
    assert.equal(instructionLengthX64(bytes, 0), hex(code).length, what);
    assert.equal(instructionLengthX64(bytes.subarray(0, hex(code).length - 1), 0), 0, `${what}, cut off`);
  }
  for (const code of ["06", "9a", "0f04"]) assert.equal(instructionLengthX64(Uint8Array.from(hex(`${code}9090909090909090`)), 0), 0, code);
});

test("code of another processor in a mixed image has no rules here, neither as function nor as leaf", () => {
  const bytes = hex("56 4883ec20 90 4883c420 5e c3");
  // Load configuration, metadata, map: x64 from 0x1000, ARM64EC from 0x1400 on.
  const data = [...hex("01050200 0532 0160"), ...new Array(0x1000 - 8).fill(0)];
  const put = (at: number, ...values: number[]): void => {
    for (const [i, value] of values.entries()) word(data, at + 4 * i, value);
  };
  const word = (to: number[], at: number, value: number): void => {
    for (let i = 0; i < 4; i++) to[at + i] = (value >>> (8 * i)) & 0xff;
  };
  put(0x100, 0x140);
  put(0x100 + 200, dataAddress + 0x300, 0);
  put(0x300, 1, dataAddress + 0x400, 2);
  put(0x400, codeAddress | 2, 0x400, (codeAddress + 0x400) | 1, 0xc00);
  const image = peImage(machineAmd64, bytes, data, [codeAddress, codeAddress + bytes.length, dataAddress]);
  const view = new DataView(image.buffer);
  view.setUint32(0x98 + 112 + 10 * 8, dataAddress + 0x100, true);
  view.setUint32(0x98 + 112 + 10 * 8 + 4, 0x140, true);
  const unwind = openPeUnwind(new BufferSource(image));
  assert.ok(unwind);
  assert.deepEqual(rows(unwind, 5, 0x100, 0x400, 0x800), ["cfa=rsp+48 ra=@-8 rsi=@-16", "cfa=rsp+8 ra=@-8", "none", "none"]);
  const ends = [...unwind.ranges()].map(({ start, length }) => start + length);
  assert.equal(ends.at(-1), codeAddress + 0x400);
});

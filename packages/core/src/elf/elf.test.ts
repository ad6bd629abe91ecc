/** ELF files made here: headers and segments, exception tables of ARM, code without tables, sources in layers, damage. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { BufferSource } from "../bytes/byte-source.ts";
import { FormatError } from "../bytes/format-error.ts";
import type { UnwindRange, UnwindRow, UnwindSource } from "../unwind/rules.ts";
import { openElfCode } from "./code.ts";
import { openEhabi, runInstructions } from "./ehabi.ts";
import { openElf } from "./elf-file.ts";
import { layered } from "./layered.ts";
import { openElfUnwind } from "./unwind.ts";

const u16 = (value: number) => [value & 0xff, (value >> 8) & 0xff];
const u32 = (value: number) => [...u16(value & 0xffff), ...u16(value >>> 16)];
const halves = (...values: number[]) => values.flatMap(u16);
const words = (...values: number[]) => values.flatMap(u32);

type Part = { name: string; type: number; flags: number; address: number; bytes: number[] };

/** A little-endian 32-bit ELF file; its contents are one loaded segment whose file offsets are its addresses minus 0x10000. */
function elf32(machine: number, entry: number, parts: Part[]): Uint8Array {
  const base = 0x10000;
  const names = ["", ...parts.map((part) => part.name), ".shstrtab"];
  const nameBytes = names.flatMap((name) => [...Buffer.from(name, "latin1"), 0]);
  const nameAt = (index: number) => names.slice(0, index).join("\0").length + (index > 0 ? 1 : 0);
  const end = Math.max(0x100, ...parts.map((part) => part.address - base + part.bytes.length));
  const sectionTable = end + nameBytes.length;
  const file = new Uint8Array(sectionTable + 40 * (parts.length + 2));
  const ident = [0x7f, 0x45, 0x4c, 0x46, 1, 1, 1, ...new Array(9).fill(0)];
  file.set([
    ...ident,
    ...halves(3, machine),
    ...words(1, entry, 52, sectionTable, 0),
    ...halves(52, 32, 1, 40, parts.length + 2, parts.length + 1),
  ]);
  file.set(words(1, 0, base, base, end, end, 5, 0x1000), 52);
  for (const part of parts) file.set(part.bytes, part.address - base);
  file.set(nameBytes, end);
  const header = (name: number, type: number, flags: number, address: number, offset: number, size: number) =>
    words(nameAt(name), type, flags, address, offset, size, 0, 0, 4, 0);
  const headers = [
    ...new Array(40).fill(0),
    ...parts.flatMap((part, i) => header(i + 1, part.type, part.flags, part.address, part.address - base, part.bytes.length)),
    ...header(parts.length + 1, 3, 0, 0, end, nameBytes.length),
  ];
  file.set(headers, sectionTable);
  return file;
}

const plain = (row: UnwindRow | null) => (row === null ? null : { ...row, registers: Object.fromEntries(row.registers) });
const cfa = (register: string, offset: number) => ({ kind: "register", register, offset });
const at = (offset: number) => ({ kind: "cfaOffset", offset });
const same = { kind: "same" };

const instructions: [string, number[], object | null][] = [
  ["nothing: the return address is in lr", [0xb0], { cfa: cfa("sp", 0), returnAddress: same, registers: {} }],
  ["vsp up", [0x02, 0xb0], { cfa: cfa("sp", 12), returnAddress: same, registers: {} }],
  ["vsp down", [0x41], { cfa: cfa("sp", -8), returnAddress: same, registers: {} }],
  ["pop under mask", [0x84, 0x03], { cfa: cfa("sp", 12), returnAddress: at(-4), registers: { r4: at(-12), r5: at(-8) } }],
  ["pop pc", [0x88, 0x00], { cfa: cfa("sp", 4), returnAddress: at(-4), registers: {} }],
  ["refuse", [0x80, 0x00], null],
  ["vsp from a register", [0x97, 0x02], { cfa: cfa("r7", 12), returnAddress: same, registers: {} }],
  ["pop r4-r6", [0xa2], { cfa: cfa("sp", 12), returnAddress: same, registers: { r4: at(-12), r5: at(-8), r6: at(-4) } }],
  ["pop r4, lr", [0xa8], { cfa: cfa("sp", 8), returnAddress: at(-4), registers: { r4: at(-8) } }],
  ["pop r0-r3 under mask", [0xb1, 0x09], { cfa: cfa("sp", 8), returnAddress: same, registers: { r0: at(-8), r3: at(-4) } }],
  ["vsp up far", [0xb2, 0xa1, 0x80, 0x01], { cfa: cfa("sp", 66184), returnAddress: same, registers: {} }],
  ["pop VFP, FSTMFDX", [0xb3, 0x83], { cfa: cfa("sp", 36), returnAddress: same, registers: {} }],
  ["pop return address signature", [0xb4], { cfa: cfa("sp", 4), returnAddress: same, registers: {} }],
  ["signature modifier", [0xb5], { cfa: cfa("sp", 0), returnAddress: same, registers: {} }],
  ["pop d8-d9, FSTMFDX", [0xb9], { cfa: cfa("sp", 20), returnAddress: same, registers: {} }],
  ["pop wR10-wR11", [0xc1], { cfa: cfa("sp", 16), returnAddress: same, registers: {} }],
  ["pop wR", [0xc6, 0x02], { cfa: cfa("sp", 24), returnAddress: same, registers: {} }],
  ["pop wCGR", [0xc7, 0x05], { cfa: cfa("sp", 8), returnAddress: same, registers: {} }],
  ["pop d16 on", [0xc8, 0x01], { cfa: cfa("sp", 16), returnAddress: same, registers: {} }],
  ["pop d0 on", [0xc9, 0x01], { cfa: cfa("sp", 16), returnAddress: same, registers: {} }],
  ["pop d8-d10", [0xd2], { cfa: cfa("sp", 24), returnAddress: same, registers: {} }],
  [
    "a frame pointer that was saved itself",
    [0xa8, 0x9b, 0x84, 0x80],
    {
      cfa: cfa("r11", 8),
      returnAddress: at(-4),
      registers: { r4: { kind: "expression", program: "sp ^" }, r11: at(-8) },
    },
  ],
];
for (const [name, bytes, want] of instructions) {
  test(`ARM unwind instruction: ${name}`, () => assert.deepEqual(plain(runInstructions(bytes)), want));
}

test("spare ARM unwind instructions and missing operands are damage", () => {
  for (const bytes of [
    [0x9d],
    [0x9f],
    [0xb1, 0x00],
    [0xb1, 0x10],
    [0xb6],
    [0xc7, 0x00],
    [0xca],
    [0xd8],
    [0xff],
    [0x80],
    [0xb2],
    [0xb2, 0x80, 0x80, 0x80, 0x80, 0x80],
  ]) {
    assert.throws(() => runInstructions(bytes), FormatError, JSON.stringify(bytes));
  }
});

const prel31 = (from: number, to: number) => (to - from) & 0x7fffffff;

test("exception tables: entries in the index, in the table, of a language, and what cannot be unwound", () => {
  const indexAt = 0x8000;
  const tableAt = 0x9000;
  const entries: [number, number][] = [
    [0x1000, 0x80a8b0b0],
    [0x1100, 1],
    [0x1200, prel31(indexAt + 20, tableAt)],
    [0x1300, prel31(indexAt + 28, tableAt + 8)],
  ];
  const index = entries.flatMap(([start, second], i) => words(prel31(indexAt + 8 * i, start), second));
  // Standard routine 1 with one more word; then a personality routine of its own.
  const table = words(0x8101b2a1, 0x8001acb0, prel31(tableAt + 8, 0x2000), 0x00a9b0b0);
  const ehabi = openEhabi({
    index: new BufferSource(Uint8Array.from(index)),
    address: indexAt,
    fileOffset: 0,
    littleEndian: true,
    codeEnd: 0x1400,
    bytesAt: (address) =>
      address >= tableAt && address < tableAt + table.length ? new BufferSource(Uint8Array.from(table.slice(address - tableAt))) : null,
  });
  assert.equal(ehabi.find(0xfff), null);
  assert.deepEqual(ehabi.find(0x10ff)?.cfa, cfa("sp", 8));
  assert.equal(ehabi.find(0x1100), null);
  assert.deepEqual(ehabi.find(0x1200)?.cfa, cfa("sp", 66184 + 24));
  assert.deepEqual(ehabi.find(0x13ff)?.cfa, cfa("sp", 12));
  assert.equal(ehabi.find(0x1400), null);
  assert.deepEqual(
    [...ehabi.ranges()].map(({ start, length, row }) => [start, length, row !== null]),
    [
      [0x1000, 0x100, true],
      [0x1100, 0x100, false],
      [0x1200, 0x100, true],
      [0x1300, 0x100, true],
    ],
  );
});

/** push {r4, r11, lr}; add r11, sp, #8; sub sp, sp, #16; bl; sub sp, r11, #8; pop {r4, r11, pc}; then a leaf: mov; bx lr. */
const armCode = words(0xe92d4810, 0xe28db008, 0xe24dd010, 0xeb000000, 0xe24bd008, 0xe8bd8810, 0xe1a00000, 0xe12fff1e);
/** push {r4, r7, lr}; sub sp, #8; add r7, sp, #8; push.w {r8}; bl; ldr.w r8, [sp], #4; add sp, #8; pop {r4, r7, pc}; bx lr. */
const thumbCode = halves(0xb590, 0xb082, 0xaf02, 0xf84d, 0x8d04, 0xf000, 0xf800, 0xf85d, 0x8b04, 0xb002, 0xbd90, 0x4770);

function armFile(code: number[], entry = 0) {
  const textAt = 0x10400;
  const indexAt = 0x10300;
  const index = words(prel31(indexAt, textAt), 1);
  return elf32(40, entry, [
    { name: ".text", type: 1, flags: 6, address: textAt, bytes: code },
    { name: ".ARM.exidx", type: 0x70000001, flags: 2, address: indexAt, bytes: index },
  ]);
}

test("ARM code at every instruction, where the tables cannot be used", () => {
  const unwind = openElfUnwind(new BufferSource(armFile(armCode)))!;
  const saved = { r4: at(-12), r11: at(-8) };
  const rows = Array.from({ length: 8 }, (_, i) => plain(unwind.find(0x400 + 4 * i)));
  assert.deepEqual(rows[0], { cfa: cfa("sp", 0), returnAddress: same, registers: {} });
  assert.deepEqual(rows[1], { cfa: cfa("sp", 12), returnAddress: at(-4), registers: saved });
  assert.deepEqual(rows[3], { cfa: cfa("sp", 28), returnAddress: at(-4), registers: saved });
  assert.deepEqual(rows[5], { cfa: cfa("sp", 12), returnAddress: at(-4), registers: saved });
  assert.deepEqual(rows[6], { cfa: cfa("sp", 0), returnAddress: same, registers: {} });
  assert.deepEqual(rows[7], { cfa: cfa("sp", 0), returnAddress: same, registers: {} });
});

test("Thumb code at every instruction", () => {
  const unwind = openElfUnwind(new BufferSource(armFile(thumbCode)))!;
  const offsets: [number, number][] = [
    [0, 0],
    [2, 12],
    [4, 20],
    [6, 20],
    [10, 24],
    [14, 24],
    [18, 20],
    [20, 12],
    [22, 0],
  ];
  for (const [offset, want] of offsets) assert.deepEqual(unwind.find(0x400 + offset)?.cfa, cfa("sp", want), `at ${offset}`);
  assert.deepEqual(unwind.find(0x40a)?.registers.get("r8"), at(-24));
});

test("the program's start has no caller", () => {
  const unwind = openElfUnwind(new BufferSource(armFile(armCode, 0x10418)))!;
  assert.deepEqual(unwind.find(0x418)?.returnAddress, { kind: "undefined" });
  assert.notDeepEqual(unwind.find(0x400)?.returnAddress, { kind: "undefined" });
});

test("every range is what a lookup gives, and ranges do not overlap", () => {
  for (const code of [armCode, thumbCode]) {
    const unwind = openElfUnwind(new BufferSource(armFile(code)))!;
    let end = 0;
    for (const { start, length, row } of unwind.ranges()) {
      assert.ok(start >= end && length > 0);
      end = start + length;
      for (const address of [start, end - 1]) assert.deepEqual(unwind.find(address), row);
    }
    assert.ok(end > 0x400);
  }
});

test("addresses are relative to the page of the lowest segment", () => {
  const file = openElf(new BufferSource(armFile(armCode, 0x10418)));
  assert.equal(file.cpu, "arm");
  assert.equal(file.imageBase, 0x10000n);
  assert.equal(file.entry, 0x418);
  assert.equal(file.sections.find(({ name }) => name === ".text")?.address, 0x400);
});

test("in layers the first that has rules answers, and ranges are cut accordingly", () => {
  const row = (offset: number): UnwindRow => ({
    cfa: { kind: "register", register: "sp", offset },
    returnAddress: { kind: "same" },
    registers: new Map(),
  });
  const source = (...ranges: [number, number, UnwindRow | null][]): UnwindSource => ({
    find: (address) => ranges.find(([start, length]) => address >= start && address < start + length)?.[2] ?? null,
    *ranges(): Iterable<UnwindRange> {
      for (const [start, length, rules] of ranges) yield { start, length, row: rules };
    },
  });
  const top = source([10, 10, row(1)], [30, 5, null], [40, 10, row(2)]);
  const bottom = source([0, 15, row(3)], [18, 30, row(4)], [60, 5, row(5)]);
  const both = layered([top, bottom])!;
  assert.deepEqual(
    [...both.ranges()].map(({ start, length, row: rules }) => [start, length, rules?.cfa]),
    [
      [0, 10, cfa("sp", 3)],
      [10, 10, cfa("sp", 1)],
      [20, 20, cfa("sp", 4)],
      [40, 10, cfa("sp", 2)],
      [60, 5, cfa("sp", 5)],
    ],
  );
  for (let address = 0; address < 70; address++) {
    const range = [...both.ranges()].find(({ start, length }) => address >= start && address < start + length);
    assert.deepEqual(both.find(address), range?.row ?? null);
  }
  assert.equal(layered([]), null);
});

test("damaged files give rows or a FormatError, soon", () => {
  const originals = [armFile(armCode, 0x10418), armFile(thumbCode)];
  let seed = 99;
  const random = (below: number) => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return (seed >>> 8) % below;
  };
  const mutants = Number(process.env["SALVAGE_MUTANTS"] ?? 1500);
  let opened = 0;
  for (let i = 0; i < mutants; i++) {
    const original = originals[i % 2]!;
    const mutant = original.slice(0, random(6) === 0 ? random(original.length) : original.length);
    for (let k = random(4); k >= 0 && mutant.length > 0; k--) {
      mutant[random(3) === 0 ? random(mutant.length) : random(Math.min(84, mutant.length))] = [0, 0xff, 0x80, random(256)][random(4)]!;
    }
    const started = performance.now();
    try {
      const unwind = openElfUnwind(new BufferSource(mutant));
      for (let k = 0; k < 4; k++) unwind?.find(0x400 + random(64));
      let count = 0;
      for (const range of unwind?.ranges() ?? []) assert.ok(range.length > 0 && ++count < 100_000);
      opened++;
    } catch (error) {
      assert.ok(error instanceof FormatError, `mutant ${i}: ${error instanceof Error ? error.stack : error}`);
    }
    assert.ok(performance.now() - started < 1000, `mutant ${i} took too long`);
  }
  assert.ok(opened > mutants / 10);
});

test("code is read within its section; a file of debug information has none", () => {
  const code = openElfCode(new BufferSource(armFile(armCode)));
  assert.deepEqual([...(code?.read(0x404, 4) ?? [])], armCode.slice(4, 8));
  assert.equal(code?.read(0x400 + armCode.length - 2, 16)?.length, 2);
  assert.equal(code?.read(0x300, 4), null);
  assert.equal(openElfCode(new BufferSource(elf32(40, 0, []))), null);
});

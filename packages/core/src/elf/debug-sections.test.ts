/** Debug sections of ELF files built here: packed in each way, split, several of one name, with relocations of every form. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { deflateSync, zstdCompressSync } from "node:zlib";
import { createPorts } from "@salvage/codecs";
import { type SynthElf, type SynthSection, symbolTable, synthElf, Words } from "../../test/synth-elf.ts";
import { BufferSource } from "../bytes/byte-source.ts";
import { FormatError } from "../bytes/format-error.ts";
import type { DwarfSections } from "../dwarf/sections.ts";
import { elfDwarfSections, hasPackedSections } from "./debug-sections.ts";
import { openElf } from "./elf-file.ts";
import { openElfUnwind } from "./unwind.ts";

const scratchDir = mkdtempSync(join(tmpdir(), "salvage-sections-"));
const ports = createPorts({ scratchDir, memoryBytes: 1 << 20 });
after(() => {
  ports.close();
  rmSync(scratchDir, { recursive: true, force: true });
});

function open(elf: SynthElf, kind: "own" | "split" = "own"): DwarfSections {
  return elfDwarfSections(openElf(new BufferSource(synthElf(elf))), ports, kind);
}

function text(sections: DwarfSections, name: Parameters<DwarfSections["section"]>[0]): string | null {
  const found = sections.section(name);
  return found === null ? null : Buffer.from(found.read(0, found.size)).toString("latin1");
}

const plain = Buffer.from("0123456789".repeat(100));
const compressed = 0x800;

test("packed sections: by zlib and zstd with ELF's header, and the old way", () => {
  const header = (kind: number) => new Words().put(4, kind, 0).put(8, plain.length, 1).bytes();
  const header32 = new Words(false).put(4, 1, plain.length, 1).bytes();
  const old = new Words(false).raw(Buffer.from("ZLIB")).put(8, plain.length).bytes();
  const sections = open({
    sections: [
      { name: ".debug_info", flags: compressed, content: Buffer.concat([header(1), deflateSync(plain)]) },
      { name: ".debug_str", flags: compressed, content: Buffer.concat([header(2), zstdCompressSync(plain)]) },
      { name: ".zdebug_line", content: Buffer.concat([old, deflateSync(plain)]) },
      { name: ".debug_abbrev", content: plain },
      { name: ".debug_ranges", type: 8, size: 100 },
    ],
  });
  for (const name of ["info", "str", "line", "abbrev"] as const) assert.equal(text(sections, name), plain.toString(), name);
  assert.equal(text(sections, "ranges"), null, "moved out of the file");
  assert.equal(text(sections, "loc"), null);

  const big = { name: ".debug_info", flags: compressed, content: Buffer.concat([header32, deflateSync(plain)]) };
  assert.equal(text(open({ is64: false, littleEndian: false, machine: 20, sections: [big] }), "info"), plain.toString());

  const file = openElf(new BufferSource(synthElf({ sections: [big] })));
  assert.ok(hasPackedSections(file));
  assert.throws(() => elfDwarfSections(file, null).section("info"), FormatError, "a 32-bit header in a 64-bit file");
});

test("packed sections without ports are absent; lies about sizes and kinds are FormatErrors", () => {
  const packed = (kind: number, size: number) => ({
    name: ".debug_info",
    flags: compressed,
    content: Buffer.concat([new Words().put(4, kind, 0).put(8, size, 1).bytes(), deflateSync(plain)]),
  });
  const read = (section: SynthSection) => open({ sections: [section] }).section("info");
  assert.throws(() => read(packed(7, plain.length)), /packed in way 7/);
  assert.throws(() => read(packed(1, 2 ** 31)), /that announce 2147483648/);
  assert.throws(() => read(packed(1, plain.length + 1)), FormatError);
  assert.throws(() => read(packed(1, plain.length - 1)), FormatError);
  assert.throws(() => read({ name: ".zdebug_info", content: plain }), /no "ZLIB"/);
  const file = openElf(new BufferSource(synthElf({ sections: [packed(1, plain.length)] })));
  assert.equal(elfDwarfSections(file, null).section("info"), null);
});

test("a split file's sections, and several of one name", () => {
  const sections: SynthSection[] = [
    { name: ".debug_info.dwo", content: Buffer.from("split") },
    { name: ".debug_cu_index", content: Buffer.from("index") },
    { name: ".debug_types", flags: 0x200, content: Buffer.from("in a group ") },
    { name: ".debug_types", content: Buffer.from("of the unit ") },
    { name: ".debug_types", flags: 0x200, content: Buffer.from("in another") },
  ];
  assert.equal(text(open({ sections }), "info"), null);
  assert.equal(text(open({ sections }, "split"), "info"), "split");
  assert.equal(text(open({ sections }, "split"), "cu_index"), "index");
  const types = open({ sections }).section("types")!;
  assert.equal(Buffer.from(types.read(0, types.size)).toString(), "of the unit in a group in another");
  assert.equal(Buffer.from(types.read(8, 10)).toString(), "nit in a g");
  assert.throws(() => types.read(30, 10), FormatError);
});

test("code is where executable sections are, moved out or not; addresses count from the loaded segment", () => {
  const code = { name: ".text", type: 8, flags: 6, address: 0x401000, size: 0x80 };
  const cold = { name: ".text.unlikely", flags: 6, address: 0x402000, content: new Uint8Array(0x10) };
  const sections = open({ loadedAt: 0x400000, sections: [code, cold, { name: ".data", flags: 3, address: 0x403000, size: 4, type: 8 }] });
  assert.deepEqual(sections.codeRanges, [
    { start: 0x1000, end: 0x1080 },
    { start: 0x2000, end: 0x2010 },
  ]);
  assert.equal(sections.imageBase, 0x400000n);
  assert.equal(open({ sections: [] }).codeRanges, null);
});

const relocatable = 1;

/** Section 1 is .debug_info with `content`, 2 the symbols "zero" (value 0) and "ten" (value 0x10), 3 their strings, 4 the relocations. */
function relocatedInfo(elf: Partial<SynthElf>, content: Uint8Array, type: number, table: Uint8Array): string {
  const { is64 = true, littleEndian = true } = elf;
  const symbols = symbolTable(
    [
      { name: "zero", value: 0, section: 1 },
      { name: "ten", value: 0x10, section: 1 },
    ],
    is64,
    littleEndian,
  );
  const sections: SynthSection[] = [
    { name: ".debug_info", content },
    { name: ".symtab", type: 2, content: symbols.symbols, link: 3 },
    { name: ".strtab", type: 3, content: symbols.strings },
    { name: ".rela.debug_info", type, content: table, link: 2, info: 1 },
  ];
  const info = open({ ...elf, fileType: relocatable, sections }).section("info")!;
  return Buffer.from(info.read(0, info.size)).toString("hex");
}

test("RELA: the place is overwritten; words across the ends of a read are right", () => {
  // x86-64: symbol << 32 | type, 1: 64 bits, 10: 32 bits, 2: relative to the place, which debug sections do not use.
  const entry = (offset: number, symbol: number, type: number, addend: number) =>
    new Words().put(8, offset, (BigInt(symbol) << 32n) | BigInt(type), BigInt.asUintN(64, BigInt(addend))).bytes();
  const table = Buffer.concat([entry(10, 2, 1, 0x100), entry(2, 1, 10, 0x77), entry(6, 2, 10, -1), entry(18, 1, 2, 5)]);
  const hex = relocatedInfo({}, new Uint8Array(22).fill(0xee), 4, table);
  assert.equal(hex, "eeee770000000f0000001001000000000000eeeeeeee");
  const whole = Buffer.from(hex, "hex");
  const content = new Uint8Array(22).fill(0xee);
  const symbols = symbolTable([{ name: "ten", value: 0x10, section: 1 }]);
  const file = synthElf({
    fileType: relocatable,
    sections: [
      { name: ".debug_info", content },
      { name: ".symtab", type: 2, content: symbols.symbols, link: 3 },
      { name: ".strtab", type: 3, content: symbols.strings },
      {
        name: ".rela.debug_info",
        type: 4,
        content: Buffer.concat([entry(10, 1, 1, 0x100), entry(2, 0, 10, 0x77), entry(6, 1, 10, -1)]),
        link: 2,
        info: 1,
      },
    ],
  });
  const info = elfDwarfSections(openElf(new BufferSource(file)), null).section("info")!;
  for (let from = 0; from <= 22; from++) {
    for (let to = from; to <= 22; to++) assert.deepEqual(Buffer.from(info.read(from, to - from)), whole.subarray(from, to));
  }
  assert.deepEqual(content, new Uint8Array(22).fill(0xee), "what the file holds stays as it is");
});

test("REL: the addend stands at the place; 64-bit MIPS has a form of its own", () => {
  const rel = (offset: number, symbol: number, type: number) => new Words().put(4, offset, (symbol << 8) | type).bytes();
  const place = new Words().put(4, 0x1000, 0x2000).bytes();
  assert.equal(relocatedInfo({ is64: false, machine: 40 }, place, 9, Buffer.concat([rel(0, 2, 2), rel(4, 1, 2)])), "1010000000200000");
  // Offset, symbol u32, three more bytes, type u8; big-endian files have the bytes of the word in the other order.
  const mips = new Words().put(8, 0).put(4, 2).put(1, 0, 0, 0, 18).put(8, 5).bytes();
  assert.equal(relocatedInfo({ machine: 8 }, new Uint8Array(8), 4, mips), "1500000000000000");
  const mipsBig = new Words(false).put(8, 0).put(4, 2).put(1, 0, 0, 0, 18).put(8, 5).bytes();
  assert.equal(relocatedInfo({ machine: 8, littleEndian: false }, new Uint8Array(8), 4, mipsBig), "0000000000000015");
});

test("RISC-V: sums and differences at one place, in the order of the table", () => {
  const entry = (offset: number, symbol: number, type: number, addend: number) =>
    new Words().put(8, offset, (BigInt(symbol) << 32n) | BigInt(type), addend).bytes();
  // 4 bytes: + ten + 8, - zero - 2; one byte: set 0x12, - 2; six bits: set 0x15 with the upper bits kept.
  const table = Buffer.concat([entry(0, 2, 35, 8), entry(0, 1, 39, 2), entry(4, 1, 54, 0x12), entry(4, 1, 37, 2), entry(5, 1, 53, 0x15)]);
  assert.equal(relocatedInfo({ machine: 243 }, new Uint8Array([0, 0, 0, 0, 0xff, 0xc0]), 4, table), "1600000010d5");
});

test("CREL: differences to the entry before", () => {
  // Two entries, with addends, shift 0. First byte: offset difference << 3 | addend 4 | type 2 | symbol 1; then SLEB128 each.
  const table = Uint8Array.from([(2 << 3) | 4, (1 << 3) | 7, 1, 10, 0x20, (4 << 3) | 5, 1, 0x7f]);
  assert.equal(relocatedInfo({}, new Uint8Array(9), 0x40000014, table), "00200000002f000000");
  const cut = table.subarray(0, 6);
  assert.throws(() => relocatedInfo({}, new Uint8Array(9), 0x40000014, cut), FormatError);
});

test("a packed .debug_frame is read with ports", () => {
  // One CIE and one FDE for [0x1000, 0x1010) of x86-64: the CFA is rsp + 8 throughout.
  const cie = new Words().put(4, 20, 0xffffffff).put(1, 4, 0, 8, 0, 1, 0x78, 16, 0x0c, 7, 8, 0x90, 1, 0, 0, 0, 0);
  const frames = cie.put(4, 20, 0).put(8, 0x1000, 0x10).bytes();
  const content = Buffer.concat([new Words().put(4, 1, 0).put(8, frames.length, 1).bytes(), deflateSync(frames)]);
  const file = new BufferSource(
    synthElf({
      sections: [
        { name: ".text", type: 8, flags: 6, address: 0x1000, size: 0x10 },
        { name: ".debug_frame", flags: compressed, content },
      ],
    }),
  );
  const row = openElfUnwind(file, "file", ports)?.find(0x1004);
  assert.deepEqual(row?.cfa, { kind: "register", register: "rsp", offset: 8 });
  assert.equal(openElfUnwind(file)?.find(0x1004) ?? null, null);
});

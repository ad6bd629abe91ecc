/** Debug files built byte by byte: ids as protocol and tools state them, features from what is really there. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { randomFrom } from "../../test/random-sym.ts";
import { symbolTable, synthElf } from "../../test/synth-elf.ts";
import { BufferSource } from "../bytes/byte-source.ts";
import { FormatError } from "../bytes/format-error.ts";
import { identifyObject, identifyObjects } from "./identify.ts";
import type { ObjectVerdict } from "./verdict.ts";

function identify(bytes: Uint8Array): ObjectVerdict {
  return identifyObject(new BufferSource(bytes));
}

/** Writes numbers and texts at chosen places of a zeroed buffer. */
class Bytes {
  readonly buffer: Buffer;
  readonly #littleEndian: boolean;

  constructor(size: number, littleEndian = true) {
    this.buffer = Buffer.alloc(size);
    this.#littleEndian = littleEndian;
  }

  u16(at: number, ...values: number[]): this {
    for (const [i, value] of values.entries()) {
      if (this.#littleEndian) this.buffer.writeUInt16LE(value, at + 2 * i);
      else this.buffer.writeUInt16BE(value, at + 2 * i);
    }
    return this;
  }

  u32(at: number, ...values: number[]): this {
    for (const [i, value] of values.entries()) {
      if (this.#littleEndian) this.buffer.writeUInt32LE(value >>> 0, at + 4 * i);
      else this.buffer.writeUInt32BE(value >>> 0, at + 4 * i);
    }
    return this;
  }

  u64(at: number, value: number): this {
    return this.#littleEndian ? this.u32(at, value, 0) : this.u32(at, 0, value);
  }

  text(at: number, text: string): this {
    this.buffer.write(text, at, "latin1");
    return this;
  }

  hex(at: number, hex: string): this {
    this.buffer.set(Buffer.from(hex, "hex"), at);
    return this;
  }

  bytes(): Uint8Array {
    return new Uint8Array(this.buffer);
  }
}

type ElfSection = { name: string; type?: number; content?: Buffer };

/** A 64-bit ELF with the given sections; the name table is added. */
function elf(sections: ElfSection[], options: { machine?: number; littleEndian?: boolean; type?: number } = {}): Uint8Array {
  const littleEndian = options.littleEndian ?? true;
  const all = [{ name: "", type: 0 }, ...sections, { name: ".shstrtab", type: 3 }];
  const names = `${all.map((section) => section.name).join("\0")}\0`;
  const contents = all.map((section) =>
    section.name === ".shstrtab" ? Buffer.from(names, "latin1") : "content" in section ? section.content : undefined,
  );
  const table = 64 + contents.reduce((sum, content) => sum + (content?.length ?? 0), 0);
  const out = new Bytes(table + 64 * all.length, littleEndian);
  out.text(0, "\u007fELF");
  out.buffer.set([2, littleEndian ? 1 : 2, 1], 4);
  out
    .u16(16, options.type ?? 3, options.machine ?? 62)
    .u64(40, table)
    .u16(58, 64, all.length, all.length - 1);
  let at = 64;
  let nameAt = 0;
  for (const [i, section] of all.entries()) {
    const content = contents[i];
    const header = table + 64 * i;
    out
      .u32(header, nameAt, section.type ?? 1)
      .u64(header + 24, at)
      .u64(header + 32, content?.length ?? (section.type === 8 ? 64 : 0));
    if (content !== undefined) out.buffer.set(content, at);
    at += content?.length ?? 0;
    nameAt += section.name.length + 1;
  }
  return out.bytes();
}

function buildIdNote(hex: string, littleEndian = true): Buffer {
  return new Bytes(16 + hex.length / 2, littleEndian)
    .u32(0, 4, hex.length / 2, 3)
    .text(12, "GNU")
    .hex(16, hex).buffer;
}

const buildId = "a0c64e2c14acb2159412287e1cde9fdc8aec5731";
const some = Buffer.alloc(32, 0x90);

test("an ELF with everything", () => {
  const file = elf([
    { name: ".note.gnu.build-id", type: 7, content: buildIdNote(buildId) },
    { name: ".text", content: some },
    { name: ".eh_frame", content: some },
    { name: ".symtab", type: 2, content: some },
    { name: ".debug_info", content: some },
  ]);
  assert.deepEqual(identify(file), {
    kind: "elf",
    name: null,
    codeFile: null,
    debugId: "2C4EC6A0AC1415B29412287E1CDE9FDC0",
    codeId: buildId,
    cpu: "amd64",
    os: "linux",
    features: ["symbols", "lines", "inlines", "unwind"],
    convertible: true,
    lacks: [],
  });
});

test("a debug file whose code was moved out, and the stripped file it belongs to", () => {
  const note = { name: ".note.gnu.build-id", type: 7, content: buildIdNote(buildId) };
  const debug = identify(elf([note, { name: ".eh_frame", type: 8 }, { name: ".debug_info", content: some }]));
  assert.deepEqual(debug.features, ["lines", "inlines"]);
  assert.ok(debug.lacks.includes("unwind tables"));
  const stripped = identify(elf([note, { name: ".eh_frame", content: some }]));
  assert.deepEqual(stripped.features, ["unwind"]);
  assert.equal(stripped.debugId, debug.debugId);
});

test("a big-endian ELF keeps the byte order of its build id", () => {
  const file = elf([{ name: ".note", type: 7, content: buildIdNote(buildId, false) }], { machine: 20, littleEndian: false });
  assert.equal(identify(file).debugId, "A0C64E2C14ACB2159412287E1CDE9FDC0");
  assert.equal(identify(file).cpu, "ppc");
});

test("without a build id the first bytes of .text give the id; an object file gets none", () => {
  const content = Buffer.from(Array.from({ length: 40 }, (_, i) => i));
  // Column i of the fold is i ^ (i + 16) ^ (i + 32 where there are so many).
  const folded = Array.from({ length: 16 }, (_, i) => i ^ (i + 16) ^ (i < 8 ? i + 32 : 0));
  const order = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];
  const expected = `${order
    .map((i) => folded[i]!.toString(16).padStart(2, "0"))
    .join("")
    .toUpperCase()}0`;
  const linked = identify(elf([{ name: ".text", content }]));
  assert.equal(linked.debugId, expected);
  assert.equal(linked.codeId, null);
  const object = identify(elf([{ name: ".text", content }], { type: 1 }));
  assert.equal(object.debugId, null);
  assert.match(object.lacks.join(), /object file of the compiler/);
});

test("an Android library is recognised by its note", () => {
  const file = elf(
    [
      { name: ".note.android.ident", type: 7, content: some },
      { name: ".text", content: some },
    ],
    { machine: 183 },
  );
  assert.equal(identify(file).os, "android");
  assert.equal(identify(file).cpu, "arm64");
});

const guidOnDisk = "78563412cdab3412aabbccddeeff0011";
const guid = "12345678ABCD1234AABBCCDDEEFF0011";

/** A PE32+ of one section that holds the debug directory and the CodeView record. */
function pe(codeView: boolean): Uint8Array {
  const out = new Bytes(1024).text(0, "MZ").u32(60, 128).text(128, "PE").u16(132, 0x8664, 1).u32(136, 0x5ab38077);
  out
    .u16(148, 240)
    .u16(152, 0x20b)
    .u32(152 + 56, 0x9000)
    .u32(152 + 108, 16);
  out.u32(152 + 112 + 8 * 3, 0x3000, 24);
  if (codeView) out.u32(152 + 112 + 8 * 6, 0x1010, 28);
  out.text(392, ".rdata").u32(400, 0x200, 0x1000, 0x200, 0x200);
  out
    .u32(0x210 + 12, 2, 24 + 12, 0, 0x240)
    .text(0x240, "RSDS")
    .hex(0x244, guidOnDisk)
    .u32(0x254, 10)
    .text(0x258, "C:\\b\\app.pdb");
  return out.bytes();
}

test("a PE: ids from its header and its CodeView record", () => {
  assert.deepEqual(identify(pe(true)), {
    kind: "pe",
    name: "app.pdb",
    codeFile: null,
    debugId: `${guid}a`,
    codeId: "5ab380779000",
    cpu: "amd64",
    os: "windows",
    features: ["unwind"],
    convertible: true,
    lacks: ["debug information: it is in the PDB app.pdb"],
  });
  const plain = identify(pe(false));
  assert.equal(plain.debugId, null);
  assert.match(plain.lacks.join(), /linked without \/DEBUG/);
});

/** A PDB of 512-byte blocks: 0 superblock, 3 directory map, 4 directory, 5 info stream, 6 DBI stream. */
function pdb(): Uint8Array {
  const out = new Bytes(512 * 8).text(0, "Microsoft C/C++ MSF 7.00\r\n\u001aDS").u32(32, 512, 1, 8, 4 + 4 * 5 + 4 * 3, 0, 3);
  out.u32(512 * 3, 4).u32(512 * 4, 5, 0, 28, 0xffffffff, 100, 8, 5, 6, 7);
  out.u32(512 * 5, 20000404, 1, 7).hex(512 * 5 + 12, guidOnDisk);
  out
    .u32(512 * 6, 0xffffffff, 19990903, 3)
    .u16(512 * 6 + 12, 1, 0, 2)
    .u32(512 * 6 + 24, 4)
    .u32(512 * 6 + 48, 22)
    .u16(512 * 6 + 58, 0x14c);
  out.u16(512 * 6 + 68, ...Array.from({ length: 11 }, (_, i) => (i === 9 ? 4 : 0xffff)));
  return out.bytes();
}

test("a PDB: GUID from the info stream, age from the DBI stream", () => {
  assert.deepEqual(identify(pdb()), {
    kind: "pdb",
    name: null,
    codeFile: null,
    debugId: `${guid}3`,
    codeId: null,
    cpu: "x86",
    os: "windows",
    features: ["unwind"],
    convertible: false,
    lacks: ["section headers: the PDB's names have no place in the image"],
  });
});

/** A 64-bit Mach-O with a UUID, a platform, a symbol table and one segment of sections, which share the first bytes of the file. */
function machO(cpu: number, fileType: number, sections: string[]): Uint8Array {
  const segmentBytes = 72 + 80 * sections.length;
  const out = new Bytes(32 + 24 + 24 + 24 + segmentBytes).u32(0, 0xfeedfacf, cpu, 0, fileType, 4, 24 + 24 + 24 + segmentBytes);
  out.u32(32, 0x1b, 24).hex(40, "67e9247c814e392ba027dbde6748fcbf");
  out
    .u32(56, 0x32, 24, 2)
    .u32(80, 2, 24, 0, 5)
    .u32(104, 0x19, segmentBytes)
    .text(104 + 8, fileType === 10 ? "__DWARF" : "__TEXT")
    .u64(104 + 48, out.buffer.length)
    .u32(104 + 64, sections.length);
  for (const [i, name] of sections.entries()) out.text(104 + 72 + 80 * i, name).u64(104 + 72 + 80 * i + 40, 32);
  return out.bytes();
}

test("a Mach-O binary, its dSYM, and both in one fat file", () => {
  const binary = identify(machO(0x0100000c, 2, ["__text", "__unwind_info"]));
  assert.deepEqual(binary, {
    kind: "macho",
    name: null,
    codeFile: null,
    debugId: "67E9247C814E392BA027DBDE6748FCBF0",
    codeId: "67e9247c814e392ba027dbde6748fcbf",
    cpu: "arm64",
    os: "ios",
    features: ["symbols", "unwind"],
    convertible: true,
    lacks: ["debug information: it is in the dSYM"],
  });
  const slice = machO(0x01000007, 10, ["__debug_info", "__eh_frame"]);
  assert.deepEqual(identify(slice).features, ["symbols", "lines", "inlines", "unwind"]);
  const other = machO(0x0100000c, 10, ["__debug_info"]);
  other[40] = 0x11;
  const fat = new Bytes(48 + slice.length + other.length, false)
    .u32(0, 0xcafebabe, 2)
    .u32(8, 0x01000007, 3, 48, slice.length, 0)
    .u32(28, 0x0100000c, 2, 48 + slice.length, other.length, 0);
  fat.buffer.set(slice, 48);
  fat.buffer.set(other, 48 + slice.length);
  const verdict = identify(fat.bytes());
  assert.equal(verdict.cpu, "amd64");
  assert.match(verdict.lacks.join(), /other architectures of this fat file \(arm64\)/);
  const all = identifyObjects(new BufferSource(fat.bytes()));
  assert.deepEqual(
    all.map(({ debugId, cpu, lacks }) => [debugId, cpu, lacks]),
    [
      ["67E9247C814E392BA027DBDE6748FCBF0", "amd64", []],
      ["11E9247C814E392BA027DBDE6748FCBF0", "arm64", ["unwind data: it is in the binary"]],
    ],
  );
});

test("what a stripped, a split and an unlinked ELF lack is said, with the file that has it", () => {
  const note = { name: ".note.gnu.build-id", type: 7, content: buildIdNote(buildId) };
  const link = { name: ".gnu_debuglink", content: Buffer.from("app.debug\0\0\0crc0", "latin1") };
  const stripped = identify(elf([note, link, { name: ".dynsym", type: 11, content: some }, { name: ".eh_frame", content: some }]));
  assert.deepEqual(stripped.lacks, ["names of functions that are not exported: stripped", "debug information: it is in app.debug"]);
  assert.deepEqual([stripped.convertible, stripped.features], [true, ["unwind"]]);
  const table = symbolTable([{ name: "exported", value: 0, size: 4, section: 1 }]);
  const library = synthElf({
    sections: [
      { name: ".text", flags: 6, content: some },
      { name: ".dynsym", type: 11, content: table.symbols, link: 3 },
      { name: ".dynstr", type: 3, content: table.strings },
    ],
  });
  assert.deepEqual(identify(library).features, ["symbols"]);

  // One abbreviation: code 1, compile unit, no children, DW_AT_dwo_name as strx1.
  const abbreviations = { name: ".debug_abbrev", content: Buffer.from([1, 0x4a, 0, 0x76, 0x25, 0, 0, 0]) };
  const info = { name: ".debug_info", content: some };
  assert.match(identify(elf([note, info, abbreviations])).lacks.join(), /\.dwo files or a \.dwp/);
  const alt = { name: ".gnu_debugaltlink", content: Buffer.from("common.debug\0\u0001\u0002", "latin1") };
  assert.match(identify(elf([note, info, alt])).lacks.join(), /supplementary file common\.debug/);

  for (const [sections, type, lack] of [
    [[{ name: ".debug_info.dwo", content: some }], 1, /split debug information \(\.dwo\)/],
    [
      [
        { name: ".debug_info.dwo", content: some },
        { name: ".debug_cu_index", content: some },
      ],
      1,
      /package of split/,
    ],
    [[note, { name: ".text", content: some }], 1, /object file of the compiler/],
    [[note], 4, /core dump/],
  ] as const) {
    const verdict = identify(elf([...sections], { type }));
    assert.equal(verdict.convertible, false);
    assert.match(verdict.lacks.join(), lack);
  }
});

test("ids of formats that are refused are told where they are cheap to read", () => {
  const wasm = Buffer.concat([
    Buffer.from("\0asm\u0001\0\0\0\u0001\u0002ab\0\u000c\u0008build_id\u0002", "latin1"),
    Buffer.from([0xab, 0xcd]),
  ]);
  assert.throws(() => identify(new Uint8Array(wasm)), /WebAssembly file \(id abcd\)/);
  const portable = new Bytes(64).text(0, "BSJB").u32(12, 4).u16(22, 1).u32(24, 40, 20).text(32, "#Pdb").hex(40, guidOnDisk);
  assert.throws(() => identify(portable.bytes()), new RegExp(`portable PDB \\(\\.NET\\) \\(id ${guid}\\)`));
});

const symText = "MODULE mac x86_64 67E9247C814E392BA027DBDE6748FCBF0 crash\nFUNC 0 10 0 main\n0 10 1 0\n";

test("Breakpad symbols: convertible, with what they have and lack", () => {
  assert.deepEqual(identify(new Uint8Array(Buffer.from(symText))), {
    kind: "breakpad",
    name: "crash",
    codeFile: null,
    debugId: "67E9247C814E392BA027DBDE6748FCBF0",
    codeId: null,
    cpu: "amd64",
    os: "macos",
    features: ["symbols", "lines"],
    convertible: true,
    lacks: ["unwind rules: the file has no STACK records"],
  });
  const windows = identify(new Uint8Array(Buffer.from(symText.replace("\n", "\nINFO CODE_ID 5A1B2C3D7000 C:\\out\\crash.exe\n"))));
  assert.deepEqual([windows.codeId, windows.codeFile], ["5a1b2c3d7000", "crash.exe"]);
  const nil = identify(new Uint8Array(Buffer.from("MODULE Linux arm 000000000000000000000000000000000 x\n")));
  assert.equal(nil.convertible, false);
  assert.deepEqual(nil.features, []);
  assert.equal(nil.cpu, "arm");
});

test("other content is named where it is known", () => {
  for (const [start, reason] of [
    ["", /empty/],
    ["MDMP", /a minidump/],
    ["PK\u0003\u0004", /zip/],
    ["\0asm\u0001\0\0\0", /WebAssembly/],
    ["BSJB", /portable PDB/],
    ["!<arch>\n", /static library/],
    ["BC\u00c0\u00de\u0035\u0014\0\0", /LLVM bitcode/],
    ["Microsoft C/C++ program database 2.00\r\n\u001aJG\0\0", /old 2.00/],
    ["\u00ca\u00fe\u00ba\u00be\0\0\0\u0034", /unknown content/], // a Java class
    ["hello world", /unknown content/],
  ] as const) {
    assert.throws(
      () => identify(new Uint8Array(Buffer.from(start, "latin1"))),
      (error: unknown) => error instanceof FormatError && error.offset === 0 && reason.test(error.reason),
      JSON.stringify(start),
    );
  }
});

test("object files of Microsoft's compilers are named, in both forms; what only looks a little like one is not", () => {
  const small = (machine: number, sections = 3, symbolsAt = 100, optional = 0) =>
    new Bytes(200).u16(0, machine, sections).u32(8, symbolsAt).u16(16, optional).bytes();
  const large = (version: number, machine: number) => new Bytes(200).u16(0, 0, 0xffff, version, machine).bytes();
  assert.throws(
    () => identify(small(0x8664)),
    /object file of the compiler \(COFF, amd64\), not a linked image: upload the exe or dll and its PDB/,
  );
  assert.throws(() => identify(small(0x14c)), /COFF, x86/);
  assert.throws(() => identify(large(2, 0xaa64)), /COFF, arm64/);
  for (const other of [
    small(0x8664, 0),
    small(0x8664, 3, 1000),
    small(0x8664, 3, 100, 240),
    small(0x1234),
    large(1, 0x8664),
    large(2, 0x1234),
  ])
    assert.throws(() => identify(other), /unknown content/);
});

test("a file that was cut off says so, wherever it ends", () => {
  const whole = elf([
    { name: ".note.gnu.build-id", type: 7, content: buildIdNote(buildId) },
    { name: ".text", content: some },
    { name: ".eh_frame", content: some },
  ]);
  const files = { elf: whole, pe: pe(true), "mach-o": machO(0x0100000c, 2, ["__text", "__unwind_info"]) };
  for (const [format, file] of Object.entries(files)) {
    for (const length of [12, 20, 40]) {
      assert.throws(
        () => identify(file.subarray(0, length)),
        (error: unknown) =>
          error instanceof FormatError && error.format === format && /^the file is cut off: need \d+ bytes, \d+ left$/.test(error.reason),
        `${length} bytes of ${format}`,
      );
    }
  }
  assert.throws(() => identify(whole.subarray(0, whole.length - 1)), /the file is cut off/, "within the section headers");
  assert.doesNotMatch(identify(whole).lacks.join(), /cut off/);
  const fixture = (path: string) => readFileSync(fileURLToPath(new URL(`../../../../fixtures/formats/${path}`, import.meta.url)));
  for (const path of ["linux-x64/app.debug", "macos-arm64/game", "macos-arm64/game.dSYM/Contents/Resources/DWARF/game"]) {
    const file = fixture(path);
    assert.doesNotMatch(identify(file).lacks.join(), /cut off/, path);
    const half = identify(file.subarray(0, file.length / 2));
    assert.equal(half.lacks[0], `its end: it has ${Math.floor(file.length / 2)} of at least ${file.length} bytes, so it was cut off`, path);
    assert.equal(half.convertible, false, path);
  }
});

test("4,000 mutated files: a verdict or FormatError, quickly", () => {
  const files = [
    elf([
      { name: ".note.gnu.build-id", type: 7, content: buildIdNote(buildId) },
      { name: ".text", content: some },
    ]),
    pe(true),
    pdb(),
    machO(0x0100000c, 2, ["__text", "__unwind_info"]),
    new Uint8Array(Buffer.from(symText)),
  ];
  const random = randomFrom(3);
  const started = performance.now();
  let verdicts = 0;
  for (let i = 0; i < 4000; i++) {
    const original = files[i % files.length]!;
    const copy = original.slice(0, random(5) === 0 ? random(original.length) : original.length);
    for (let k = 1 + random(5); k > 0 && copy.length > 0; k--) copy[random(copy.length)] = random(2) === 0 ? 0xff : random(256);
    try {
      identify(copy);
      verdicts++;
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
    }
  }
  assert.ok(verdicts > 500, `${verdicts} verdicts`);
  assert.ok(performance.now() - started < 20_000);
});

/** Call frame information assembled by hand: every operation, every augmentation, every pointer encoding, search tables, damage. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { BufferSource } from "../bytes/byte-source.ts";
import { FormatError } from "../bytes/format-error.ts";
import type { UnwindRow } from "../unwind/rules.ts";
import { type DwarfFramesInput, openDwarfFrames } from "./frame.ts";
import { dwarfRegisters } from "./registers.ts";

const u16 = (value: number) => [value & 0xff, (value >> 8) & 0xff];
const u32 = (value: number) => [...u16(value & 0xffff), ...u16(value >>> 16)];
const u64 = (value: bigint) => [...u32(Number(value & 0xffffffffn)), ...u32(Number((value >> 32n) & 0xffffffffn))];
const text = (value: string) => [...Buffer.from(value, "latin1"), 0];
const uleb = (value: number): number[] => (value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...uleb(Math.floor(value / 128))]);
const sleb = (value: number): number[] =>
  value >= -64 && value < 64 ? [value & 0x7f] : [(value & 0x7f) | 0x80, ...sleb(Math.floor(value / 128))];

/** def_cfa rsp+8, return address at CFA-8: how every x86-64 function starts. */
const amd64Start = [0x0c, 7, 8, 0x80 | 16, 1];

type CieOptions = {
  augmentation?: string;
  data?: number[];
  version?: number;
  codeAlign?: number;
  dataAlign?: number;
  ra?: number;
  instructions?: number[];
};

function ehCie({
  augmentation = "zR",
  data = [0x1b],
  version = 1,
  codeAlign = 1,
  dataAlign = -8,
  ra = 16,
  instructions = amd64Start,
}: CieOptions = {}) {
  const z = augmentation.startsWith("z");
  const eh = augmentation.startsWith("eh") ? u64(0x1234n) : [];
  const v4 = version === 4 ? [8, 0] : [];
  const body = [
    version,
    ...text(augmentation),
    ...v4,
    ...eh,
    ...uleb(codeAlign),
    ...sleb(dataAlign),
    ra,
    ...(z ? uleb(data.length) : []),
    ...data,
    ...instructions,
  ];
  return [...u32(4 + body.length), ...u32(0), ...body];
}

const sectionAddress = 0x5000;

/** An .eh_frame FDE at an offset, with a pc-relative 32-bit start. */
function ehFde(at: number, start: number, length: number, instructions: number[], cieAt = 0) {
  const body = [...u32(start - (sectionAddress + at + 8)), ...u32(length), 0, ...instructions];
  return [...u32(4 + body.length), ...u32(at + 4 - cieAt), ...body];
}

function open(bytes: number[], more: Partial<DwarfFramesInput> = {}) {
  return openDwarfFrames({
    sections: [{ kind: "eh_frame", bytes: new BufferSource(Uint8Array.from(bytes)), address: sectionAddress, fileOffset: 0 }],
    registers: dwarfRegisters("amd64")!,
    littleEndian: true,
    addressBytes: 8,
    imageBase: 0x400000n,
    ...more,
  });
}

/** The frames of one function at 0x1000 of 0x100 bytes. */
function one(instructions: number[], cie: CieOptions = {}, more: Partial<DwarfFramesInput> = {}) {
  const first = ehCie(cie);
  return open([...first, ...ehFde(first.length, 0x1000, 0x100, instructions)], more);
}

const plain = (row: UnwindRow | null) => (row === null ? null : { ...row, registers: Object.fromEntries(row.registers) });
const cfa = (register: string, offset: number) => ({ kind: "register", register, offset });
const at = (offset: number) => ({ kind: "cfaOffset", offset });

test("a prologue row by row, and ranges that say the same", () => {
  // push rbp; mov rbp, rsp; … leave; ret
  const frames = one([0x41, 0x0e, 16, 0x80 | 6, 2, 0x43, 0x0d, 6, 0x02, 0x50, 0x0c, 7, 8]);
  const want = [
    [0x1000, cfa("rsp", 8), {}],
    [0x1001, cfa("rsp", 16), { rbp: at(-16) }],
    [0x1004, cfa("rbp", 16), { rbp: at(-16) }],
    [0x1054, cfa("rsp", 8), { rbp: at(-16) }],
  ] as const;
  const ranges = [...frames.ranges()];
  assert.deepEqual(
    ranges.map(({ start, length, row }) => ({ start, length, row: plain(row) })),
    want.map(([start, rule, registers], i) => ({
      start,
      length: (want[i + 1]?.[0] ?? 0x1100) - start,
      row: { cfa: rule, returnAddress: at(-8), registers },
    })),
  );
  for (const { start, length, row } of ranges) {
    for (const address of [start, start + length - 1]) assert.deepEqual(frames.find(address), row);
  }
  assert.equal(frames.find(0xfff), null);
  assert.equal(frames.find(0x1100), null);
  assert.deepEqual(frames.functionAt(0x1050), { start: 0x1000, end: 0x1100 });
});

const expr = (...bytes: number[]) => [...uleb(bytes.length), ...bytes];
const operations: [string, number[], Partial<Record<"cfa" | "returnAddress", object>> & { registers?: Record<string, object> }][] = [
  ["nop", [0, 0], {}],
  ["offset", [0x80 | 3, 5], { registers: { rbx: at(-40) } }],
  ["offset_extended", [0x05, 12, 3], { registers: { r12: at(-24) } }],
  ["offset_extended_sf", [0x11, 12, ...sleb(-3)], { registers: { r12: at(24) } }],
  ["GNU_negative_offset_extended", [0x2f, 12, 3], { registers: { r12: at(24) } }],
  ["offset of nothing", [0x80 | 3, 0], { registers: { rbx: at(0) } }],
  ["undefined", [0x07, 3], { registers: { rbx: { kind: "undefined" } } }],
  ["undefined return address", [0x07, 16], { returnAddress: { kind: "undefined" } }],
  ["same_value", [0x08, 3], { registers: { rbx: { kind: "same" } } }],
  ["register", [0x09, 3, 12], { registers: { rbx: cfa("r12", 0) } }],
  ["return address in a register", [0x09, 16, 2], { returnAddress: cfa("rcx", 0) }],
  ["restore to nothing", [0x80 | 3, 5, 0xc0 | 3], {}],
  ["restore the initial rule", [0x07, 16, 0xc0 | 16], {}],
  ["restore_extended", [0x07, 16, 0x06, 16], {}],
  ["remember and restore state", [0x0a, 0x0c, 6, 16, 0x80 | 3, 5, 0x0b], {}],
  ["def_cfa", [0x0c, 6, 16], { cfa: cfa("rbp", 16) }],
  ["def_cfa_register", [0x0d, 6], { cfa: cfa("rbp", 8) }],
  ["def_cfa_offset", [0x0e, ...uleb(4096)], { cfa: cfa("rsp", 4096) }],
  ["def_cfa_sf", [0x12, 6, ...sleb(-2)], { cfa: cfa("rbp", 16) }],
  ["def_cfa_offset_sf", [0x13, ...sleb(-4)], { cfa: cfa("rsp", 32) }],
  ["def_cfa_expression", [0x0f, ...expr(0x77, 8, 0x06)], { cfa: { kind: "expression", program: "$rsp 8 + ^" } }],
  ["expression", [0x10, 6, ...expr(0x76, 0)], { registers: { rbp: { kind: "expression", program: "$rbp ^" } } }],
  ["val_offset", [0x14, 7, 2], { registers: { rsp: { kind: "valCfaOffset", offset: -16 } } }],
  ["val_offset_sf", [0x15, 7, ...sleb(-2)], { registers: { rsp: { kind: "valCfaOffset", offset: 16 } } }],
  ["val_expression", [0x16, 7, ...expr(0x23, 16)], { registers: { rsp: { kind: "expression", program: ".cfa 16 +" } } }],
  ["GNU_args_size", [0x2e, ...uleb(200)], {}],
  ["negate_ra_state", [0x2d, 0x2c], {}],
  ["a vector register, which no walk needs", [0x80 | 20, 5], {}],
];
for (const [name, instructions, want] of operations) {
  test(`operation: ${name}`, () => {
    assert.deepEqual(plain(one(instructions).find(0x1010)), { cfa: cfa("rsp", 8), returnAddress: at(-8), registers: {}, ...want });
  });
}

test("every form of advance", () => {
  const advances: [number[], number][] = [
    [[0x40 | 0x3f], 0x3f],
    [[0x02, 0x80], 0x80],
    [[0x03, ...u16(0x90)], 0x90],
    [[0x04, ...u32(0xa0)], 0xa0],
    [[0x1d, ...u64(0xb0n)], 0xb0],
  ];
  for (const [advance, distance] of advances) {
    const frames = one([...advance, 0x0e, 32]);
    assert.deepEqual(frames.find(0x1000 + distance - 1)?.cfa, cfa("rsp", 8));
    assert.deepEqual(frames.find(0x1000 + distance)?.cfa, cfa("rsp", 32));
  }
  assert.deepEqual(one([0x41, 0x0e, 32], { codeAlign: 4 }).find(0x1003)?.cfa, cfa("rsp", 8));
  assert.deepEqual(one([0x41, 0x0e, 32], { codeAlign: 4 }).find(0x1004)?.cfa, cfa("rsp", 32));
  // set_loc with the CIE's encoding, here absolute, and pc-relative from where its operand lies.
  const body = [...u64(0x401000n), ...u64(0x100n), 0, 0x01, ...u64(0x401020n), 0x0e, 32];
  const cie = ehCie({ data: [0x00] });
  const absolute = open([...cie, ...u32(4 + body.length), ...u32(cie.length + 4), ...body]);
  assert.deepEqual(absolute.find(0x101f)?.cfa, cfa("rsp", 8));
  assert.deepEqual(absolute.find(0x1020)?.cfa, cfa("rsp", 32));
  const operandAt = sectionAddress + ehCie().length + 8 + 4 + 4 + 1 + 1;
  const relative = one([0x01, ...u32(0x1030 - operandAt), 0x0e, 32]);
  assert.deepEqual(relative.find(0x102f)?.cfa, cfa("rsp", 8));
  assert.deepEqual(relative.find(0x1030)?.cfa, cfa("rsp", 32));
});

test("augmentations: language data, personality, signal frames, marks, unknown letters behind a length", () => {
  for (const [augmentation, data] of [
    ["zR", [0x1b]],
    ["zPLR", [0x9b, ...u32(77), 0x1b, 0x1b]],
    ["zPLR", [0x50, ...new Array(5).fill(0), ...u64(9n), 0x1b, 0x1b]],
    ["zPR", [0xff, 0x1b]],
    ["zRB", [0x1b]],
    ["zRG", [0x1b]],
    ["zR?!", [0x1b, 1, 2, 3]],
  ] as const) {
    const row = one([0x0e, 24], { augmentation, data: [...data] }).find(0x1000);
    assert.deepEqual(row?.cfa, cfa("rsp", 24), augmentation);
    assert.equal(row.interrupted, undefined);
  }
  assert.equal(one([], { augmentation: "zRS" }).find(0x1000)?.interrupted, true);
  // Without a length, what an unknown letter means cannot be passed over.
  assert.throws(
    () => one([], { augmentation: "Q", data: [] }).findInFde(ehCie({ augmentation: "Q", data: [] }).length, 0x1000),
    FormatError,
  );
  // No augmentation, and old GCC's: absolute addresses, no augmentation data in the FDE.
  for (const augmentation of ["", "eh"]) {
    const cie = ehCie({ augmentation, data: [] });
    const body = [...u64(0x401000n), ...u64(0x100n), 0x0e, 24];
    assert.deepEqual(open([...cie, ...u32(4 + body.length), ...u32(cie.length + 4), ...body]).find(0x10ff)?.cfa, cfa("rsp", 24));
  }
});

test("every pointer encoding", () => {
  const start = 0x1000;
  const encodings: [number, (operandAt: number) => number[], number[], Partial<DwarfFramesInput>][] = [
    [0x00, () => u64(0x401000n), u64(0x100n), {}],
    [0x01, () => uleb(0x401000), uleb(0x100), {}],
    [0x02, () => u16(0x1000), u16(0x100), { imageBase: 0n }],
    [0x03, () => u32(0x401000), u32(0x100), {}],
    [0x04, () => u64(0x401000n), u64(0x100n), {}],
    [0x09, () => sleb(0x401000), uleb(0x100), {}],
    [0x0a, () => u16(0x1000), u16(0x100), { imageBase: 0n }],
    [0x0b, () => u32(0x401000), u32(0x100), {}],
    [0x0c, () => u64(0x401000n), u64(0x100n), {}],
    [0x10, (operandAt) => u64(BigInt(start - operandAt)), u64(0x100n), {}],
    [0x1a, (operandAt) => u16(start - operandAt), u16(0x100), {}],
    [0x1b, (operandAt) => u32(start - operandAt), u32(0x100), {}],
    [0x1c, (operandAt) => u64(BigInt(start - operandAt)), u64(0x100n), {}],
    [0x2b, () => u32(0x200), u32(0x100), { textStart: 0xe00 }],
    [0x3b, () => u32(-0x1000), u32(0x100), { dataStart: 0x2000 }],
    [0x50, (operandAt) => [...new Array((8 - (operandAt % 8)) % 8).fill(0), ...u64(0x401000n)], u64(0x100n), {}],
  ];
  for (const [encoding, pointer, length, more] of encodings) {
    const cie = ehCie({ data: [encoding] });
    const operandAt = sectionAddress + cie.length + 8;
    const body = [...pointer(operandAt), ...length, 0, 0x0e, 24];
    const frames = open([...cie, ...u32(4 + body.length), ...u32(cie.length + 4), ...body], more);
    assert.deepEqual(frames.functionAt(0x1080), { start: 0x1000, end: 0x1100 }, `encoding ${encoding.toString(16)}`);
    assert.deepEqual(frames.find(0x1080)?.cfa, cfa("rsp", 24));
  }
  for (const encoding of [0xff, 0x9b, 0x2b, 0x3b, 0x4b, 0x6b, 0x05]) {
    const cie = ehCie({ data: [encoding] });
    assert.throws(() => open([...cie, ...ehFde(cie.length, 0x1000, 0x100, [])]).findInFde(cie.length, 0x1000), FormatError);
  }
});

test(".debug_frame: versions 1, 3 and 4, the 64-bit form, big-endian addresses of 4 bytes", () => {
  for (const version of [1, 3, 4]) {
    const v4 = version === 4 ? [8, 0] : [];
    const body = [version, 0, ...v4, 1, ...sleb(-8), 16, ...amd64Start];
    const narrow = [...u32(4 + body.length), ...u32(0xffffffff), ...body];
    const wide = [...u32(0xffffffff), ...u64(BigInt(8 + body.length)), ...u64(0xffffffffffffffffn), ...body];
    const fde = [...u64(0x401000n), ...u64(0x100n), 0x0e, 24];
    for (const bytes of [
      [...narrow, ...u32(4 + fde.length), ...u32(0), ...fde],
      [...wide, ...u32(0xffffffff), ...u64(BigInt(8 + fde.length)), ...u64(0n), ...fde],
    ]) {
      const sections = [{ kind: "debug_frame", bytes: new BufferSource(Uint8Array.from(bytes)), address: 0, fileOffset: 0 }] as const;
      assert.deepEqual(plain(open([], { sections }).find(0x1000)), { cfa: cfa("rsp", 24), returnAddress: at(-8), registers: {} });
    }
  }
  const big = [0, 0, 0, 13, 0xff, 0xff, 0xff, 0xff, 1, 0, 4, 0x7c, 65, 0x0c, 1, 0, 0];
  const fde = [0, 0, 0, 15, 0, 0, 0, 0, 0x10, 0, 0x10, 0, 0, 0, 1, 0, 0x0e, 16, 0];
  const sections = [
    { kind: "debug_frame", bytes: new BufferSource(Uint8Array.from([...big, ...fde])), address: 0, fileOffset: 0 },
  ] as const;
  const ppc = open([], { sections, registers: dwarfRegisters("ppc")!, littleEndian: false, addressBytes: 4, imageBase: 0x10000000n });
  assert.deepEqual(plain(ppc.find(0x1000)), { cfa: cfa("r1", 16), returnAddress: { kind: "same" }, registers: {} });
});

test("an address that uses all 64 bits is relative to its image", () => {
  const body = [...u64(0xffffffff81001000n), ...u64(0x100n), 0];
  const cie = ehCie({ data: [0x00] });
  const frames = open([...cie, ...u32(4 + body.length), ...u32(cie.length + 4), ...body], { imageBase: 0xffffffff81000000n });
  assert.deepEqual(frames.functionAt(0x1000), { start: 0x1000, end: 0x1100 });
});

test("arm64: the link register is the return address until it is saved, and is kept for interrupted functions only", () => {
  const registers = dwarfRegisters("arm64")!;
  const start = { ra: 30, codeAlign: 4, instructions: [0x0c, 31, 0] };
  const frames = one([0x41, 0x2d, 0x0e, 32, 0x80 | 29, 4, 0x80 | 30, 3], start, { registers });
  assert.deepEqual(plain(frames.find(0x1000)), { cfa: cfa("sp", 0), returnAddress: { kind: "same" }, registers: {} });
  assert.deepEqual(plain(frames.find(0x1004)), { cfa: cfa("sp", 32), returnAddress: at(-24), registers: { x29: at(-32) } });
  const signal = one([0x80 | 30, 3], { ...start, augmentation: "zRS" }, { registers });
  assert.deepEqual(plain(signal.find(0x1000)), {
    cfa: cfa("sp", 0),
    returnAddress: at(-24),
    registers: { x30: at(-24) },
    interrupted: true,
  });
});

test("SPARC's window save", () => {
  const row = one([0x2d], { ra: 15, instructions: [0x0c, 30, 0] }, { registers: dwarfRegisters("sparc")! }).find(0x1000);
  assert.deepEqual(row?.registers.get("r16"), at(0));
  assert.deepEqual(row.registers.get("r8"), cfa("r24", 0));
  assert.deepEqual(row.returnAddress, cfa("r31", 0));
});

test("terminators in the middle, discarded functions, nested functions, two sections", () => {
  const cie = ehCie();
  const bytes = [...cie];
  const add = (start: number, length: number, offset: number) => bytes.push(...ehFde(bytes.length, start, length, [0x0e, offset]));
  add(0x3000, 0x100, 24);
  bytes.push(0, 0, 0, 0);
  add(0x1000, 0x100, 32);
  add(0x3040, 0x10, 40);
  add(0x2000, 0, 99);
  const inner = bytes.length;
  // A start stored as 0 is the linker's mark of a discarded function.
  bytes.push(...u32(13), ...u32(inner + 4), ...u32(0), ...u32(0x100), 0);
  const frames = open(bytes);
  assert.deepEqual(
    [...frames.ranges()].map(({ start, length, row }) => [start, length, row?.cfa]),
    [
      [0x1000, 0x100, cfa("rsp", 32)],
      [0x3000, 0x40, cfa("rsp", 24)],
      [0x3040, 0x10, cfa("rsp", 40)],
      [0x3050, 0xb0, cfa("rsp", 24)],
    ],
  );
  const stopping = open([], {
    sections: [
      {
        kind: "eh_frame",
        bytes: new BufferSource(Uint8Array.from(bytes)),
        address: sectionAddress,
        fileOffset: 0,
        stopsAtTerminator: true,
      },
    ],
  });
  assert.equal(stopping.find(0x1000), null);
  assert.notEqual(stopping.find(0x3000), null);
});

test("the search table leads to the same rows, and a damaged one does no harm", () => {
  const cie = ehCie();
  const bytes = [...cie];
  const starts = [0x1000, 0x2000, 0x2800];
  const places = starts.map((start, i) => {
    const place = bytes.length;
    bytes.push(...ehFde(place, start, 0x100, [0x0e, 16 + 8 * i]));
    return place;
  });
  const hdrAddress = 0x4000;
  const table = starts.flatMap((start, i) => [...u32(start - hdrAddress), ...u32(sectionAddress + places[i]! - hdrAddress)]);
  const hdr = [1, 0x1b, 0x03, 0x3b, ...u32(sectionAddress - hdrAddress - 4), ...u32(3), ...table];
  const withHdr = (given: number[]) =>
    open([], {
      sections: [
        {
          kind: "eh_frame",
          bytes: new BufferSource(Uint8Array.from(bytes)),
          address: sectionAddress,
          fileOffset: 0,
          hdr: { bytes: new BufferSource(Uint8Array.from(given)), address: hdrAddress, fileOffset: 0 },
        },
      ],
    });
  const damaged = [
    hdr.slice(0, 10),
    [],
    [2, ...hdr.slice(1)],
    hdr.map((byte, i) => (i > 12 ? byte ^ 0x55 : byte)),
    [...hdr.slice(0, 8), 0xff, 0xff, 0xff, 0xff, ...table],
  ];
  for (const given of [hdr, ...damaged]) {
    const frames = withHdr(given);
    starts.forEach((start, i) => {
      assert.deepEqual(frames.find(start + 0xff)?.cfa, cfa("rsp", 16 + 8 * i));
      assert.equal(frames.find(start + 0x100), null);
    });
    assert.equal(frames.find(0), null);
  }
});

test("malformed instructions fail with their place in the file", () => {
  const broken: [string, number[]][] = [
    ["unknown operation", [0x3f]],
    ["operand missing", [0x0e]],
    ["restore without a state", [0x0b]],
    ["too many states", new Array(65).fill(0x0a)],
    ["offset of a CFA that is an expression", [0x0f, 1, 0x77, 0x0e, 8]],
    ["block longer than the entry", [0x0f, 100, 0x77]],
    ["register number beyond all", [0x07, ...uleb(70_000)]],
    ["expression with an empty stack", [0x0f, 1, 0x22]],
    ["offset above 2^53", [0x05, 3, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f]],
  ];
  for (const [name, instructions] of broken) {
    assert.throws(
      () => one(instructions).find(0x1000),
      (error) => error instanceof FormatError && error.format.startsWith("dwarf") && error.offset !== null && error.offset > 20,
      name,
    );
  }
  // A return address that nobody can compute is no rule; it does not mean the end of the stack.
  assert.equal(one([0x10, 16, ...expr(0xe0)]).find(0x1000), null);
  assert.equal(one([0x0f, ...expr(0xe0)]).find(0x1000), null);
});

test("a CIE that names the CFA's register alone means offset 0, as older RISC-V compilers wrote", () => {
  const rows = one([0x40 | 2, 0x0e, 48], { instructions: [0x0d, 7] }); // advance 2, def_cfa_offset 48
  assert.deepEqual(rows.find(0x1000)?.cfa, { kind: "register", register: "rsp", offset: 0 });
  assert.deepEqual(rows.find(0x1002)?.cfa, { kind: "register", register: "rsp", offset: 48 });
});

test("instructions that cannot be followed cost the rules of their function alone", () => {
  const cie = ehCie();
  const bad = ehFde(cie.length, 0x1000, 0x100, [0x40 | 4, 0x3f]);
  const good = ehFde(cie.length + bad.length, 0x2000, 0x100, []);
  const ranges = [...open([...cie, ...bad, ...good]).ranges()];
  assert.deepEqual(
    ranges.map(({ start, length }) => [start, length]),
    [
      [0x1000, 4],
      [0x2000, 0x100],
    ],
  );
});

test("damaged bytes give rows or a FormatError, soon", () => {
  const cie = ehCie({ augmentation: "zPLR", data: [0x9b, ...u32(77), 0x1b, 0x1b] });
  const bytes = [...cie];
  for (let i = 0; i < 6; i++) {
    const instructions = operations.slice(i * 5, i * 5 + 5).flatMap(([, code]) => [...code, 0x44]);
    bytes.push(...ehFde(bytes.length, 0x1000 + i * 0x200, 0x100, instructions));
  }
  const original = Uint8Array.from(bytes);
  let seed = 12345;
  const random = (below: number) => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return (seed >>> 8) % below;
  };
  const mutants = Number(process.env["SALVAGE_MUTANTS"] ?? 4000);
  let rows = 0;
  for (let i = 0; i < mutants; i++) {
    const mutant = original.slice(0, random(8) === 0 ? random(original.length) : original.length);
    for (let k = random(4); k >= 0 && mutant.length > 0; k--) mutant[random(mutant.length)] = random(3) === 0 ? 0xff : random(256);
    const section = { kind: "eh_frame", bytes: new BufferSource(mutant), address: sectionAddress, fileOffset: 0 } as const;
    const frames = open([], { sections: [section] });
    const started = performance.now();
    for (const ask of [
      () => frames.find(0x1000 + random(0xc00)),
      () => [...frames.ranges()].length,
      () => frames.findInFde(cie.length, 0x1000),
    ]) {
      try {
        ask();
        rows++;
      } catch (error) {
        assert.ok(error instanceof FormatError, `mutant ${i}: ${error}`);
      }
    }
    assert.ok(performance.now() - started < 1000, `mutant ${i} took too long`);
  }
  assert.ok(rows > mutants / 2);
});

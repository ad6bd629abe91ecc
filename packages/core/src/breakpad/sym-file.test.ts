/** Reading .sym text directly: every record, every line ending, and lines that are damaged. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { BufferSource } from "../bytes/byte-source.ts";
import { FormatError } from "../bytes/format-error.ts";
import { openSym, type SymFile } from "./sym-file.ts";

const moduleLine = "MODULE Linux x86_64 0123456789ABCDEF0123456789ABCDEF0 demo";

function open(lines: string[], lineEnd = "\n"): SymFile {
  return openSym(new BufferSource(new Uint8Array(Buffer.from([moduleLine, ...lines].join(lineEnd) + lineEnd))));
}

/** "g a.c:3 < f a.c:12", or null. */
function at(file: SymFile, address: number): string | null {
  const frames = file.names?.lookup(address) ?? null;
  return frames === null ? null : frames.map((frame) => `${frame.function} ${frame.file ?? "?"}:${frame.line ?? "?"}`).join(" < ");
}

const demo = [
  "INFO CODE_ID 67452301AB89EFCD demo.exe",
  "FILE 0 /src/a.c",
  "FILE 1 /src/dir with blank/g.h",
  "INLINE_ORIGIN 0 g(int)",
  "INLINE_ORIGIN 1 deepest",
  "FUNC 1000 40 0 f(char const*)",
  "INLINE 0 12 0 0 1010 20",
  "INLINE 1 4 1 1 1018 8",
  "1000 10 10 0",
  "1010 20 3 1",
  "1030 10 13 0",
  "FUNC m 1040 10 8 folded",
  "1040 10 0 0",
  "PUBLIC 2000 0 start_of_asm",
  "PUBLIC m 2010 4 other asm",
];

for (const [name, lineEnd] of [
  ["LF", "\n"],
  ["CRLF", "\r\n"],
  ["CR", "\r"],
] as const) {
  test(`names, lines and inlined functions with ${name} line ends`, () => {
    const file = open(demo, lineEnd);
    assert.deepEqual(file.module, {
      os: "Linux",
      arch: "x86_64",
      id: "0123456789ABCDEF0123456789ABCDEF0",
      name: "demo",
      codeId: "67452301AB89EFCD",
      codeFile: "demo.exe",
    });
    assert.equal(file.damage.count, 0);
    assert.equal(at(file, 0xfff), null);
    assert.equal(at(file, 0x1000), "f(char const*) /src/a.c:10");
    assert.equal(at(file, 0x1010), "g(int) /src/dir with blank/g.h:3 < f(char const*) /src/a.c:12");
    assert.equal(at(file, 0x101a), "deepest /src/dir with blank/g.h:3 < g(int) /src/dir with blank/g.h:4 < f(char const*) /src/a.c:12");
    assert.equal(at(file, 0x103f), "f(char const*) /src/a.c:13");
    assert.equal(at(file, 0x1044), "folded /src/a.c:?");
    assert.equal(at(file, 0x1050), null);
    assert.equal(at(file, 0x2004), "start_of_asm ?:?");
    assert.equal(at(file, 0x9999), "other asm ?:?");
    assert.equal(file.names?.lookup(0x101a)?.[0]?.functionAddress, 0x1000);
  });
}

test("a last line without an end counts", () => {
  const text = `${moduleLine}\nPUBLIC 10 0 last`;
  assert.equal(at(openSym(new BufferSource(new Uint8Array(Buffer.from(text)))), 0x11), "last ?:?");
});

test("INLINE records of before 2022 name no call file, their origins carry a file id", () => {
  const file = open(["FILE 0 a.c", "INLINE_ORIGIN 3 0 old inline", "FUNC 0 20 0 f", "INLINE 0 7 3 8 8", "0 20 5 0"]);
  assert.equal(at(file, 9), "old inline a.c:5 < f ?:7");
});

test("an inline record counts only inside one of the depth above", () => {
  const file = open(["INLINE_ORIGIN 0 g", "FUNC 0 20 0 f", "INLINE 1 7 0 0 8 8", "0 20 5 0"]);
  assert.equal(at(file, 9), "f ?:5");
});

test("a FUNC without a size names its address as a PUBLIC does", () => {
  const file = open(["FUNC 100 0 0 asm_entry", "FUNC 200 10 0 f"]);
  assert.equal(at(file, 0x150), "asm_entry ?:?");
  assert.equal(at(file, 0x208), "f ?:?");
  assert.equal(at(file, 0x210), null);
});

test("functions that nest, repeat or stand out of order", () => {
  const file = open([
    "FUNC 200 10 0 late",
    "FUNC 100 50 0 outer",
    "100 50 1 0",
    "FUNC 110 10 0 inner",
    "110 10 2 0",
    "FUNC 110 10 0 again",
    "PUBLIC 130 0 inside",
  ]);
  assert.equal(at(file, 0x105), "outer ?:1");
  assert.equal(at(file, 0x115), "inner ?:2");
  assert.equal(at(file, 0x125), "outer ?:1");
  assert.equal(at(file, 0x205), "late ?:?");
  assert.equal(file.names?.lookup(0x125)?.[0]?.functionAddress, 0x100);
});

test("a public symbol below a function does not name what lies behind the function", () => {
  const file = open(["PUBLIC 10 0 p", "FUNC 20 10 0 f"]);
  assert.equal(at(file, 0x1f), "p ?:?");
  assert.equal(at(file, 0x30), null);
});

test("damaged lines are counted with their place and cost nothing else", () => {
  const file = open([
    "FUNC zz 10 0 broken",
    "10 10 1 0",
    "FUNC 100 123456789 0 too_large",
    "FUNC 200 10 0 good",
    "nonsense here",
    "200 10 4 0",
    "FILE x",
    "STACK CFI 10 .cfa: $rsp 8 +",
    "STACK WIN 9 1 2",
    "5 5 5 5",
  ]);
  assert.equal(at(file, 0x205), "good ?:4");
  assert.deepEqual(
    file.damage.first.map((entry) => entry.reason.split(" ").slice(0, 3).join(" ")),
    [
      "FUNC needs address,",
      "FUNC needs address,",
      "unknown record",
      "FILE needs a",
      "STACK CFI without",
      "STACK WIN needs",
      "line record outside",
    ],
  );
  assert.equal(file.damage.first[0]?.offset, moduleLine.length + 1);
  assert.equal(file.damage.count, 7);
});

test("a FUNC that reaches past 4 GiB ends there", () => {
  const file = open(["FUNC fffffff0 ffffffff 0 high"]);
  assert.equal(at(file, 0xffffffff), "high ?:?");
  assert.equal(file.damage.count, 1);
});

test("wild FILE numbers neither cost memory nor hide others", () => {
  const file = open(["FILE 4000000000 far.c", "FILE 1 near.c", "FUNC 0 20 0 f", "0 10 1 4000000000", "10 10 2 1", "18 2 3 77"]);
  assert.equal(at(file, 0), "f far.c:1");
  assert.equal(at(file, 0x10), "f near.c:2");
  assert.equal(at(file, 0x19), "f ?:3");
});

test("a line of many megabytes is dropped, what follows is read", () => {
  const file = open([`FUNC 0 10 0 ${"x".repeat(9_000_000)}`, "FUNC 100 10 0 after", "100 10 1 0"]);
  assert.equal(at(file, 0x101), "after ?:1");
  assert.equal(file.damage.count, 1);
  assert.match(file.damage.first[0]?.reason ?? "", /longer than 1048576 bytes/);
});

test("names of 150 kB are kept, and records that cross a window are read once", () => {
  const long = "n".repeat(150_000);
  const lines: string[] = [];
  for (let i = 0; i < 40; i++) lines.push(`FUNC ${(i * 16).toString(16)} 10 0 ${long}${i}`, `${(i * 16).toString(16)} 10 ${i + 1} 0`);
  const file = open(lines);
  assert.equal(file.damage.count, 0);
  for (let i = 0; i < 40; i++) assert.equal(at(file, i * 16 + 3), `${long}${i} ?:${i + 1}`);
});

test("STACK CFI: the rows of an INIT and of the records after it", () => {
  const file = open([
    "STACK CFI INIT 1000 20 .cfa: $rsp 8 + .ra: .cfa -8 + ^",
    "STACK CFI 1001 .cfa: $rsp 16 + $rbp: .cfa -16 + ^",
    "STACK CFI 1004 .cfa: $rbp 16 +",
    "STACK CFI INIT 1040 10 .cfa: $rsp 24 +",
  ]);
  const row = (address: number) => {
    const found = file.unwind?.find(address) ?? null;
    return found === null ? null : { ...found, registers: Object.fromEntries(found.registers) };
  };
  const returnAddress = { kind: "cfaOffset", offset: -8 };
  const saved = { rbp: { kind: "cfaOffset", offset: -16 } };
  assert.equal(row(0xfff), null);
  assert.deepEqual(row(0x1000), { cfa: { kind: "register", register: "rsp", offset: 8 }, returnAddress, registers: {} });
  assert.deepEqual(row(0x1003), { cfa: { kind: "register", register: "rsp", offset: 16 }, returnAddress, registers: saved });
  assert.deepEqual(row(0x101f), { cfa: { kind: "register", register: "rbp", offset: 16 }, returnAddress, registers: saved });
  assert.equal(row(0x1020), null);
  assert.equal(row(0x1040), null, "no rule for the return address");
});

test("STACK WIN: FrameData before FPO", () => {
  const file = open(["STACK WIN 0 1000 40 1 2 4 8 c 0 0 1", "STACK WIN 4 1010 10 3 0 8 4 10 0 1 $T0 $ebp = $eip $T0 4 + ^ ="]);
  assert.deepEqual(file.windowsFrames?.find(0x1008), {
    kind: "fpo",
    address: 0x1000,
    codeSize: 0x40,
    prologueSize: 1,
    epilogueSize: 2,
    parameterSize: 4,
    savedRegisterSize: 8,
    localSize: 12,
    maxStackSize: 0,
    program: null,
    allocatesBasePointer: true,
  });
  assert.equal(file.windowsFrames?.find(0x1018)?.program, "$T0 $ebp = $eip $T0 4 + ^ =");
  assert.equal(file.windowsFrames?.find(0x1028)?.kind, "fpo");
  assert.equal(file.windowsFrames?.find(0x1040), null);
});

test("a file that does not start with MODULE is refused with the place", () => {
  for (const text of ["", "FUNC 0 1 0 f\n", "MODULE Linux\n"]) {
    assert.throws(
      () => openSym(new BufferSource(new Uint8Array(Buffer.from(text)))),
      (error: unknown) => error instanceof FormatError && error.offset === 0 && error.format === "breakpad symbols: MODULE",
    );
  }
});

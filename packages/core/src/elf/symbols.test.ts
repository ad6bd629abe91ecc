/** Symbol tables of ELF files built here: what is taken, what is dropped, what wins at one address. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { createPorts } from "@salvage/codecs";
import { type SynthElf, type SynthSymbol, symbolTable, synthElf, Words } from "../../test/synth-elf.ts";
import { BufferSource } from "../bytes/byte-source.ts";
import { FormatError } from "../bytes/format-error.ts";
import { openElf } from "./elf-file.ts";
import { readElfSymbols } from "./symbols.ts";

const scratchDir = mkdtempSync(join(tmpdir(), "salvage-symbols-"));
const ports = createPorts({ scratchDir, memoryBytes: 1 << 20 });
after(() => {
  ports.close();
  rmSync(scratchDir, { recursive: true, force: true });
});

const text = { name: ".text", flags: 6, address: 0x11000, content: new Uint8Array(0x200) };
const data = { name: ".data", flags: 3, address: 0x12000, content: new Uint8Array(0x20) };

/** Sections: 1 .text, 2 .data, 3 the table, 4 its strings. */
function withSymbols(symbols: readonly SynthSymbol[], options: Partial<SynthElf> = {}, type = 2): Uint8Array {
  const is64 = options.is64 ?? true;
  const table = symbolTable(symbols, is64, options.littleEndian ?? true);
  const sections = [
    text,
    data,
    { name: ".symtab", type, content: table.symbols, link: 4 },
    { name: ".strtab", type: 3, content: table.strings },
    ...(options.sections ?? []),
  ];
  return synthElf({ loadedAt: 0x10000, ...options, sections });
}

/** Every symbol as "start-end name", addresses relative and in hex. */
function read(bytes: Uint8Array): string[] {
  const found: string[] = [];
  const table = readElfSymbols(openElf(new BufferSource(bytes)), ports);
  table?.visit(
    {
      function: () => assert.fail("no functions"),
      symbol: (address, size, name) => found.push(`${address.toString(16)}-${(address + size).toString(16)} ${Buffer.from(name)}`),
    },
    () => {},
  );
  return found;
}

test("functions and labels of code; sizes, or up to the next symbol, or to the end of the section", () => {
  const symbols: SynthSymbol[] = [
    { name: "sized", value: 0x11000, size: 0x10, section: 1 },
    { name: "label", value: 0x11040, type: 0, section: 1 },
    { name: "indirect", value: 0x11080, size: 8, type: 10, section: 1 },
    { name: "last", value: 0x11100, type: 0, section: 1 },
    { name: "too large", value: 0x111f0, size: 0x1000, section: 1 },
    { name: "variable", value: 0x12000, size: 4, type: 1, section: 2 },
    { name: "function in data", value: 0x12008, size: 4, section: 2 },
    { name: "undefined", value: 0x11000, section: 0 },
    { name: "absolute", value: 0x11000, section: 0xfff1 },
    { name: "", value: 0x11020, type: 0, section: 1 },
    { name: ".L12", value: 0x11024, type: 0, section: 1 },
  ];
  const expected = ["1000-1010 sized", "1040-1080 label", "1080-1088 indirect", "1100-11f0 last", "11f0-1200 too large"];
  assert.deepEqual(read(withSymbols(symbols)), expected);
  assert.deepEqual(read(withSymbols(symbols, { is64: false, machine: 3 })), expected);
  assert.deepEqual(read(withSymbols(symbols, { littleEndian: false, machine: 22 })), expected);
  assert.deepEqual(read(withSymbols(symbols, {}, 11)), expected, ".dynsym");
});

test("at one address the largest counts, of equal ones the last; a symbol inside another hides it", () => {
  const bytes = withSymbols([
    { name: "local", value: 0x11000, size: 0x20, section: 1 },
    { name: "global", value: 0x11000, size: 0x20, section: 1 },
    { name: "label", value: 0x11000, type: 0, section: 1 },
    { name: "outer", value: 0x11040, size: 0x40, section: 1 },
    { name: "inner", value: 0x11050, size: 0x10, section: 1 },
  ]);
  const table = readElfSymbols(openElf(new BufferSource(bytes)), null)!;
  const nameAt = (address: number) => table.lookup(address)?.[0]?.function ?? null;
  assert.deepEqual([0x1000, 0x101f, 0x1020, 0x1040, 0x1050, 0x105f, 0x1060, 0x1080].map(nameAt), [
    ...["global", "global", null, "outer", "inner", "inner", "outer", null],
  ]);
  assert.equal(table.lookup(0x1060)?.[0]?.functionAddress, 0x1040);
});

test("ARM: marks dropped, the Thumb bit cleared; versions cut off", () => {
  const symbols: SynthSymbol[] = [
    { name: "$t", value: 0x11000, type: 0, section: 1 },
    { name: "thumb", value: 0x11001, size: 4, section: 1 },
    { name: "$a.1", value: 0x11010, type: 0, section: 1 },
    { name: "$dollar", value: 0x11020, size: 4, section: 1 },
    { name: "open@@LIBC_2.0", value: 0x11030, size: 4, section: 1 },
    { name: "@odd", value: 0x11040, size: 4, section: 1 },
  ];
  const expected = ["1000-1004 thumb", "1020-1024 $dollar", "1030-1034 open", "1040-1044 @odd"];
  assert.deepEqual(read(withSymbols(symbols, { is64: false, machine: 40 })), expected);
  // On x86 "$t" is a name like any other.
  assert.ok(read(withSymbols(symbols)).includes("1000-1001 $t"));
});

test("64-bit PowerPC (ELF v1): the address stands in a descriptor", () => {
  const descriptors = new Words(false).put(8, 0x11020, 0, 0, 0x11060, 0, 0, 0, 0, 0).bytes();
  const opd = { name: ".opd", flags: 3, address: 0x13000, content: descriptors };
  const bytes = withSymbols(
    [
      { name: "first", value: 0x13000, size: 0x10, section: 5 },
      { name: "second", value: 0x13018, size: 0x10, section: 5 },
      { name: "empty", value: 0x13030, section: 5 },
      { name: "outside", value: 0x14000, section: 5 },
      { name: ".third", value: 0x11080, size: 4, section: 1 },
    ],
    { machine: 21, littleEndian: false, sections: [opd] },
  );
  assert.deepEqual(read(bytes), ["1020-1030 first", "1060-1070 second", "1080-1084 .third"]);
});

test(".gnu_debugdata: the symbols of the small file in xz, beside those of .dynsym", () => {
  // synthElf of .text (NOBITS, 0x200 bytes at 0x11000), .symtab { hidden 0x11010 16, shown 0x11020 16 }, packed: xz -9 --check=crc32
  const packed = Buffer.from(smallFile, "base64");
  const dynamic = symbolTable([{ name: "exported", value: 0x11080, size: 8, section: 1 }]);
  const bytes = synthElf({
    loadedAt: 0x10000,
    sections: [
      text,
      { name: ".dynsym", type: 11, content: dynamic.symbols, link: 3 },
      { name: ".dynstr", type: 3, content: dynamic.strings },
      { name: ".gnu_debugdata", content: packed },
    ],
  });
  assert.deepEqual(read(bytes), ["1010-1020 hidden", "1020-1030 shown", "1080-1088 exported"]);
  assert.equal(readElfSymbols(openElf(new BufferSource(bytes)), null)?.lookup(0x1010), null, "without ports");
});

test("a damaged table is a FormatError, or has no names", () => {
  const bytes = withSymbols([{ name: "f", value: 0x11000, size: 4, section: 1 }]);
  for (let at = 0; at < bytes.length; at++) {
    for (const value of [0, 0xff, 0x80]) {
      const copy = bytes.slice();
      copy[at] = value;
      try {
        read(copy);
      } catch (error) {
        if (!(error instanceof FormatError)) throw error;
      }
    }
  }
});

const smallFile =
  "/Td6WFoAAAFpIt42AgAhARwAAAAQz1jM4AIuAItdAD+RRYRoPYmm2orhgzJO8e3vZxg+r5uuUjIZL6mDycaj/vpOpU3jhwhJxSmAn+2BM+4eGRmp/8SPvLZlNC8iYZpYYVmigT+X3ljQ9rr5NuJ+oaeVmpvZV1u5Wjb/GQqfk0lg17ck6QUG9jsRor0K1xcW/bpxY/aXu+dFRjbp7KjLwoJxLBlIoaF7BMAAANkO+doAAaMBrwQAAKI/vHM+MA2LAgAAAAABWVo=";

/** A library without section headers: header, segments, then at 0x200 its tables, at 0x1000 its code. */
function withoutSections(is64: boolean, littleEndian: boolean, hash: "sysv" | "gnu" | "none"): Uint8Array {
  const base = 0x10000;
  const word = is64 ? 8 : 4;
  const symbols: SynthSymbol[] = [
    { name: "imported", value: 0, section: 0 },
    { name: "exported", value: base + 0x1000, size: 0x20, section: 7 },
    { name: "versioned@@V1", value: base + 0x1040, size: 0x10, section: 7 },
    { name: "table", value: base + 0x1080, size: 4, type: 1, section: 7 },
    { name: "elsewhere", value: base + 0x9000, size: 4, section: 9 },
  ];
  const table = symbolTable(symbols, is64, littleEndian);
  const count = symbols.length + 1;
  const tables = new Words(littleEndian);
  const put = (bytes: ArrayLike<number>) => {
    const at = base + 0x200 + tables.length;
    tables.raw(bytes);
    return at;
  };
  const symbolsAt = put(table.symbols);
  const stringsAt = put(table.strings);
  put(new Uint8Array((8 - (tables.length % 8)) % 8));
  const sysv = new Words(littleEndian).put(4, 1, count, 1, ...Array.from({ length: count }, () => 0));
  const gnu = new Words(littleEndian).put(4, 2, 2, 1, 6).put(word, 0).put(4, 2, 4).put(4, 2, 3, 4, 5);
  const hashAt = hash === "none" ? 0 : put((hash === "sysv" ? sysv : gnu).bytes());
  const dynamic = new Words(littleEndian).put(word, 5, stringsAt, 10, table.strings.length, 6, symbolsAt);
  if (hash !== "none") dynamic.put(word, hash === "sysv" ? 4 : 0x6ffffef5, hashAt);
  const dynamicAt = put(dynamic.put(word, 0, 0).bytes());
  const header = new Words(littleEndian).raw([0x7f, 0x45, 0x4c, 0x46, is64 ? 2 : 1, littleEndian ? 1 : 2, 1, ...new Array(9).fill(0)]);
  const headerBytes = is64 ? 64 : 52;
  header
    .put(2, 3, is64 ? 62 : 8)
    .put(4, 1)
    .put(word, 0, headerBytes, 0)
    .put(4, 0);
  header.put(2, headerBytes, is64 ? 56 : 32, 2, is64 ? 64 : 40, 0, 0);
  const segment = (type: number, flags: number, address: number, size: number) => {
    if (is64) header.put(4, type, flags).put(8, address - base, address, address, size, size, 4096);
    else header.put(4, type, address - base, address, address, size, size, flags, 4096);
  };
  segment(1, 5, base, 0x1100);
  segment(2, 6, dynamicAt, dynamic.length);
  const file = new Uint8Array(0x1100);
  file.set(header.bytes());
  file.set(tables.bytes(), 0x200);
  return file;
}

test("without section headers: what the dynamic segment names, counted by either hash table", () => {
  for (const is64 of [true, false]) {
    for (const littleEndian of [true, false]) {
      for (const hash of ["sysv", "gnu"] as const)
        assert.deepEqual(read(withoutSections(is64, littleEndian, hash)), ["1000-1020 exported", "1040-1050 versioned"], hash);
      assert.deepEqual(read(withoutSections(is64, littleEndian, "none")), []);
    }
  }
});

test("a dynamic segment that lies is a FormatError, or has no names", () => {
  const whole = withoutSections(true, true, "gnu");
  let refused = 0;
  for (let at = 0; at < 0x400; at++) {
    for (const value of [0, 0x7f, 0xff]) {
      const bytes = whole.slice();
      bytes[at] = value;
      try {
        read(bytes);
      } catch (error) {
        assert.ok(error instanceof FormatError, String(error));
        refused++;
      }
    }
  }
  assert.ok(refused > 20, `${refused} refused`);
});

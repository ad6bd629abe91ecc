/** Symcaches as a whole: what is written is what a slow lookup finds in the text, whatever the text; damage and unknown versions are refused. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { convertText, MemorySink } from "../../test/memory-sink.ts";
import { randomFrom, randomSym, slowLookup, slowRules } from "../../test/random-sym.ts";
import { applyCfiRules, type CfiRules, parseCfiRules, toUnwindRow } from "../breakpad/cfi.ts";
import { openSym } from "../breakpad/sym-file.ts";
import { BufferSource, type ByteSource } from "../bytes/byte-source.ts";
import { FormatError } from "../bytes/format-error.ts";
import type { UnwindRow } from "../unwind/rules.ts";
import { buildSymcache } from "./build.ts";
import { headerField, pageBytes, pageChecksum, symcacheVersion } from "./layout.ts";
import { openSymcache } from "./reader.ts";

const rounds = 200;

function plain(row: UnwindRow | null): unknown {
  return row === null ? null : { ...row, registers: Object.fromEntries([...row.registers].sort()) };
}

test(`${rounds} random .sym texts: slow lookup, direct lookup and symcache agree at every address`, () => {
  for (let seed = 1; seed <= rounds; seed++) {
    const sym = randomSym(seed);
    const direct = openSym(new BufferSource(new Uint8Array(Buffer.from(sym.text))));
    const cache = openSymcache(new BufferSource(convertText(sym.text).bytes));
    for (let address = 0; address < sym.limit; address++) {
      const where = `seed ${seed}, address 0x${address.toString(16)}\n${sym.text}`;
      const expected = slowLookup(sym, address);
      assert.deepEqual(direct.names?.lookup(address) ?? null, expected, where);
      assert.deepEqual(cache.names?.lookup(address) ?? null, expected, where);
      let rules: CfiRules | null = null;
      for (const text of slowRules(sym, address) ?? []) {
        const parsed = parseCfiRules(text);
        if (parsed !== null) rules = applyCfiRules(rules, parsed) ?? rules;
      }
      const row = rules === null ? null : toUnwindRow(rules);
      assert.deepEqual(plain(direct.unwind?.find(address) ?? null), plain(row), where);
      assert.deepEqual(plain(cache.unwind?.find(address) ?? null), plain(row), where);
    }
  }
});

const demo = [
  "MODULE windows x86_64 0123456789ABCDEF0123456789ABCDEFa demo.pdb",
  "INFO CODE_ID 5AB380779000 demo.exe",
  "FILE 0 a.c",
  "FILE 1 g.h",
  "INLINE_ORIGIN 0 g",
  "FUNC 1000 40 0 f",
  "INLINE 0 12 0 0 1010 10",
  "1000 10 10 0",
  "1010 10 3 1",
  "1020 20 13 0",
  "PUBLIC 2000 0 f",
  "STACK CFI INIT 1000 40 .cfa: $rsp 8 + .ra: .cfa -8 + ^",
  "STACK CFI 1001 .cfa: $rsp 16 + $rbp: .cfa -16 + ^",
  "STACK CFI INIT 1040 40 .cfa: $rsp 8 + .ra: .cfa -8 + ^",
  "STACK WIN 4 1000 10 3 0 8 4 10 0 1 $T0 $ebp =",
  "",
].join("\n");

test("the summary and the header say what the file holds", () => {
  const { bytes, summary } = convertText(demo);
  const { damage, features, bytesWritten, needs, ...rest } = summary;
  assert.deepEqual([damage, needs], [[], []]);
  assert.deepEqual(features, ["symbols", "lines", "inlines", "unwind"]);
  assert.equal(bytesWritten, bytes.length);
  assert.deepEqual(rest, {
    formatVersion: symcacheVersion,
    sourceKind: "breakpad",
    sourceBytes: demo.length,
    debugId: "0123456789ABCDEF0123456789ABCDEFa",
    codeId: "5ab380779000",
    debugFile: "demo.pdb",
    codeFile: "demo.exe",
    cpu: "amd64",
    os: "windows",
    functionCount: 1,
    symbolCount: 1,
    inlineCount: 1,
    rangeCount: 5,
    rowCount: 4,
    ruleCount: 2,
    winFrameCount: 1,
    damagedLines: 0,
  });
  const { hasLines, hasInlines, ...header } = openSymcache(new BufferSource(bytes)).header;
  assert.deepEqual({ hasLines, hasInlines }, { hasLines: true, hasInlines: true });
  assert.deepEqual(header, rest);
});

test("the worked example of docs/formats/symcache.md: these bytes", () => {
  const { bytes } = convertText(demo);
  const pages = bytes.length / pageBytes;
  const kinds = Array.from({ length: pages }, (_, i) => Buffer.from(bytes).readUInt16LE(i * pageBytes + 4080));
  assert.deepEqual(kinds, [1, 2, 3, 4, 5, 7, 6, 9, 8]);
  const words = (page: number, count: number) =>
    Array.from({ length: count }, (_, i) => Buffer.from(bytes).readUInt32LE(page * pageBytes + 4 * i));
  const ref = (page: number, offset: number) => (page * pageBytes + offset) / 4;
  assert.equal(
    Buffer.from(bytes.subarray(pageBytes, pageBytes + 24)).toString("latin1"),
    "\x01\0\0\0f\0\0\0\x01\0\0\0g\0\0\0\x03\0\0\0a.c\0",
  );
  const [f, g, aC, gH] = [ref(1, 0), ref(1, 8), ref(1, 16), ref(1, 24)];
  assert.deepEqual(words(2, 8), [0x1000, 0x40, f, 0, 0x2000, 0, f, 0]);
  assert.deepEqual(words(3, 4), [ref(2, 0), g, aC, 12]);
  assert.deepEqual(
    words(4, 20),
    [
      [0x1000, ref(2, 0), aC, 10],
      [0x1010, ref(3, 0), gH, 3],
      [0x1020, ref(2, 0), aC, 13],
      [0x1040, 0, 0, 0],
      [0x2000, ref(2, 16), 0, 0],
    ].flat(),
  );
});

test("every address of the address space can be asked for", () => {
  const cache = openSymcache(new BufferSource(convertText(demo).bytes));
  for (const address of [0, 0xfff, 0x1040, 0xffffffff, 2 ** 40]) cache.names?.lookup(address);
  assert.equal(cache.names?.lookup(0xfff), null);
  assert.equal(cache.names?.lookup(0x1040), null);
  assert.equal(cache.names?.lookup(0xffffffff)?.[0]?.function, "f");
  assert.equal(cache.unwind?.find(0x1080), null);
  assert.equal(cache.windowsFrames?.find(0x1010), null);
});

/** A source that counts what is asked of it. */
class CountingSource implements ByteSource {
  readonly size: number;
  reads = 0;
  bytes = 0;
  readonly #inner: ByteSource;

  constructor(inner: ByteSource) {
    this.size = inner.size;
    this.#inner = inner;
  }

  read(offset: number, length: number): Uint8Array {
    this.reads++;
    this.bytes += length;
    return this.#inner.read(offset, length);
  }
}

function largeText(functions: number): string {
  const lines = ["MODULE Linux x86_64 0123456789ABCDEF0123456789ABCDEF0 large", "FILE 0 /a/b/c.cc"];
  for (let i = 0; i < functions; i++) {
    const address = 0x1000 + i * 0x40;
    lines.push(`FUNC ${address.toString(16)} 40 0 namespace::Class${i % 997}::method_${i}(int, char const*)`);
    for (let k = 0; k < 4; k++) lines.push(`${(address + k * 16).toString(16)} 10 ${i + k} 0`);
  }
  for (let i = 0; i < functions; i++) {
    const address = 0x1000 + i * 0x40;
    lines.push(`STACK CFI INIT ${address.toString(16)} 40 .cfa: $rsp 8 + .ra: .cfa -8 + ^`);
    lines.push(`STACK CFI ${(address + 1).toString(16)} .cfa: $rsp ${16 + (i % 8) * 16} +`);
  }
  return `${lines.join("\n")}\n`;
}

test("a large file: many pages and index levels, few bytes per lookup", () => {
  const { bytes, summary } = convertText(largeText(60_000));
  assert.equal(summary.rangeCount, 240_001);
  const source = new CountingSource(new BufferSource(bytes));
  const cache = openSymcache(source);
  assert.deepEqual(cache.names?.lookup(0x1000 + 31_000 * 0x40 + 0x11), [
    {
      function: `namespace::Class${31_000 % 997}::method_31000(int, char const*)`,
      functionAddress: 0x1000 + 31_000 * 0x40,
      file: "/a/b/c.cc",
      line: 31_001,
    },
  ]);
  assert.deepEqual(cache.unwind?.find(0x1000 + 31_000 * 0x40 + 2)?.cfa, {
    kind: "register",
    register: "rsp",
    offset: 16 + (31_000 % 8) * 16,
  });
  assert.ok(source.bytes < 64 << 10, `${source.bytes} bytes of ${bytes.length} read`);
  assert.equal(cache.bytesRead() + 16, source.bytes);
  const random = randomFrom(5);
  for (let i = 0; i < 20_000; i++) {
    const n = random(60_000);
    const name: string | undefined = cache.names?.lookup(0x1000 + n * 0x40 + random(0x40))?.[0]?.function;
    assert.equal(name, `namespace::Class${n % 997}::method_${n}(int, char const*)`);
  }
});

test("a page cache of one page gives the same answers", () => {
  const { bytes } = convertText(demo);
  const cache = openSymcache(new BufferSource(bytes), 1);
  assert.equal(cache.names?.lookup(0x1010)?.length, 2);
  assert.equal(plain(cache.unwind?.find(0x1002) ?? null) !== null, true);
});

test("strings: shared when equal, longer than a page, not ASCII, empty", () => {
  const long = "långt namn ".repeat(2000);
  const text = `MODULE Linux x86_64 0123456789ABCDEF0123456789ABCDEF0 x\nFUNC 0 10 0 ${long}\nFUNC 10 10 0 f\nPUBLIC 20 0 f\nFUNC 40 10 0 \nFUNC 60 10 0 ${long}\n`;
  const { bytes } = convertText(text);
  const names = openSymcache(new BufferSource(bytes)).names;
  assert.equal(names?.lookup(5)?.[0]?.function, long.trimEnd());
  assert.equal(names?.lookup(0x65)?.[0]?.function, long.trimEnd());
  assert.equal(names?.lookup(0x15)?.[0]?.function, "f");
  assert.equal(names?.lookup(0x45)?.[0]?.function, "");
  const copies = Buffer.from(bytes).toString("latin1").split("l\xc3\xa5ngt namn l\xc3\xa5ngt").length;
  assert.ok(copies < 1400, "the long name is stored once");
});

test("other versions, other files, cut and lengthened files are refused with the place", () => {
  const { bytes } = convertText(demo);
  const refused = (change: (copy: Uint8Array) => Uint8Array, offset: number | null, reason: RegExp) =>
    assert.throws(
      () => openSymcache(new BufferSource(change(bytes.slice()))),
      (error: unknown) => error instanceof FormatError && error.offset === offset && reason.test(error.reason),
    );
  refused(() => new Uint8Array(0), 0, /not a symcache/);
  refused((copy) => copy.subarray(0, 10), 8, /version 0/);
  refused((copy) => copy.fill(1, headerField.version, headerField.version + 1), 8, /version 1 is not supported, only 2/);
  refused((copy) => copy.subarray(0, copy.length - pageBytes), headerField.pageCount, /9 pages announced/);
  refused((copy) => copy.subarray(0, copy.length - 1), headerField.pageCount, /9 pages announced/);
  refused((copy) => new Uint8Array([...copy, ...new Uint8Array(pageBytes)]), headerField.pageCount, /9 pages announced/);
  refused((copy) => copy.fill(1, 100, 101), 0, /checksum/);
});

test("a damaged page is met when it is read, and named", () => {
  const { bytes } = convertText(demo);
  const copy = bytes.slice();
  copy[4 * pageBytes + 7]! ^= 1;
  const cache = openSymcache(new BufferSource(copy));
  assert.deepEqual(cache.unwind?.find(0x1000)?.returnAddress, { kind: "cfaOffset", offset: -8 });
  assert.throws(
    () => cache.names?.lookup(0x1000),
    (error: unknown) => error instanceof FormatError && error.offset === 4 * pageBytes && error.reason === "checksum differs",
  );
});

test("a page in another page's place is noticed", () => {
  const { bytes } = convertText(demo);
  const copy = bytes.slice();
  copy.copyWithin(4 * pageBytes, 3 * pageBytes, 4 * pageBytes);
  assert.throws(() => openSymcache(new BufferSource(copy)).names?.lookup(0x1000), /wrong place/);
});

test("progress grows to the size of the file", () => {
  const text = largeText(20_000);
  const seen: number[] = [];
  buildSymcache(new BufferSource(new Uint8Array(Buffer.from(text))), new MemorySink(), { progress: (done) => seen.push(done) });
  assert.ok(seen.length > 3);
  for (let i = 1; i < seen.length; i++) assert.ok(seen[i]! >= seen[i - 1]!);
  assert.equal(seen.at(-1), text.length);
});

test("nested functions cannot make a conversion cost more than a few times the file", () => {
  const lines = ["MODULE Linux x86_64 0123456789ABCDEF0123456789ABCDEF0 nested", "FUNC 0 fffff 0 outer"];
  for (let i = 0; i < 40_000; i++) lines.push(`${(i * 16).toString(16)} 10 ${i} 0`);
  for (let i = 0; i < 20_000; i++) lines.push(`FUNC ${(i * 32 + 8).toString(16)} 8 0 inner${i}`);
  const { summary, bytes } = convertText(`${lines.join("\n")}\n`);
  assert.ok(summary.damage.some((entry) => entry.reason.includes("too many functions overlap")));
  const names = openSymcache(new BufferSource(bytes)).names;
  assert.equal(names?.lookup(0x20)?.[0]?.line, 2);
  assert.equal(names?.lookup(19_999 * 32 + 20)?.[0]?.function, "outer");
});

/** Repairs the checksum of each page, so that mutants get past it. */
function repairChecksums(bytes: Uint8Array): void {
  for (let at = 0; at + pageBytes <= bytes.length; at += pageBytes) {
    const view = new DataView(bytes.buffer, bytes.byteOffset + at, pageBytes);
    view.setUint32(4092, pageChecksum(view), true);
  }
}

test("3,000 mutated symcaches: a value or FormatError, with and without repaired checksums", () => {
  const { bytes } = convertText(demo);
  const random = randomFrom(99);
  const outcomes = { value: 0, refused: 0 };
  for (let i = 0; i < 3000; i++) {
    const copy = bytes.slice(0, random(10) === 0 ? random(bytes.length) : bytes.length);
    for (let k = 1 + random(4); k > 0 && copy.length > 0; k--) {
      const page = random(Math.max(1, copy.length / pageBytes));
      const at = Math.min(copy.length - 1, page * pageBytes + (random(3) === 0 ? 4080 + random(16) : random(130)));
      copy[at] = random(3) === 0 ? 0xff : random(256);
    }
    if (random(4) > 0) repairChecksums(copy);
    try {
      const cache = openSymcache(new BufferSource(copy));
      for (const address of [0, 0x1000, 0x1011, 0x1025, 0x1041, 0x2005, 0xffffffff]) {
        cache.names?.lookup(address);
        cache.unwind?.find(address);
        cache.windowsFrames?.find(address);
      }
      outcomes.value++;
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      outcomes.refused++;
    }
  }
  assert.ok(outcomes.value > 100 && outcomes.refused > 100, JSON.stringify(outcomes));
});

test("1,500 mutated .sym texts: direct lookup and symcache agree, damage never throws", () => {
  const random = randomFrom(7);
  for (let i = 0; i < 1500; i++) {
    const sym = randomSym(1 + random(200));
    const bytes = new Uint8Array(Buffer.from(sym.text));
    for (let k = 1 + random(6); k > 0; k--) {
      const at = random(bytes.length);
      if (random(2) === 0) bytes[at] = random(256);
      else bytes.copyWithin(at, random(bytes.length), random(bytes.length));
    }
    const cut = bytes.subarray(0, random(6) === 0 ? random(bytes.length) : bytes.length);
    const sink = new MemorySink();
    try {
      buildSymcache(new BufferSource(cut), sink);
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      continue;
    }
    const cache = openSymcache(new BufferSource(sink.bytes()));
    const direct = openSym(new BufferSource(cut));
    for (let address = 0; address < sym.limit; address += 7) {
      assert.deepEqual(
        cache.names?.lookup(address) ?? null,
        direct.names?.lookup(address) ?? null,
        `mutant ${i}, ${address}\n${Buffer.from(cut)}`,
      );
      assert.deepEqual(plain(cache.unwind?.find(address) ?? null), plain(direct.unwind?.find(address) ?? null), `mutant ${i}, ${address}`);
    }
  }
});

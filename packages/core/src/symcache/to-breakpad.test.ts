/** A lookup file as .sym text: read back, it gives the same answers; the words are those that Breakpad's readers know. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { convertText } from "../../test/memory-sink.ts";
import { randomSym } from "../../test/random-sym.ts";
import { openSym } from "../breakpad/sym-file.ts";
import { BufferSource } from "../bytes/byte-source.ts";
import type { SourceFrame } from "../symbolicate/lookup.ts";
import type { UnwindRow } from "../unwind/rules.ts";
import { openSymcache, type Symcache } from "./reader.ts";
import { type SymTextModule, symcacheToSym } from "./to-breakpad.ts";

const rounds = 200;
const debugId = "0123456789ABCDEF0123456789ABCDEFa";
const windows: SymTextModule = { debugFile: "a.pdb", debugId, codeId: "5ab380779000", codeFile: "a.exe", cpu: "amd64", os: "windows" };

const cacheOf = (text: string) => openSymcache(new BufferSource(convertText(text).bytes));
const textOf = (cache: Symcache, module = windows) =>
  [...symcacheToSym(module, { names: cache, unwind: cache, windowsFrames: cache })].join("");
const reread = (text: string) => openSym(new BufferSource(new Uint8Array(Buffer.from(text))));

/** What a stack shows; where a function goes on after another, the text has a function of its own. */
const shown = (frames: SourceFrame[] | null) =>
  frames?.map(({ function: name, file, line }) => [name || "<name omitted>", file, line]) ?? null;
const plain = (row: UnwindRow | null) => (row === null ? null : { ...row, registers: Object.fromEntries([...row.registers].sort()) });

test(`${rounds} random lookup files: the text gives the same frames, rules and frame data at every address`, () => {
  let frames = 0;
  let rules = 0;
  for (let seed = 1; seed <= rounds; seed++) {
    const sym = randomSym(seed);
    const cache = cacheOf(sym.text);
    const text = textOf(cache);
    const again = reread(text);
    for (let address = 0; address < sym.limit; address++) {
      const where = `seed ${seed}, address 0x${address.toString(16)}\n${sym.text}\n--\n${text}`;
      const expected = cache.names?.lookup(address) ?? null;
      assert.deepEqual(shown(again.names?.lookup(address) ?? null), shown(expected), where);
      const row = cache.unwind?.find(address) ?? null;
      assert.deepEqual(plain(again.unwind?.find(address) ?? null), plain(row), where);
      assert.deepEqual(again.windowsFrames?.find(address) ?? null, cache.windowsFrames?.find(address) ?? null, where);
      frames += expected?.length ?? 0;
      rules += row === null ? 0 : 1;
    }
  }
  assert.ok(frames > 10_000 && rules > 5_000, `${frames} frames, ${rules} rows`);
});

test("the first lines as dump_syms writes them", () => {
  const sym = `MODULE Linux x86_64 ${debugId} a\nPUBLIC 10 0 f\n`;
  const start = (module: Partial<SymTextModule>) => textOf(cacheOf(sym), { ...windows, ...module }).split("\nFUNC")[0];
  assert.equal(start({}), `MODULE windows x86_64 ${debugId} a.pdb\nINFO CODE_ID 5AB380779000 a.exe`);
  assert.equal(start({ os: "linux", cpu: "arm64", codeId: "aabb" }), `MODULE Linux arm64 ${debugId} a.pdb\nINFO CODE_ID AABB`);
  assert.equal(start({ os: "macos", cpu: null, codeId: null }), `MODULE mac unknown ${debugId} a.pdb`);
});

test("names are readable, on one line, and told once", () => {
  const text = textOf(
    cacheOf(
      [
        `MODULE Linux x86_64 ${debugId} a`,
        "FILE 0 a.c",
        "FUNC 1000 10 0 _ZN3geo4walkEi",
        "1000 8 1 0",
        "1008 8 2 0",
        "FUNC 1010 10 0 a\tb\u0001c",
        "1010 10 3 0",
        "",
      ].join("\n"),
    ),
  );
  assert.equal(
    text.split("\n").slice(2).join("\n"),
    "FILE 1 a.c\nFUNC 1000 10 0 geo::walk(int)\n1000 8 1 1\n1008 8 2 1\nFUNC 1010 10 0 a b c\n1010 10 3 1\n",
  );
});

test("rows that follow each other are one INIT and its steps; what only DWARF says is left out", () => {
  const text = textOf(
    cacheOf(
      [
        `MODULE Linux x86_64 ${debugId} a`,
        "STACK CFI INIT 1000 10 .cfa: $rsp 8 + .ra: .cfa -8 + ^",
        "STACK CFI 1001 .cfa: $rsp 16 + $rbp: .cfa -16 + ^",
        "STACK CFI INIT 1010 10 .cfa: $rsp 8 + $rip 15 and 11 ge 8 * + .ra: .cfa -8 + ^",
        "STACK CFI INIT 1020 8 .cfa: $rsp 8 + .ra: .undef $rbx: $rax 1 and",
        "",
      ].join("\n"),
    ),
  );
  assert.equal(
    text.split("\n").slice(2).join("\n"),
    [
      "STACK CFI INIT 1000 10 .cfa: $rsp 8 + .ra: .cfa -8 + ^",
      "STACK CFI 1001 .cfa: $rsp 16 + $rbp: .cfa -16 + ^",
      "STACK CFI INIT 1020 8 .cfa: $rsp 8 + .ra: .undef",
      "",
    ].join("\n"),
  );
});

test("registers as Breakpad spells them; a return address that was not moved is in the link register", () => {
  const rules = (cpu: string, text: string) => {
    const cache = cacheOf(`MODULE Linux ${cpu} ${debugId} a\nSTACK CFI INIT 1000 10 ${text}\n`);
    return textOf(cache, { ...windows, cpu, os: "linux" }).match(/STACK CFI INIT 1000 10 (.*)/)?.[1];
  };
  assert.equal(
    rules("arm64", ".cfa: fp 16 + .ra: .ra x19: .cfa -8 + ^ lr: fp 8 +"),
    ".cfa: x29 16 + .ra: x30 x19: .cfa -8 + ^ x30: x29 8 +",
  );
  assert.equal(rules("arm", ".cfa: sp 8 + .ra: .ra fp: .cfa -8 + ^"), ".cfa: sp 8 + .ra: lr r11: .cfa -8 + ^");
  assert.equal(rules("x86", ".cfa: $esp 4 + .ra: .cfa -4 + ^ $ebx: $ebx"), ".cfa: $esp 4 + .ra: .cfa -4 + ^ $ebx: $ebx");
  assert.equal(rules("mips", ".cfa: sp 8 + .ra: .ra"), ".cfa: sp 8 + .ra: .ra");
});

test("a text of any length comes in pieces, and files beyond the remembered ones get new numbers", () => {
  const functions = 70_000;
  const lines = [`MODULE Linux x86_64 ${debugId} a`];
  for (let i = 0; i < functions; i++) lines.push(`FILE ${i} /src/${i}.c`);
  for (let i = 0; i < functions; i++) lines.push(`FUNC ${(i * 16).toString(16)} 10 0 f${i}`, `${(i * 16).toString(16)} 10 ${i} ${i}`);
  const cache = cacheOf(`${lines.join("\n")}\n`);
  const pieces = [...symcacheToSym(windows, { names: cache, unwind: null, windowsFrames: null })];
  assert.ok(pieces.length > 30 && pieces.every((piece) => piece.length < 200_000), `${pieces.length} pieces`);
  const again = reread(pieces.join(""));
  for (const i of [0, 1, 65_535, 65_536, functions - 1]) {
    assert.deepEqual(shown(again.names?.lookup(i * 16 + 3) ?? null), [[`f${i}`, `/src/${i}.c`, i === 0 ? null : i]]);
  }
});

/**
 * A folder of symbol files, given by SALVAGE_CORPUS. Skipped when it is not set.
 *
 * For every `.sym`: the direct reader and the lookup file made from it answer alike, and the verdict names the features that the conversion
 * finds. For every `app.debug` with a `.sym` of the same id beside it: functions, inline chains and lines against llvm-symbolizer's reading
 * of the DWARF, when that program is there. The counts are printed. Chains differ where a .sym says less than the DWARF: Breakpad's
 * dump_syms leaves out inlined functions that gcc describes by range lists, and keeps Rust names mangled. Lines must agree.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { test } from "node:test";
import { BufferSource, buildSymcache, identifyObject, openSym, openSymcache } from "../src/index.ts";
import { MemorySink } from "./memory-sink.ts";

const folder = process.env.SALVAGE_CORPUS;
const samplesPerFile = 2000;

function find(root: string, match: (name: string) => boolean): string[] {
  return readdirSync(root, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && match(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** Where functions, symbols and unwind records start. */
function recordAddresses(text: string): number[] {
  return [...text.matchAll(/^(?:PUBLIC|FUNC|STACK CFI INIT|STACK WIN \d) (?:m )?([0-9a-f]+)/gm)].map((match) =>
    Number.parseInt(match[1]!, 16),
  );
}

test("every .sym of the folder: direct reader and lookup file agree", { skip: folder === undefined }, () => {
  let files = 0;
  let addresses = 0;
  for (const path of find(folder!, (name) => name.endsWith(".sym"))) {
    const bytes = readFileSync(path);
    const source = new BufferSource(bytes);
    const sink = new MemorySink();
    const summary = buildSymcache(source, sink);
    const verdict = identifyObject(source);
    assert.deepEqual(verdict.features, summary.features, path);
    assert.equal(verdict.debugId, summary.debugId, path);
    assert.equal(summary.damagedLines, 0, path);
    const direct = openSym(source);
    const cache = openSymcache(new BufferSource(sink.bytes()));
    const starts = recordAddresses(bytes.toString("latin1"));
    const end = starts.reduce((a, b) => Math.max(a, b), 0) + 0x100;
    const samples = [
      ...starts.slice(0, samplesPerFile),
      ...Array.from({ length: samplesPerFile }, (_, i) => Math.floor((end * i) / samplesPerFile)),
    ];
    for (const address of samples) {
      const where = `${path} at 0x${address.toString(16)}`;
      assert.deepEqual(cache.names?.lookup(address) ?? null, direct.names?.lookup(address) ?? null, where);
      assert.deepEqual(cache.unwind?.find(address) ?? null, direct.unwind?.find(address) ?? null, where);
      assert.deepEqual(cache.windowsFrames?.find(address) ?? null, direct.windowsFrames?.find(address) ?? null, where);
      addresses++;
    }
    files++;
  }
  console.log(`${files} files, ${addresses} addresses`);
  assert.ok(files > 0);
});

/** Last component of a function name, without arguments and template arguments. */
function lastComponent(name: string): string {
  let depth = 0;
  let plain = "";
  for (const character of name.replace("operator<", "operator ").replace("operator>", "operator ")) {
    if (character === "<" || character === "(") depth++;
    if (depth === 0) plain += character;
    if (character === ">" || character === ")") depth--;
  }
  return (
    (plain.split("::").at(-1) ?? "")
      .replace(/\s*(const|\[.*\])?\s*$/, "")
      .split(" ")
      .at(-1) ?? ""
  );
}

test("against llvm-symbolizer on the binaries the .sym files were made from", { skip: folder === undefined }, (t) => {
  const cases = find(folder!, (name) => name === "app.debug");
  for (const binary of cases) {
    const symPath = find(dirname(binary), (name) => name === "app.sym")[0];
    if (symPath === undefined) continue;
    const names = openSym(new BufferSource(readFileSync(symPath))).names;
    const starts = [...readFileSync(symPath, "latin1").matchAll(/^([0-9a-f]+) ([0-9a-f]+) [1-9]\d* \d+$/gm)];
    const addresses = starts
      .map((match) => Number.parseInt(match[1]!, 16))
      .filter((_, i) => i % Math.ceil(starts.length / samplesPerFile) === 0);
    const input = addresses.map((address) => `0x${address.toString(16)}`).join("\n");
    const run = spawnSync("llvm-symbolizer", ["--obj", binary, "--output-style=JSON"], { input, encoding: "utf8", maxBuffer: 1 << 28 });
    if (run.error !== undefined) return t.skip("llvm-symbolizer is not installed");
    const answers = run.stdout
      .trim()
      .split("\n")
      .map((line): { Symbol?: { FunctionName: string; Line: number }[] } => JSON.parse(line));
    let same = 0;
    let sameLine = 0;
    const different: string[] = [];
    for (const [i, address] of addresses.entries()) {
      const expected = (answers[i]?.Symbol ?? []).map((frame) => `${lastComponent(frame.FunctionName)}:${frame.Line}`).join(" < ");
      const got = (names?.lookup(address) ?? []).map((frame) => `${lastComponent(frame.function)}:${frame.line ?? 0}`).join(" < ");
      if (/^[^:]*:(\d+)/.exec(expected)?.[1] === /^[^:]*:(\d+)/.exec(got)?.[1]) sameLine++;
      if (expected === got) same++;
      else different.push(`  0x${address.toString(16)}: ${got}   llvm: ${expected}`);
    }
    console.log(
      `${relative(folder!, dirname(binary))}: ${sameLine} lines and ${same} whole chains of ${addresses.length} alike${different.length > 0 ? `\n${different.slice(0, 3).join("\n")}` : ""}`,
    );
    assert.ok(sameLine >= 0.99 * addresses.length, `${binary}: ${sameLine} of ${addresses.length} lines`);
  }
});

/**
 * A big ELF file with DWARF: from the file to the first resolved frame, and its whole conversion, beside dump_syms --inlines; random lookups on
 * the lookup file, beside addr2line.
 *
 * usage: node bench/big-elf.bench.ts FILE        or SALVAGE_ELF=FILE; without one there is nothing to measure
 *        DUMP_SYMS=path/to/dump_syms             default: the one in PATH
 */
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { FileSource } from "@salvage/codecs/files";
import { imageBaseOf, openSymcache } from "../src/index.ts";
import { FrameRefs, SymcacheNames } from "../src/symcache/reader.ts";
import { measure, measureSalvage, showMeasured, showRatio } from "./measure.ts";

const lookups = 1_000_000;
const toolLookups = 20_000;

const path = process.argv[2] ?? process.env.SALVAGE_ELF;
if (path === undefined || !existsSync(path)) {
  console.log("no file: name a big ELF file with debug information");
  process.exit(0);
}
const source = new FileSource(path);
console.log(`${path}: ${(source.size / 1e6).toFixed(0)} MB`);
const cache = join(tmpdir(), `salvage-bench-${basename(path)}.symcache`);

const build = await measureSalvage("symcache", "build", path, "--out", cache);
if (build.code !== 0) throw new Error(build.stderr);
console.log(`salvage symcache build               ${showMeasured(build)}\n  ${build.stdout.trim()}`);

const base = imageBaseOf(source) ?? 0n;
const file = openSymcache(new FileSource(cache), 1 << 20);
const names = file.names;
if (!(names instanceof SymcacheNames)) throw new Error("no names");
const starts = Float64Array.from(file.starts.names);
let state = 3;
const random = (below: number) => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor((state / 0x100000000) * below);
};
const addresses = Float64Array.from({ length: lookups }, () => starts[random(starts.length)]!);

const first = await measureSalvage("lookup", path, (base + BigInt(addresses[0]!)).toString(16));
console.log(`salvage lookup, file never seen      ${showMeasured(first)}\n  ${first.stdout.trim()}`);

const theirs = await measure(process.env.DUMP_SYMS ?? "dump_syms", ["--inlines", path, "-o", join(tmpdir(), "salvage-bench.sym")]).catch(
  () => null,
);
if (theirs === null) console.log("there is no dump_syms: nothing to compare with");
else {
  console.log(`dump_syms --inlines                  ${showMeasured(theirs)}`);
  console.log(showRatio("file to first frame", first, theirs, 0.5));
  console.log(showRatio("whole conversion", build, theirs, 1));
}

const refs = new FrameRefs();
for (const address of addresses) names.locate(address, refs);
const times = new Float64Array(lookups);
let found = 0;
for (let i = 0; i < lookups; i++) {
  const started = performance.now();
  if (names.locate(addresses[i]!, refs)) found++;
  times[i] = performance.now() - started;
}
times.sort();
const micros = (share: number) => `${(times[Math.floor(lookups * share)]! * 1000).toFixed(2)} µs`;
console.log(`${lookups} random lookups as ids: p50 ${micros(0.5)}, p99 ${micros(0.99)}, ${found} found (goal 2 µs)`);
let started = performance.now();
for (let i = 0; i < lookups / 10; i++) names.lookup(addresses[i]!);
const ours = lookups / 10 / ((performance.now() - started) / 1000);
console.log(`as frames with strings: ${ours.toFixed(0)} a second`);

const asked = [...addresses.subarray(0, toolLookups)].map((address) => (base + BigInt(address)).toString(16));
// Loading the debug information is not counted: one address first, by itself.
const load = await measure("addr2line", ["-ife", path, asked[0]!]).catch(() => null);
if (load === null) console.log("there is no addr2line: nothing to compare with");
else {
  started = performance.now();
  const many = await measure("addr2line", ["-ife", path, ...asked.slice(0, 2000)]);
  const rate = 2000 / Math.max(0.001, many.seconds - load.seconds);
  console.log(
    `addr2line, without loading ${load.seconds.toFixed(1)} s: ${rate.toFixed(0)} a second; ours is ${(ours / rate).toFixed(1)} times that`,
  );
}

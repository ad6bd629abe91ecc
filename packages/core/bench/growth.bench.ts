/**
 * Whether cost grows with size alone: a .sym of one, four and sixteen times 10 MB imported (time, memory) and asked (time).
 *
 * usage: node bench/growth.bench.ts
 */
import { existsSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FileSource } from "@salvage/codecs/files";
import { openSymcache } from "../src/index.ts";
import { FrameRefs, SymcacheNames } from "../src/symcache/reader.ts";
import { generateSym } from "./generate-sym.ts";
import { measureSalvage } from "./measure.ts";

const smallestMegabytes = 10;
const lookups = 200_000;

for (const times of [1, 4, 16]) {
  const megabytes = smallestMegabytes * times;
  const sym = join(tmpdir(), `salvage-bench-${megabytes}.sym`);
  if (!existsSync(sym)) generateSym(sym, megabytes);
  const cache = `${sym}.symcache`;
  const build = await measureSalvage("symcache", "build", sym, "--out", cache);
  if (build.code !== 0) throw new Error(build.stderr);
  const file = openSymcache(new FileSource(cache));
  const names = file.names;
  if (!(names instanceof SymcacheNames)) throw new Error("no names");
  const starts = Float64Array.from(file.starts.names);
  const refs = new FrameRefs();
  let state = 5;
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return starts[Math.floor((state / 0x100000000) * starts.length)]!;
  };
  for (let i = 0; i < lookups; i++) names.locate(next(), refs);
  const started = process.cpuUsage();
  for (let i = 0; i < lookups; i++) names.locate(next(), refs);
  const { user, system } = process.cpuUsage(started);
  const perLookup = (user + system) / lookups;
  console.log(
    `${(statSync(sym).size / 1e6).toFixed(0).padStart(4)} MB: import ${build.cpuSeconds.toFixed(2)} s processor, ` +
      `${(build.cpuSeconds / megabytes).toFixed(3)} s/MB, peak ${build.peakMb.toFixed(0)} MB; lookup as ids ${perLookup.toFixed(2)} µs with 1 MB of pages cached`,
  );
}

/**
 * Speed and memory of .sym files and lookup files. Each case runs in a process of its own, so that its peak memory is its own.
 *
 * usage: node bench/sym.bench.ts [MEGABYTES]        default 50; the generated file stays in the temporary folder
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FileSink, FileSource } from "@salvage/codecs/files";
import { openSym } from "../src/breakpad/sym-file.ts";
import { indexSym } from "../src/breakpad/sym-index.ts";
import { buildSymcache } from "../src/symcache/build.ts";
import { FrameRefs, openSymcache, SymcacheNames } from "../src/symcache/reader.ts";
import { generateSym } from "./generate-sym.ts";

const lookups = 1_000_000;

function peakMb(): string {
  return /VmHWM:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? "0";
}

function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 0x100000000) * below);
  };
}

function report(label: string, value: string): void {
  console.log(`  ${label.padEnd(52)}${value}`);
}

/** Wall time and processor time, as other work on the machine makes the first alone misleading. */
class Stopwatch {
  readonly #wall = performance.now();
  readonly #cpu = process.cpuUsage();

  rate(bytes: number): string {
    const ms = performance.now() - this.#wall;
    const used = process.cpuUsage(this.#cpu);
    const cpuMs = (used.user + used.system) / 1000;
    return `${(bytes / 1e3 / ms).toFixed(0)} MB/s (${(ms / 1000).toFixed(2)} s; processor ${(cpuMs / 1000).toFixed(2)} s)`;
  }
}

const peak = () => `peak ${(Number(peakMb()) / 1024).toFixed(0)} MB resident`;

function lastAddress(source: FileSource): number {
  const { functions } = indexSym(source);
  return functions.end.at(-1) ?? 0;
}

const cases: Record<string, (sym: string, cache: string) => void> = {
  baseline: () => report("empty process", peak()),
  index: (sym) => {
    const source = new FileSource(sym);
    const watch = new Stopwatch();
    const index = indexSym(source);
    report("index of the .sym", `${watch.rate(source.size)}, ${index.functions.start.length} functions, ${peak()}`);
  },
  direct: (sym) => {
    const source = new FileSource(sym);
    const started = performance.now();
    const file = openSym(source);
    const opened = performance.now();
    const read = source.bytesRead;
    const frames = file.names?.lookup(0x100000) ?? [];
    const row = file.unwind?.find(0x100000);
    const ms = performance.now() - opened;
    if (frames.length === 0 || row === undefined) throw new Error("no answer");
    report(
      "cold .sym to the first frame and rules",
      `${(opened - started + ms).toFixed(0)} ms, of which lookup ${ms.toFixed(2)} ms and ${source.bytesRead - read} bytes; ${peak()}`,
    );
  },
  build: (sym, cache) => {
    const source = new FileSource(sym);
    const sink = new FileSink(cache);
    const watch = new Stopwatch();
    const summary = buildSymcache(source, sink);
    sink.close();
    report(
      "symcache build",
      `${watch.rate(source.size)} to ${(summary.bytesWritten / 1e6).toFixed(1)} MB, ${summary.rangeCount} ranges, ${peak()}`,
    );
  },
  cold: (sym, cache) => {
    const end = lastAddress(new FileSource(sym));
    const source = new FileSource(cache);
    const random = randomFrom(2);
    const started = performance.now();
    const file = openSymcache(source);
    const opened = source.bytesRead;
    const times = [performance.now() - started];
    const bytes = [opened];
    for (let i = 0; i < 20; i++) {
      const before = source.bytesRead;
      const from = performance.now();
      const address = random(end);
      file.names?.lookup(address);
      file.unwind?.find(address);
      times.push(performance.now() - from);
      bytes.push(source.bytesRead - before);
    }
    report("symcache: open", `${times[0]!.toFixed(2)} ms, ${bytes[0]} bytes`);
    report("symcache: first lookup, names and unwind", `${times[1]!.toFixed(2)} ms, ${bytes[1]} bytes`);
    report(
      "symcache: a crash of 20 frames, cold",
      `${times.reduce((a, b) => a + b).toFixed(2)} ms, ${bytes.reduce((a, b) => a + b)} bytes in ${source.reads} reads`,
    );
  },
  warm: (sym, cache) => {
    const end = lastAddress(new FileSource(sym));
    for (const [label, cachedPages] of [
      ["1 MiB of pages cached", 256],
      ["all pages cached", 1 << 20],
    ] as const) {
      const file = openSymcache(new FileSource(cache), cachedPages);
      const names = file.names;
      if (!(names instanceof SymcacheNames)) throw new Error("no names");
      const random = randomFrom(3);
      const addresses = Float64Array.from({ length: lookups }, () => random(end));
      const refs = new FrameRefs();
      for (const address of addresses) names.locate(address, refs);
      let found = 0;
      let started = performance.now();
      for (const address of addresses) if (names.locate(address, refs)) found++;
      report(`random lookups as ids, ${label}`, `${(((performance.now() - started) * 1e6) / lookups).toFixed(0)} ns each, ${found} found`);
      started = performance.now();
      const some = lookups / 10;
      for (let i = 0; i < some; i++) names.lookup(addresses[i]!);
      report(`random lookups as frames, ${label}`, `${(((performance.now() - started) * 1e6) / some).toFixed(0)} ns each`);
    }
  },
};

const [first, sym, cache] = process.argv.slice(2);
if (first !== undefined && sym !== undefined && cache !== undefined) {
  cases[first]?.(sym, cache);
} else {
  const megabytes = Number(first ?? 50);
  const path = join(tmpdir(), `salvage-bench-${megabytes}.sym`);
  if (!existsSync(path)) generateSym(path, megabytes);
  console.log(`${path}: ${(statSync(path).size / 1e6).toFixed(1)} MB`);
  for (const name of Object.keys(cases)) {
    process.stdout.write(execFileSync(process.execPath, [import.meta.filename, name, path, `${path}.symcache`], { encoding: "utf8" }));
  }
}

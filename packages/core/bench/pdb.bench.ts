/**
 * Speed and memory of reading a large PDB, beside Mozilla's dump_syms on the same file where that is installed. Each case runs in a process of its
 * own, so that its peak memory is its own; processor time counts, since other work on the machine makes wall time misleading.
 *
 * usage: node bench/pdb.bench.ts [FILE.pdb]        without a file one of 55 MB is made and kept in the temporary folder (needs clang-19, lld-19)
 *        DUMP_SYMS=path/to/dump_syms               default: the one in PATH
 */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FileSource } from "@salvage/codecs/files";
import { openPdbNames } from "../src/pdb/names.ts";
import { generatePdb } from "./generate-pdb.ts";

const lookups = 100_000;

const peakMb = () => Number(/VmHWM:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? 0) / 1024;

function report(label: string, seconds: number, bytes: number, more: string): void {
  const rate = (bytes / 1e6 / seconds).toFixed(0);
  console.log(`  ${label.padEnd(44)}${seconds.toFixed(2)} s processor, ${rate} MB/s, peak ${more}`);
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** Gives everything once, and every name that is named. */
function visit(path: string): { addresses: number[]; summary: string } {
  const names = openPdbNames(new FileSource(path));
  const origins = new Set<number>();
  const files = new Set<number>();
  const addresses: number[] = [];
  let lines = 0;
  let inlines = 0;
  let symbols = 0;
  let nameBytes = 0;
  names.visit(
    {
      function(block, texts) {
        addresses.push(block.address);
        lines += block.lineStart.length;
        inlines += block.inlineStart.length;
        nameBytes += block.name.length;
        for (let i = 0; i < block.recordOrigin.length; i++) {
          const origin = block.recordOrigin.at(i);
          if (!origins.has(origin)) nameBytes += texts.origin(origin)?.length ?? 0;
          origins.add(origin);
        }
        for (let i = 0; i < block.lineFile.length; i++) {
          const file = block.lineFile.at(i);
          if (!files.has(file)) nameBytes += texts.file(file)?.length ?? 0;
          files.add(file);
        }
      },
      symbol() {
        symbols++;
      },
    },
    () => {},
  );
  const counts = `${addresses.length} functions, ${lines} lines, ${inlines} inline ranges of ${origins.size} functions, ${symbols} symbols`;
  return { addresses, summary: `${counts}, ${nameBytes} bytes of names` };
}

const cases: Record<string, (path: string) => void> = {
  baseline: () => report("empty process", cpuSeconds(), 0, `${peakMb().toFixed(0)} MB`),
  visit: (path) => {
    const { summary } = visit(path);
    report("visit, whole process", cpuSeconds(), new FileSource(path).size, `${peakMb().toFixed(0)} MB`);
    console.log(`    ${summary}`);
  },
  lookup: (path) => {
    const { addresses } = visit(path);
    const source = new FileSource(path);
    const names = openPdbNames(source);
    const openBytes = source.bytesRead;
    const started = performance.now();
    names.lookup(addresses[addresses.length >> 1]!);
    const firstMs = performance.now() - started;
    console.log(
      `  ${"first lookup".padEnd(44)}${firstMs.toFixed(2)} ms; ${openBytes} bytes read to open, ${source.bytesRead - openBytes} for the answer`,
    );
    const before = cpuSeconds();
    let state = 7;
    for (let i = 0; i < lookups; i++) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      // Neighbours are asked one after the other, as the frames of a stack are spread over few modules.
      const near = addresses[((i / 50) % addresses.length) | 0]!;
      names.lookup(near + (state % 64));
    }
    console.log(`  ${"lookups, with strings".padEnd(44)}${(((cpuSeconds() - before) / lookups) * 1e6).toFixed(1)} µs each`);
  },
};

function dumpSyms(path: string): void {
  const out = join(tmpdir(), "salvage-bench.sym");
  const program = process.env.DUMP_SYMS ?? "dump_syms";
  const run = spawnSync("/usr/bin/time", ["-f", "%U %S %M", program, "--inlines", path, "-o", out], { encoding: "utf8" });
  const figures = /([\d.]+) ([\d.]+) (\d+)\s*$/.exec(run.stderr ?? "");
  rmSync(out, { force: true });
  if (run.status !== 0 || figures === null) {
    console.log("  dump_syms is not installed: no comparison");
    return;
  }
  const [, user, system, kb] = figures.map(Number);
  report("dump_syms --inlines, with writing its .sym", user! + system!, new FileSource(path).size, `${(kb! / 1024).toFixed(0)} MB`);
}

if (import.meta.main) {
  const [given, only] = process.argv.slice(2);
  const path = given ?? join(tmpdir(), "salvage-bench.pdb");
  if (only !== undefined) {
    cases[only]!(path);
  } else {
    if (!existsSync(path)) generatePdb(path, 55);
    console.log(`${path}: ${(new FileSource(path).size / 1e6).toFixed(0)} MB`);
    dumpSyms(path);
    for (const name of Object.keys(cases)) execFileSync(process.execPath, [import.meta.filename, path, name], { stdio: "inherit" });
  }
}

/**
 * Dumps: what one costs in process, what a whole process costs beside minidump-stackwalk, and what of a dump of 4 GB is read.
 *
 *   a made-up dump of 1 MB with 30 threads of 20 frames, warm          goal: 5 ms for reading, walking and the report
 *   a made-up dump of 4 GB, of which little is touched                 bytes read, growth of memory
 *   every dump of SALVAGE_CORPUS, in process and warm                  without symbols: p50 and p99 over the dumps
 *   the same dumps, one process each, with the symbols beside them     ours, minidump-stackwalk (SALVAGE_STACKWALK), and Node's own start
 *
 * usage: node bench/dumps.bench.ts [DUMP...]      given dumps take the place of the made-up one
 */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { ref, synthDump, synthStack } from "@salvage/testkit/synth-dump";
import {
  BufferSource,
  type ByteSource,
  checkRange,
  FormatError,
  inspectMinidump,
  type ProcessOptions,
  processMinidump,
} from "../src/index.ts";

const warmRuns = 30;
const measuredRuns = 200;
/** Runs per dump of the corpus; the best counts, as other work on the machine only slows. */
const corpusRuns = 5;
const processRuns = 2;
const options: ProcessOptions = { image: () => null, own: (module) => module.isMain };
const cli = fileURLToPath(new URL("../../cli/src/main.ts", import.meta.url));

function thirtyThreads(): Uint8Array {
  const dump = synthDump().linux();
  for (let i = 0; i < 100; i++) dump.module({ name: `/usr/lib/lib${i}.so`, base: 0x7f0000000000n + BigInt(i) * 0x100000n, size: 0x80000 });
  for (let id = 1; id <= 30; id++) {
    const stack = synthStack(0x7ffe00000000n + BigInt(id) * 0x100000n);
    for (let frame = 0; frame < 20; frame++) {
      stack
        .label(`f${frame}`)
        .word(frame < 19 ? ref(`f${frame + 1}`) : 0n)
        .word(0x7f0000001234n + BigInt(frame) * 0x100000n);
      stack.words(210, 0x1234567890n);
    }
    dump.thread({ id, registers: { rip: 0x7f0000000100n, rsp: stack.base, rbp: ref("f0") }, stack });
  }
  return dump.exception({ threadId: 1, code: 11, flags: 1, address: 0n }).build();
}

/** A small dump with one more memory list, of one region that makes it 4 GB; its bytes are made up when they are read. */
class HugeDump implements ByteSource {
  readonly size = 2 ** 32 + (1 << 20);
  bytesRead = 0;
  readonly #front: Uint8Array;

  constructor() {
    const small = synthDump()
      .linux()
      .module({ name: "/opt/app", base: 0x400000n, size: 0x10000 })
      .thread({ id: 1, registers: { rip: 0x401000n, rsp: 0x7ffe0000n }, stack: synthStack(0x7ffe0000n).words(100, 0x401234n) })
      .exception({ threadId: 1, code: 11, flags: 1, address: 0x10n })
      .stream(9, new Uint8Array(32))
      .build();
    const view = new DataView(small.buffer, small.byteOffset, small.byteLength);
    const directory = view.getUint32(12, true);
    for (let entry = directory; entry < directory + 12 * view.getUint32(8, true); entry += 12) {
      if (view.getUint32(entry, true) !== 9) continue;
      const at = view.getUint32(entry + 8, true);
      const list = [1n, BigInt(small.length), 0x10_0000_0000n, 2n ** 32n];
      for (const [i, value] of list.entries()) view.setBigUint64(at + 8 * i, value, true);
    }
    this.#front = small;
  }

  read(offset: number, length: number): Uint8Array {
    checkRange(this.size, offset, length);
    this.bytesRead += length;
    const out = new Uint8Array(length);
    if (offset < this.#front.length) out.set(this.#front.subarray(offset, offset + length));
    return out;
  }
}

function percentile(times: number[], share: number): string {
  return (times.sort((a, b) => a - b)[Math.floor(times.length * share)] ?? 0).toFixed(2);
}

function warm(name: string, bytes: Uint8Array): void {
  const inspect: number[] = [];
  const make: number[] = [];
  let frames = 0;
  for (let run = 0; run < warmRuns + measuredRuns; run++) {
    const source = new BufferSource(bytes);
    const start = performance.now();
    inspectMinidump(source);
    const middle = performance.now();
    const report = processMinidump(source, options);
    const end = performance.now();
    frames = report.threads.reduce((sum, thread) => sum + thread.frames.length, 0);
    if (run < warmRuns) continue;
    inspect.push(middle - start);
    make.push(end - middle);
  }
  const line = (times: number[]) => `best ${percentile(times, 0)} p50 ${percentile(times, 0.5)} p99 ${percentile(times, 0.99)} ms`;
  console.log(`${name}: ${bytes.length} bytes, ${frames} frames: report ${line(make)}; outline alone ${line(inspect)}`);
}

function huge(): void {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  const source = new HugeDump();
  const started = performance.now();
  const report = processMinidump(source, options);
  const ms = performance.now() - started;
  const after = process.memoryUsage();
  const growth = (after.heapUsed + after.arrayBuffers - heapUsed - arrayBuffers) / 1e6;
  console.log(
    `a dump of ${(source.size / 2 ** 30).toFixed(1)} GB: ${ms.toFixed(1)} ms, ${(source.bytesRead / 1e3).toFixed(0)} kB read, memory ` +
      `${growth.toFixed(1)} MB more, ${report.threads[0]?.frames.length} frames`,
  );
}

/** Time of one process, the better of a few; null when it gives no report. */
function processMs(command: string, args: readonly string[]): number | null {
  let best = Number.POSITIVE_INFINITY;
  for (let run = 0; run < processRuns; run++) {
    const started = performance.now();
    const { status } = spawnSync(command, args, { stdio: "ignore", env: { ...process.env, NODE_NO_WARNINGS: "1" } });
    if (status !== 0) return null;
    best = Math.min(best, performance.now() - started);
  }
  return best;
}

/** The nearest folder of symbols above a dump. */
function symbolsNear(dump: string, root: string): string[] {
  for (let folder = dirname(dump); folder.startsWith(root); folder = dirname(folder)) {
    const symbols = join(folder, "symbols");
    if (existsSync(symbols)) return [symbols];
  }
  return [];
}

function inProcess(dumps: readonly string[]): void {
  const times: number[] = [];
  let refused = 0;
  let bytesRead = 0;
  for (const path of dumps) {
    const bytes = new Uint8Array(readFileSync(path));
    let best = Number.POSITIVE_INFINITY;
    try {
      for (let run = 0; run < corpusRuns; run++) {
        const started = performance.now();
        processMinidump(new BufferSource(bytes), options);
        best = Math.min(best, performance.now() - started);
      }
      times.push(best);
      bytesRead += bytes.length;
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      refused++;
    }
  }
  const size = (bytesRead / 1e6).toFixed(0);
  console.log(
    `${times.length} dumps, ${size} MB, in process: p50 ${percentile(times, 0.5)} p99 ${percentile(times, 0.99)} ms; ${refused} refused`,
  );
}

function wholeProcesses(dumps: readonly string[], root: string, stackwalk: string): void {
  const ours: number[] = [];
  const theirs: number[] = [];
  let onlyOurs = 0;
  for (const path of dumps) {
    const symbols = symbolsNear(path, root);
    const mine = processMs(process.execPath, [cli, "report", path, "--json", ...symbols.flatMap((folder) => ["--symbols", folder])]);
    const other = processMs(stackwalk, ["--json", path, ...symbols]);
    if (mine !== null && other === null) onlyOurs++;
    if (mine === null || other === null) continue;
    ours.push(mine);
    theirs.push(other);
  }
  const start = processMs(process.execPath, ["-e", "0"]) ?? 0;
  const sum = (times: number[]) => times.reduce((total, ms) => total + ms, 0);
  console.log(`${ours.length} dumps, a process each, with their symbols; ${onlyOurs} more that minidump-stackwalk refuses`);
  console.log(
    `  salvage report       p50 ${percentile(ours, 0.5)} p99 ${percentile(ours, 0.99)} ms, of which Node's start ${start.toFixed(0)} ms`,
  );
  console.log(`  minidump-stackwalk   p50 ${percentile(theirs, 0.5)} p99 ${percentile(theirs, 0.99)} ms`);
  console.log(
    `  ratio ${(sum(ours) / sum(theirs)).toFixed(2)}; without Node's start ${((sum(ours) - ours.length * start) / sum(theirs)).toFixed(2)}`,
  );
}

const given = process.argv.slice(2);
for (const path of given) warm(basename(path), new Uint8Array(readFileSync(path)));
if (given.length === 0) {
  warm("30 threads", thirtyThreads());
  huge();
  const corpus = process.env.SALVAGE_CORPUS;
  const stackwalk = process.env.SALVAGE_STACKWALK;
  if (corpus === undefined) console.log("SALVAGE_CORPUS names no folder of dumps: only made-up ones");
  else {
    const dumps = readdirSync(corpus, { withFileTypes: true, recursive: true })
      .filter((entry) => entry.isFile() && /\.(dmp|mdmp)$/.test(entry.name))
      .map((entry) => join(entry.parentPath, entry.name))
      .sort();
    inProcess(dumps);
    if (stackwalk === undefined) console.log("SALVAGE_STACKWALK names no minidump-stackwalk: nothing to compare with");
    else wholeProcesses(dumps, corpus, stackwalk);
  }
}

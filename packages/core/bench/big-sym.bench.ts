/**
 * A crash whose program has one huge .sym, from nothing to the finished report, beside minidump-stackwalk; then the same crash from the lookup
 * file made of it.
 *
 * usage: SALVAGE_STACKWALK=<minidump-stackwalk> node bench/big-sym.bench.ts [MEGABYTES]      default 469; files stay in the temporary folder
 */
import { existsSync, mkdirSync, renameSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FileSource } from "@salvage/codecs/files";
import { synthDump, synthStack } from "@salvage/testkit/synth-dump";
import { indexSym } from "../src/breakpad/sym-index.ts";
import { BufferSource, openSymcache, processMinidump } from "../src/index.ts";
import { generateSym } from "./generate-sym.ts";
import { measure, measureSalvage, showMeasured, showRatio } from "./measure.ts";

const imageBase = 0x400000n;
const debugId = "0123456789ABCDEF0123456789ABCDEF0";
const threads = 10;
const framesPerThread = 20;
const warmRuns = 50;

/** Functions in which the threads wait that did not crash; such threads mostly stand in the same few. */
const waitingFunctions = 10;

/** A dump whose threads stand in functions of the .sym from all over it: the crashing one in others at each frame. */
function crashIn(starts: Uint32Array, ends: ArrayLike<number>): Uint8Array {
  let state = 7;
  const random = (below: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 8) % below;
  };
  const size = Math.ceil((ends[starts.length - 1]! + 0x1000) / 0x1000) * 0x1000;
  const dump = synthDump().linux();
  dump.module({ name: "/opt/large_program", base: imageBase, size, buildId: "67452301ab89efcd0123456789abcdef01234567" });
  const waiting = Array.from({ length: waitingFunctions }, () => random(starts.length));
  const inBody = (thread: number) => {
    const i = thread === 1 ? random(starts.length) : waiting[random(waiting.length)]!;
    return imageBase + BigInt(starts[i]! + 3);
  };
  for (let id = 1; id <= threads; id++) {
    const stack = synthStack(0x7ffe00000000n + BigInt(id) * 0x100000n);
    // Behind the first instruction the .sym's rules say: the return address lies above one saved register.
    for (let frame = 0; frame < framesPerThread; frame++) stack.word(0n).word(inBody(id));
    stack.words(8, 0n);
    dump.thread({ id, registers: { rip: inBody(id), rsp: stack.base, rbp: 0n }, stack });
  }
  return dump.exception({ threadId: 1, code: 11, flags: 1, address: 0n }).build();
}

const megabytes = Number(process.argv[2] ?? 469);
const folder = join(tmpdir(), `salvage-bench-sym-${megabytes}`);
const layout = join(folder, "symbols", "large_program", debugId);
const sym = join(layout, "large_program.sym");
mkdirSync(layout, { recursive: true });
if (!existsSync(sym)) {
  generateSym(`${sym}.new`, megabytes);
  renameSync(`${sym}.new`, sym);
}
const symSource = new FileSource(sym);
const { functions } = indexSym(symSource);
const dumpPath = join(folder, "crash.dmp");
const dump = crashIn(Uint32Array.from(functions.start), functions.end);
writeFileSync(dumpPath, dump);
console.log(
  `${(symSource.size / 1e6).toFixed(0)} MB, ${functions.start.length} functions; ${threads} threads of ${framesPerThread} frames`,
);

const ours = await measureSalvage("report", dumpPath, "--symbols", join(folder, "symbols"), "--json");
console.log(`salvage report, file never seen      ${showMeasured(ours)}`);
const report = JSON.parse(ours.stdout) as { threads: { frames: { function: string | null }[] }[] };
const named = report.threads.flatMap(({ frames }) => frames).filter((frame) => frame.function !== null).length;
console.log(`  ${named} frames with names`);
const stackwalk = process.env.SALVAGE_STACKWALK;
if (stackwalk === undefined) console.log("SALVAGE_STACKWALK names no minidump-stackwalk: nothing to compare with");
else {
  const theirs = await measure(stackwalk, ["--json", dumpPath, join(folder, "symbols")]);
  console.log(`minidump-stackwalk                   ${showMeasured(theirs)}`);
  console.log(showRatio("report from a .sym never seen", ours, theirs, 0.3));
}

const cache = join(folder, "large_program.symcache");
const build = await measureSalvage("symcache", "build", sym, "--out", cache);
console.log(`salvage symcache build               ${showMeasured(build)}, to ${(statSync(cache).size / 1e6).toFixed(0)} MB`);

const open = (source: FileSource) => ({
  ...openSymcache(source),
  windowsFrames: null,
  namesStatus: "found" as const,
  unwindStatus: "found" as const,
});
const made = (image: ReturnType<typeof open>) => {
  const started = performance.now();
  const report = processMinidump(new BufferSource(dump), { image: () => image, own: () => true });
  if (report.threads.length !== threads) throw new Error("the report has other threads");
  return performance.now() - started;
};
const shown = (times: readonly number[]) => {
  const sorted = times.toSorted((a, b) => a - b);
  return `p50 ${sorted[warmRuns >> 1]!.toFixed(1)} ms, best ${sorted[0]!.toFixed(1)} ms`;
};
const anew: number[] = [];
let coldBytes = 0;
for (let run = 0; run < warmRuns; run++) {
  const source = new FileSource(cache);
  const started = performance.now();
  const image = open(source);
  anew.push(performance.now() - started + made(image));
  coldBytes = source.bytesRead;
  source.close();
}
// As a child process of the worker does, crash after crash of one program.
const source = new FileSource(cache);
const image = open(source);
const kept = Array.from({ length: warmRuns }, () => made(image));
source.close();
console.log(`report from the lookup file, kept open: ${shown(kept)} (goal 5 ms)`);
console.log(`opened anew each time: ${shown(anew)}; ${(coldBytes / 1e3).toFixed(0)} kB read of the module (goal 1 MB)`);

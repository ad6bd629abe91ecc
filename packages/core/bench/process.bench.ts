/**
 * Time per dump, in process and warm: reading, looking for touched modules, walking and assembling, without debug files.
 * A made-up dump of 1 MB with 30 threads of 20 frames each by default; any dumps on request.
 *
 * usage: node bench/process.bench.ts [DUMP...]
 */
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { ref, synthDump, synthStack } from "@salvage/testkit/synth-dump";
import { BufferSource, inspectMinidump, processMinidump } from "../src/index.ts";

const warmRuns = 30;
const measuredRuns = 200;

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

function percentile(times: number[], share: number): string {
  return (times.sort((a, b) => a - b)[Math.floor(times.length * share)] ?? 0).toFixed(2);
}

const given = process.argv.slice(2).map((path) => ({ name: basename(path), bytes: new Uint8Array(readFileSync(path)) }));
for (const { name, bytes } of given.length > 0 ? given : [{ name: "30 threads", bytes: thirtyThreads() }]) {
  const inspect: number[] = [];
  const make: number[] = [];
  let frames = 0;
  for (let run = 0; run < warmRuns + measuredRuns; run++) {
    const source = new BufferSource(bytes);
    const start = performance.now();
    inspectMinidump(source);
    const middle = performance.now();
    const report = processMinidump(source, { image: () => null, own: (m) => m.isMain });
    const end = performance.now();
    frames = report.threads.reduce((sum, thread) => sum + thread.frames.length, 0);
    if (run < warmRuns) continue;
    inspect.push(middle - start);
    make.push(end - middle);
  }
  const times = `inspect p50 ${percentile(inspect, 0.5)} p99 ${percentile(inspect, 0.99)} ms, report p50 ${percentile(make, 0.5)} p99 ${percentile(make, 0.99)} ms`;
  console.log(`${name}: ${bytes.length} bytes, ${frames} frames: ${times}`);
}

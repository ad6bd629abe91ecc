/**
 * Hostile dumps: mutants of made-up and real ones. Allowed outcomes are a report that satisfies the schema, or a FormatError; nothing else may be
 * thrown, no dump may take long or much memory. SALVAGE_DUMP_MUTANTS sets how many (default 20000); SALVAGE_CORPUS adds a folder's dumps.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { reportSchema } from "@salvage/contracts";
import { ref, synthDump, synthStack } from "@salvage/testkit/synth-dump";
import { lookups, reportOf } from "../fuzz/targets/minidump.ts";
import { BufferSource, FormatError, inspectMinidump, processMinidump } from "../src/index.ts";
import { dumpSeeds } from "./dump-seeds.ts";
import { runMutants, shownRun } from "./hostile-run.ts";
import { randomFrom } from "./random.ts";
import { seedsOf } from "./seeds.ts";

const MUTANTS = Number(process.env.SALVAGE_DUMP_MUTANTS ?? 20_000);
const MAX_SEED_BYTES = 1 << 19;
const MAX_MS = 1000;
const SCHEMA_EVERY = 20;

test(`${MUTANTS} mutants: a report or a FormatError, in bounded time and memory`, (t) => {
  const { minidump } = seedsOf(process.env.SALVAGE_CORPUS, MAX_SEED_BYTES);
  const checked = (bytes: Uint8Array) => {
    const result = reportOf(bytes);
    if (result === null) return refused++;
    if (reports++ % SCHEMA_EVERY === 0) reportSchema.strict().parse(result);
  };
  let reports = 0;
  let refused = 0;
  t.diagnostic(shownRun("dumps", minidump.length, runMutants("dump", checked, minidump, MUTANTS)));
  t.diagnostic(`${reports} reports, ${refused} refused`);
  assert.ok(reports > MUTANTS / 2, `most mutants still give a report (${reports} of ${MUTANTS}, ${refused} refused)`);
});

test("every truncation of one dump: a report as soon as system, modules or exception are there", () => {
  const seed = dumpSeeds()[0] ?? new Uint8Array();
  const view = new DataView(seed.buffer, seed.byteOffset, seed.byteLength);
  const [moduleList, exception, systemInfo] = [4, 6, 7];
  const ends: number[] = [];
  for (let index = 0; index < view.getUint32(8, true); index++) {
    const entry = view.getUint32(12, true) + index * 12;
    if ([moduleList, exception, systemInfo].includes(view.getUint32(entry, true)))
      ends.push(view.getUint32(entry + 4, true) + view.getUint32(entry + 8, true));
  }
  const beginsAt = Math.min(...ends);
  for (let size = 0; size < seed.length; size += 7) {
    try {
      processMinidump(new BufferSource(seed.subarray(0, size)), lookups);
    } catch (error) {
      assert.ok(error instanceof FormatError && size < beginsAt, `cut at ${size}: ${String(error)}`);
    }
  }
});

test("one stack shown to thousands of threads", () => {
  const stack = synthStack(0x7ffe0000n);
  const links = 4000;
  for (let i = 0; i < links; i++)
    stack
      .label(`${i}`)
      .word(i + 1 < links ? ref(`${i + 1}`) : 0n)
      .word(0x401234n);
  const dump = synthDump()
    .linux()
    .module({ name: "a", base: 0x400000n, size: 0x10000 })
    .thread({ id: 0, registers: { rip: 0x401000n, rsp: 0x7ffe0000n, rbp: ref("0") }, stack });
  for (let id = 1; id < 3000; id++) dump.thread({ id, registers: { rip: 0x401000n, rsp: 0x7ffe0000n, rbp: 0x7ffe0000n } });
  const source = new BufferSource(dump.build());
  // Processor time: what else the machine does is not the dump's fault.
  const { user } = process.cpuUsage();
  const report = processMinidump(source, { image: () => null, own: () => false });
  inspectMinidump(source);
  const ms = (process.cpuUsage().user - user) / 1000;
  assert.ok(ms < 10 * MAX_MS, `took ${ms} ms`);
  assert.ok(report.threads.some((t) => t.walk_end === "limit" && t.frames.length === 0));
  assert.ok(report.warnings.some((w) => /too many frames/.test(w.message)));
});

test("microdumps: lines cut, changed and repeated give a report or a FormatError", () => {
  const random = randomFrom(7);
  const lines = [
    "-----BEGIN BREAKPAD MICRODUMP-----",
    "O A arm64 08 aarch64 x",
    "R 0000000B SIGSEGV 0",
    "S 0 0000007FE0001000 0000007FE0001000 00001000",
    `S 0000007FE0001000 ${"0010E07F00000000".repeat(20)}`,
    `C 0600008000000000${"0010E07F00000000".repeat(98)}`,
    "M 0000005500000000 0000000000000000 0000000000010000 0123456789ABCDEF0123456789ABCDEF0 a.so",
    "-----END BREAKPAD MICRODUMP-----",
  ];
  for (let i = 0; i < MUTANTS / 20; i++) {
    const mutant = [...lines];
    for (let change = random(4); change >= 0; change--) {
      const at = random(mutant.length);
      const line = mutant[at] ?? "";
      const cut = random(line.length + 1);
      const replaced = [line.slice(0, cut), `${line.slice(0, cut)}F${line.slice(cut + 1)}`, "", `${line} ${line}`][random(4)] ?? "";
      mutant.splice(at, random(2), replaced);
    }
    const source = new BufferSource(new TextEncoder().encode(`google-breakpad: \n${mutant.join("\n")}`));
    try {
      const report = processMinidump(source, lookups);
      if (i % SCHEMA_EVERY === 0) reportSchema.strict().parse(report);
    } catch (error) {
      assert.ok(error instanceof FormatError, String(error));
    }
  }
});

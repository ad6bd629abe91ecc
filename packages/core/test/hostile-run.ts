/**
 * Many mutants through one of the fuzzer's targets, each measured: the outcome is a value or a FormatError, no run takes longer than a second
 * or grows memory by more than 256 MB.
 */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mutate } from "./mutate.ts";
import { randomFrom } from "./random.ts";

const maxMs = 1000;
const maxGrowthBytes = 256 << 20;
/** Long runs say how far they are. */
const shownEvery = 10_000;
/** Resident memory of the process is looked at this often; it never exceeds what it was after the first of these by more than one run may take. */
const checkpoint = 1000;

export type HostileRun = { mutants: number; slowestMs: number; largestGrowth: number; residentStart: number; residentEnd: number };

/** Runs `count` mutants of the seeds through `ask`. The mutant that fails is written to the temporary folder, its path is in the error. */
export function runMutants(name: string, ask: (bytes: Uint8Array) => void, seeds: readonly Uint8Array[], count: number): HostileRun {
  const random = randomFrom(Number(process.env.SALVAGE_SEED ?? 20240917));
  const result: HostileRun = { mutants: 0, slowestMs: 0, largestGrowth: 0, residentStart: 0, residentEnd: 0 };
  if (seeds.length === 0) return result;
  for (; result.mutants < count; result.mutants++) {
    const bytes = mutate(pick(seeds, random), seeds[random(seeds.length)]!, random);
    const failed = (why: string) => {
      const path = join(tmpdir(), "salvage-hostile", `${name}-${result.mutants}`);
      mkdirSync(join(path, ".."), { recursive: true });
      writeFileSync(path, bytes);
      return `${name}: mutant ${result.mutants} ${why}; it is in ${path}`;
    };
    const memory = process.memoryUsage();
    const cpu = process.cpuUsage();
    const started = performance.now();
    try {
      ask(bytes);
    } catch (error) {
      assert.fail(failed(error instanceof Error ? (error.stack ?? error.message) : String(error)));
    }
    // Where other work takes the processor from us, its own clock counts.
    const { user, system } = process.cpuUsage(cpu);
    const ms = Math.min(performance.now() - started, (user + system) / 1000);
    const after = process.memoryUsage();
    const growth = after.heapUsed + after.arrayBuffers - memory.heapUsed - memory.arrayBuffers;
    if (ms > maxMs) assert.fail(failed(`took ${ms.toFixed(0)} ms`));
    if (growth > maxGrowthBytes) assert.fail(failed(`grew memory by ${growth >> 20} MB`));
    result.slowestMs = Math.max(result.slowestMs, ms);
    result.largestGrowth = Math.max(result.largestGrowth, growth);
    if (result.mutants > 0 && result.mutants % shownEvery === 0) console.log(shownRun(name, seeds.length, result));
    if (result.mutants === Math.min(checkpoint, count - 1)) result.residentStart = after.rss;
    if (result.mutants % checkpoint !== 0 && result.mutants !== count - 1) continue;
    result.residentEnd = after.rss;
    if (result.residentStart > 0 && after.rss - result.residentStart > maxGrowthBytes)
      assert.fail(failed(`and those before it grew the process from ${result.residentStart >> 20} to ${after.rss >> 20} MB`));
  }
  return result;
}

/** Small files are as rich in headers and cost less: of three the smallest. */
function pick(seeds: readonly Uint8Array[], random: (limit: number) => number): Uint8Array {
  let best = seeds[random(seeds.length)]!;
  for (let more = 0; more < 2; more++) {
    const seed = seeds[random(seeds.length)]!;
    if (seed.length < best.length) best = seed;
  }
  return best;
}

export function shownRun(
  name: string,
  seeds: number,
  { mutants, slowestMs, largestGrowth, residentStart, residentEnd }: HostileRun,
): string {
  const resident = `resident ${residentStart >> 20} MB, at the end ${residentEnd >> 20} MB`;
  return `${name}: ${mutants} mutants of ${seeds} files, slowest ${slowestMs.toFixed(0)} ms, largest growth ${largestGrowth >> 20} MB, ${resident}`;
}

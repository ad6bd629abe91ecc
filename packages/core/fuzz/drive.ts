/**
 * One target fuzzed for a time: inputs that reach new edges are kept and mutated further. Run by run.ts in a process of its own.
 *
 * usage: node --import ./instrument.ts drive.ts TARGET SECONDS KEPT-FOLDER
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { randomFrom } from "../test/random.ts";
import { comparisons, install, reached, sawSomethingNew, texts } from "./coverage.ts";
import { mutated } from "./mutated.ts";

/** Instrumented code on a busy machine: a run that takes this much processor time is a find. */
const maxCpuMs = 3000;
/** The process is ended from outside when one run takes this long. */
const hangMs = 60_000;
const maxGrowthKb = 256 << 10;
const maxInputBytes = 1 << 17;
/** Different places that fail; more of them are looked at after these are mended. */
const maxFinds = 5;
const statusEveryMs = 20_000;

const [target = "", seconds = "60", keptFolder = ""] = process.argv.slice(2);
const finds = join(import.meta.dirname, "finds", target);

/** What runs now, seen by the watchdog: time of the start, length, bytes. */
const shared = new SharedArrayBuffer(16 + maxInputBytes);
const heartbeat = new Int32Array(shared, 0, 2);
const current = new Uint8Array(shared, 16);
new Worker(new URL("./watchdog.ts", import.meta.url), { workerData: { shared, hangMs, finds } }).unref();

install();
const { fuzz } = (await import(`./targets/${target}.ts`)) as { fuzz(bytes: Uint8Array): void };

type Failure = { key: string; text: string };

/** Runs once; null when the outcome is allowed. */
function run(bytes: Uint8Array): Failure | null {
  current.set(bytes);
  heartbeat[1] = bytes.length;
  Atomics.add(heartbeat, 0, 1);
  const cpu = process.cpuUsage();
  const peak = process.resourceUsage().maxRSS;
  try {
    fuzz(bytes);
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { key: text.split("\n").find((line) => line.includes("/src/")) ?? text.slice(0, 200), text };
  }
  const { user } = process.cpuUsage(cpu);
  const growth = process.resourceUsage().maxRSS - peak;
  if (user / 1000 > maxCpuMs) return { key: "time", text: `${(user / 1000).toFixed(0)} ms of processor time` };
  if (growth > maxGrowthKb) return { key: "memory", text: `${growth >> 10} MB of growth` };
  return null;
}

/** Cuts parts out for as long as the failure stays the same. */
function smaller(bytes: Uint8Array, key: string): Uint8Array {
  let best = bytes;
  const until = performance.now() + 10_000;
  for (let part = best.length >> 1; part > 0; part >>= 1) {
    for (let at = 0; at + part <= best.length && performance.now() < until; ) {
      const shorter = new Uint8Array(best.length - part);
      shorter.set(best.subarray(0, at));
      shorter.set(best.subarray(at + part), at);
      if (run(shorter)?.key === key) best = shorter;
      else at += part;
    }
  }
  return best;
}

const kept: Uint8Array[] = [];
const failures = new Set<string>();
let runs = 0;

function attempt(bytes: Uint8Array, keep: boolean): void {
  const failure = run(bytes);
  runs++;
  const isNew = sawSomethingNew();
  if (failure !== null && !failures.has(failure.key)) {
    failures.add(failure.key);
    const small = failure.key === "time" || failure.key === "memory" ? bytes : smaller(bytes, failure.key);
    const name = createHash("sha256").update(small).digest("hex").slice(0, 12);
    mkdirSync(finds, { recursive: true });
    writeFileSync(join(finds, name), small);
    console.log(`${target}: finds/${target}/${name}, ${small.length} bytes: ${failure.text}`);
  }
  if (failure !== null || !isNew) return;
  kept.push(bytes);
  if (!keep) return;
  const name = createHash("sha256").update(bytes).digest("hex").slice(0, 16);
  writeFileSync(join(keptFolder, name), bytes);
}

mkdirSync(keptFolder, { recursive: true });
const started = (folder: string) => (existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : []);
for (const path of [...started(keptFolder), ...started(finds)]) {
  const bytes = new Uint8Array(readFileSync(path));
  if (bytes.length <= maxInputBytes) attempt(bytes, false);
}
console.log(`${target}: ${runs} inputs to start with, ${reached()}`);
if (kept.length === 0) kept.push(new Uint8Array(64));

const random = randomFrom(Date.now());
const endsAt = performance.now() + Number(seconds) * 1000;
let statusAt = performance.now() + statusEveryMs;
while (performance.now() < endsAt && failures.size < maxFinds) {
  // The newest inputs are where something happens.
  const from = random(3) === 0 ? kept.length - 1 - random(Math.min(kept.length, 20)) : random(kept.length);
  const input = mutated(kept[from]!, kept[random(kept.length)]!, { random, comparisons, texts: [...texts], maxBytes: maxInputBytes });
  attempt(input, true);
  if (performance.now() < statusAt) continue;
  statusAt += statusEveryMs;
  console.log(`${target}: ${runs} runs, ${kept.length} inputs kept, ${reached()}`);
}
console.log(`${target}: done, ${runs} runs, ${kept.length} inputs kept, ${reached()}, ${failures.size} finds`);
process.exit(failures.size > 0 ? 1 : 0);

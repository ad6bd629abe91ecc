/** One run of chaos: rounds of traffic with a blow in the middle of each, drawn from a seed; then the invariants. */
import { existsSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type FailPoint, failPointNames } from "@salvage/telemetry/fail-points";
import { until } from "../src/installation.ts";
import { brokenInvariants, leftovers } from "./invariants.ts";
import { ChaosStack, type ServiceName } from "./stack.ts";
import { Traffic } from "./traffic.ts";

export type ChaosOptions = {
  seed: number;
  kills: number;
  /** Told what happens, one line at a time. */
  say?: (line: string) => void;
};

export type ChaosResult = {
  seed: number;
  /** By what was done: how often it hit, and how often nobody came by. */
  blows: Record<string, { hit: number; missed: number }>;
  sent: number;
  /** Answers other than 200 that senders met before their crash was accepted. */
  refusedAnswers: number;
  broken: string[];
};

const killed: readonly ServiceName[] = ["ingest", "worker", "temporal", "postgres", "web"];
const crashesPerRound = 8;

/** Uniform in [0, 1), the same for the same seed (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** `wants`: what has to happen for somebody to come by; null: it strikes by itself. */
type Blow = { name: string; wants: "crash" | "import" | "arrival" | null; strike(): Promise<boolean> };

export async function runChaos({ seed, kills, say = () => undefined }: ChaosOptions): Promise<ChaosResult> {
  const random = randomOf(seed);
  const stack = await ChaosStack.start();
  const traffic = new Traffic(stack, seed);
  const blows: ChaosResult["blows"] = {};
  let finished = false;
  try {
    for (let round = 0, done = 0; done < kills; round++) {
      const blow = drawBlow(stack, random);
      const hit = await playRound(stack, traffic, random, round, blow);
      const tally = blows[blow.name] ?? { hit: 0, missed: 0 };
      blows[blow.name] = tally;
      if (hit) {
        tally.hit++;
        done++;
      } else tally.missed++;
      say(`${String(done).padStart(4)} of ${kills}  ${blow.name}${hit ? "" : ": nobody came by"}`);
    }
    const broken = await brokenInvariants(stack, traffic);
    await stack.stop();
    broken.push(...(await leftovers(stack)));
    finished = broken.length === 0;
    return { seed, blows, sent: traffic.sent.length, refusedAnswers: traffic.refusedAnswers, broken };
  } finally {
    await stack.stop();
    if (finished) await stack.remove();
    else say(`logs and rows are kept in ${stack.home}`);
  }
}

/**
 * Traffic of a new build, a blow while it runs, and patience until everything answers again. Of three builds two get their symbols, with the
 * first crashes or after the last; a blow at an import or an arrival finds one. @returns whether the blow hit
 */
async function playRound(stack: ChaosStack, traffic: Traffic, random: () => number, build: number, blow: Blow): Promise<boolean> {
  const uploads = blow.wants === "import" || blow.wants === "arrival" || random() < 2 / 3;
  const uploadsLast = blow.wants === "arrival" || random() < 1 / 2;
  const delayMs = blow.wants === null ? Math.floor(random() * 400) : 0;
  const striking = sleep(delayMs).then(blow.strike);
  // A trap is set before the first crash comes by.
  if (blow.wants !== null) await sleep(20);
  const crashes = Array.from({ length: crashesPerRound }, () => traffic.crash(build));
  const work = [...crashes, traffic.crash(build, false), traffic.abort()];
  if (uploads && !uploadsLast) work.push(traffic.upload(build));
  await Promise.all(work);
  if (uploads && uploadsLast) await traffic.upload(build);
  const hit = await striking;
  await until("Salvage answers again", 60_000, async () => ((await stack.answers()) ? true : null));
  return hit;
}

function drawBlow(stack: ChaosStack, random: () => number): Blow {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const kind = random();
  if (kind < 0.5) return atFailPoint(stack, pick(failPointNames));
  if (kind < 0.8) {
    const service = pick(killed);
    return { name: `kill ${service}`, wants: null, strike: async () => stack.kill(service) };
  }
  if (kind < 0.86) {
    return {
      name: "kill launcher",
      wants: null,
      async strike() {
        await stack.killLauncher();
        return true;
      },
    };
  }
  if (kind < 0.92) {
    return {
      name: "lose Temporal's store",
      wants: null,
      async strike() {
        await stack.loseTemporalStore();
        return true;
      },
    };
  }
  const fault = pick(["slow", "failing"] as const);
  return {
    name: `blob store ${fault}`,
    wants: null,
    async strike() {
      await stack.blobFault(fault, true);
      await sleep(1_500);
      await stack.blobFault(fault, false);
      return true;
    },
  };
}

/** Waits for somebody to die there; takes the trap away when nobody does. */
function atFailPoint(stack: ChaosStack, point: FailPoint): Blow {
  return {
    name: `at ${point}`,
    wants: point === "arrival.page" ? "arrival" : /^(import|upload)/.test(point) ? "import" : "crash",
    async strike() {
      const path = join(stack.failPoints, point);
      await writeFile(path, "");
      const died = await until(`somebody dies at ${point}`, 20_000, async () => (existsSync(`${path}.hit`) ? true : null)).catch(
        () => false,
      );
      await rm(path, { force: true });
      await rm(`${path}.hit`, { force: true });
      return died;
    },
  };
}

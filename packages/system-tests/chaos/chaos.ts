/** One run of chaos: rounds of traffic with blows in the middle of each, drawn from a seed; then the invariants. */
import { setTimeout as sleep } from "node:timers/promises";
import { until } from "../src/installation.ts";
import { type Blow, blowsOf } from "./blows.ts";
import { brokenInvariants, leftovers } from "./invariants.ts";
import { ChaosStack, type Project } from "./stack.ts";
import { Traffic } from "./traffic.ts";

export type ChaosOptions = {
  seed: number;
  /** Of processes; blows that kill nobody come beside them and are not counted. */
  kills: number;
  /** Told what happens, one line at a time. */
  say?: (line: string) => void;
};

/** Of one kind of blow: how often it hit, how often nobody came by, and how long it took until Salvage was ready again. */
export type Tally = { kills: boolean; hit: number; missed: number; readyAfterMs: number[] };

export type ChaosResult = {
  seed: number;
  blows: Record<string, Tally>;
  sent: number;
  /** Told that all is well, and dropped because the organization may store nothing. */
  dropped: number;
  /** Answers other than 200 that senders met before their crash was accepted. */
  refusedAnswers: number;
  broken: string[];
};

const crashesPerRound = 6;
/** How often a trap that nobody has come by gets more bait. */
const baitEveryMs = 1_000;
/** A third death in a row gives up a crash, though it be good: no crash may meet three blows. */
const deathsAllowed = 2;
/** That kill work, in one round. */
const maxWorkKills = deathsAllowed;

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

export async function runChaos({ seed, kills, say = () => undefined }: ChaosOptions): Promise<ChaosResult> {
  const random = randomOf(seed);
  const stack = await ChaosStack.start();
  const traffic = new Traffic(stack, seed);
  const draw = blowsOf(stack, random);
  const blows: ChaosResult["blows"] = {};
  let broken: string[] | null = null;
  try {
    for (let round = 0, done = 0; done < kills; round++) {
      const drawn = drawRound(draw, random);
      for (const { blow, hit, readyAfterMs } of await playRound(stack, traffic, random, round, drawn)) {
        blows[blow.name] ??= { kills: blow.kills, hit: 0, missed: 0, readyAfterMs: [] };
        const tally = blows[blow.name] as Tally;
        if (hit) {
          if (blow.kills) done++;
          tally.hit++;
          tally.readyAfterMs.push(readyAfterMs);
        } else tally.missed++;
        say(
          `${String(done).padStart(4)} of ${kills}  ${blow.name}${hit ? "" : ": nobody came by"}, ready after ${(readyAfterMs / 1000).toFixed(1)} s`,
        );
      }
    }
    broken = await brokenInvariants(stack, traffic);
    await stack.stop();
    broken.push(...(await leftovers(stack)));
    return { seed, blows, sent: traffic.sent.length, dropped: traffic.overQuota.answered, refusedAnswers: traffic.refusedAnswers, broken };
  } finally {
    await stack.stop();
    await stack.closeProxies();
    const keep = broken === null || broken.length > 0;
    const copy = await stack.remove({ keep });
    if (keep) say(`logs and rows are kept in ${copy}`);
  }
}

/** Two to five blows of different names, that overlap. */
function drawRound(draw: ReturnType<typeof blowsOf>, random: () => number): Blow[] {
  const many = random();
  const count = many < 0.2 ? 2 : many < 0.5 ? 3 : many < 0.8 ? 4 : 5;
  const drawn: Blow[] = [];
  while (drawn.length < count) {
    const mayKillWork = drawn.filter(({ killsWork }) => killsWork).length < maxWorkKills;
    drawn.push(draw((blow) => (mayKillWork || !blow.killsWork) && !drawn.some(({ name }) => name === blow.name)));
  }
  return drawn;
}

type Struck = { blow: Blow; hit: boolean; readyAfterMs: number };

/**
 * Traffic of a new build, blows while it runs, and patience until everything answers again. Of three builds two get their symbols, with the
 * first crashes or after the last; a blow at an import or an arrival finds one.
 */
async function playRound(
  stack: ChaosStack,
  traffic: Traffic,
  random: () => number,
  build: number,
  blows: readonly Blow[],
): Promise<Struck[]> {
  const wanted = new Set(blows.map(({ wants }) => wants));
  const uploads = wanted.has("import") || wanted.has("arrival") || random() < 2 / 3;
  const uploadsLast = wanted.has("arrival") || random() < 1 / 2;
  const delays = blows.map(({ wants }) => (wants === null ? Math.floor(random() * 400) : 0));
  const workKills = blows.filter(({ killsWork }) => killsWork).length;
  if (workKills > 0) await noneInDanger(stack, deathsAllowed - workKills);
  const striking = blows.map(async (blow, index) => {
    await sleep(delays[index]);
    const hit = await baited(stack, traffic, blow);
    const struckAt = Date.now();
    await until("Salvage answers again", 60_000, async () => ((await stack.answers()) ? true : null));
    return { blow, hit, readyAfterMs: Date.now() - struckAt };
  });
  // A trap is set before the first crash comes by.
  if (blows.some(({ wants }) => wants !== null)) await sleep(20);
  const crashes = Array.from({ length: crashesPerRound }, () => traffic.crash(build));
  const work = [...crashes, traffic.crash(build, false), traffic.abort(), traffic.dropped()];
  if (uploads && !uploadsLast) work.push(traffic.upload(build));
  await Promise.all(work);
  if (uploads && uploadsLast) await traffic.upload(build);
  return await Promise.all(striking);
}

/** Strikes; while it waits for somebody to come by, there is more and more of what brings them. */
async function baited(stack: ChaosStack, traffic: Traffic, { wants, strike }: Blow): Promise<boolean> {
  const striking = strike();
  if (wants === null) return await striking;
  const over = striking.then(() => true);
  let project: Project | null = null;
  while (!(await Promise.race([over, sleep(baitEveryMs, false)]))) {
    project ??= await until("another project is made", 60_000, () => stack.addProject());
    await traffic.bait(wants, project);
  }
  return await striking;
}

/** Waits until no crash has more deaths behind it than `most`, one that is under way counted as one. */
async function noneInDanger(stack: ChaosStack, most: number): Promise<void> {
  await until("no crash is so near to being given up", 120_000, async () => {
    const rows = await stack.query("SELECT 1 FROM crashes WHERE given_up_at IS NULL AND deaths + attempt_open::int > $1 LIMIT 1", [most]);
    return rows.length === 0 ? true : null;
  });
}

/**
 * A whole Salvage under load, on its embedded defaults: from the first post to the last finished report, what each process takes, and
 * whether a project that floods keeps another waiting. Senders share the machine. Linux only.
 *
 * usage: pnpm bench:load [--crashes 3000] [--connections 50] [--flood 30]     flood: seconds of the second part, 0 leaves it out
 */
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { type Installation, startInstallation } from "../src/installation.ts";
import { usageOf } from "../src/processes.ts";
import { createSender, quantile } from "../src/sender.ts";

const { values } = parseArgs({
  options: {
    crashes: { type: "string", default: "3000" },
    connections: { type: "string", default: "50" },
    flood: { type: "string", default: "30" },
  },
});
const [crashes, connections, floodSeconds] = [values.crashes, values.connections, values.flood].map(Number) as [number, number, number];
const memoryEveryMs = 2_000;
const quietGoalSeconds = 5;

const salvage = await startInstallation();
const sender = createSender(salvage, connections);
let numbers = 0;
try {
  // The default of a key, 6,000 a minute, is below what is measured here.
  await salvage.query("UPDATE client_keys SET rate_limit_per_minute = 1000000");
  await Promise.all(Array.from({ length: 40 }, () => sender.post(salvage, numbers++)));
  await finished(salvage, [salvage.projectId]);
  await wholeLoad();
  if (floodSeconds > 0) await quietBesideFlood();
} finally {
  sender.close();
  await salvage.stop();
}

async function wholeLoad(): Promise<void> {
  const before = await usageOf(salvage.system, true);
  const peak = watchMemory();
  const startedAt = new Date();
  const latencies = await postAll(crashes);
  const posted = (Date.now() - startedAt.getTime()) / 1000;
  await finished(salvage, [salvage.projectId]);
  const after = await usageOf(salvage.system, false);
  const memory = peak.stop();
  const [row] = await salvage.query<{ count: number; seconds: number }>(
    "SELECT count(*)::int AS count, extract(epoch FROM max(finished_at) - $1::timestamptz)::float8 AS seconds FROM crashes WHERE received_at >= $1",
    [startedAt],
  );
  if (row === undefined || row.count !== crashes) throw new Error(`${crashes} sent, ${row?.count} there`);
  say(`${crashes} crashes, ${connections} connections: ${row.seconds.toFixed(1)} s from the first post to the last report`);
  say(`  ${(crashes / row.seconds).toFixed(1)} crashes per second; all posted after ${posted.toFixed(1)} s`);
  say(`  answers  p50 ${quantile(latencies, 0.5).toFixed(0)} ms  p99 ${quantile(latencies, 0.99).toFixed(0)} ms`);
  let total = 0;
  for (const [part, { cpuSeconds }] of after) {
    const spent = cpuSeconds - (before.get(part)?.cpuSeconds ?? 0);
    total += spent;
    say(
      `  ${part.padEnd(10)} ${((1000 * spent) / crashes).toFixed(1).padStart(6)} ms of processor per crash ${((100 * spent) / row.seconds).toFixed(0).padStart(4)} %`,
    );
  }
  say(`  together   ${((1000 * total) / crashes).toFixed(1).padStart(6)} ms of processor per crash`);
  say(`  memory at most ${memory.total.toFixed(0)} MiB: ${[...memory.parts].map(([part, mib]) => `${part} ${mib.toFixed(0)}`).join(", ")}`);
}

/** One project floods; another gets a crash a second. */
async function quietBesideFlood(): Promise<void> {
  const [quiet] = await salvage.query<{ project_id: string; public_key: string }>(
    `WITH made AS (INSERT INTO projects (organization_id, slug, name) SELECT organization_id, 'quiet', 'Quiet' FROM projects WHERE id = $1 RETURNING id, organization_id)
     INSERT INTO client_keys (id, organization_id, project_id, name, public_key) SELECT gen_random_uuid(), organization_id, id, 'Default', md5(random()::text) FROM made
     RETURNING project_id::text, public_key`,
    [salvage.projectId],
  );
  if (quiet === undefined) throw new Error("no quiet project");
  const quietKey = { projectId: quiet.project_id, publicKey: quiet.public_key };
  const own = createSender(salvage, 2);
  const endsAt = Date.now() + floodSeconds * 1000;
  let flooded = 0;
  const flood = Array.from({ length: connections }, async () => {
    while (Date.now() < endsAt) {
      flooded += 1;
      await sender.post(salvage, numbers++);
    }
  });
  const answers: number[] = [];
  while (Date.now() < endsAt) {
    answers.push((await own.post(quietKey, numbers++)).milliseconds);
    await sleep(1000);
  }
  await Promise.all(flood);
  own.close();
  await finished(salvage, [quiet.project_id]);
  const rows = await salvage.query<{ seconds: number }>(
    "SELECT extract(epoch FROM finished_at - received_at)::float8 AS seconds FROM crashes WHERE project_id = $1",
    [quiet.project_id],
  );
  const seconds = rows.map((row) => row.seconds);
  const worst = Math.max(...seconds);
  say(
    `one project floods (${(flooded / floodSeconds).toFixed(0)} posts per second), another sends one crash a second for ${floodSeconds} s:`,
  );
  say(
    `  the quiet one's ${seconds.length} crashes: finished after p50 ${quantile(seconds, 0.5).toFixed(2)} s, at most ${worst.toFixed(2)} s; answered within ${Math.max(...answers).toFixed(0)} ms`,
  );
  if (worst > quietGoalSeconds) process.exitCode = 1;
}

async function postAll(count: number): Promise<number[]> {
  const latencies: number[] = [];
  let left = count;
  const one = async () => {
    while (left-- > 0) {
      const { status, text, milliseconds } = await sender.post(salvage, numbers++);
      if (status !== 200) throw new Error(`answer ${status}: ${text}`);
      latencies.push(milliseconds);
    }
  };
  await Promise.all(Array.from({ length: connections }, one));
  return latencies;
}

/** Waits until no crash of the projects is under way. */
async function finished(to: Installation, projectIds: readonly string[]): Promise<void> {
  for (;;) {
    const [row] = await to.query<{ left: number }>(
      "SELECT count(*)::int AS left FROM crashes WHERE project_id = ANY ($1::bigint[]) AND state IN ('received', 'processing')",
      [projectIds],
    );
    if (row?.left === 0) return;
    await sleep(100);
  }
}

function watchMemory() {
  let most = { total: 0, parts: new Map<string, number>() };
  const look = async () => {
    const parts = new Map(
      [...(await usageOf(salvage.system, true))].filter(([part]) => part !== "senders").map(([part, { pssMib }]) => [part, pssMib]),
    );
    const total = [...parts.values()].reduce((sum, mib) => sum + mib, 0);
    if (total > most.total) most = { total, parts };
  };
  const timer = setInterval(() => void look(), memoryEveryMs);
  return {
    stop() {
      clearInterval(timer);
      return most;
    },
  };
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

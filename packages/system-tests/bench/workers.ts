/**
 * How crashes finished per second grow with workers, at the crashes of one project: the hardest case, since it has one lane. The machines are tried on
 * one: each worker is held at a share of a core by a control group, as if that were its machine, so that the cores left over serve PostgreSQL, Temporal
 * and the bucket, and none waits for another's worker. Linux, as root; elsewhere workers share the machine, and the last one has nothing left to take.
 *
 * usage: node packages/system-tests/bench/workers.ts [--crashes 300] [--workers 3] [--percent 15]
 */
import { mkdirSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import pg from "pg";
import { until } from "../src/installation.ts";
import { metric, type Part, startMachines } from "../src/machines.ts";
import { MachinesTraffic } from "../src/machines-traffic.ts";
import { machineSeconds, startedPrograms, usageByName } from "../src/processes.ts";

const { values } = parseArgs({
  options: {
    crashes: { type: "string", default: "300" },
    workers: { type: "string", default: "3" },
    percent: { type: "string", default: "15" },
  },
});
const crashes = Number(values.crashes);
const percent = Number(values.percent);
const connections = 16;
/** A worker asks how many there are every 10 s. */
const knownAfterMs = 11_000;

const groups: string[] = [];

/** Holds a process, what it started and what it starts from now on, at `percent` of a core together. @returns whether it could */
async function hold({ child, name }: Part): Promise<boolean> {
  const pids = child.pid === undefined ? [] : [child.pid, ...(await startedPrograms(child.pid)).keys()];
  const group = `salvage-bench-${process.pid}-${name}`;
  const ways = [
    { folder: "/sys/fs/cgroup/cpu", file: "cpu.cfs_quota_us", text: String(percent * 1_000) },
    { folder: "/sys/fs/cgroup", file: "cpu.max", text: `${percent * 1_000} 100000` },
  ];
  for (const { folder, file, text } of ways) {
    const path = join(folder, group);
    try {
      mkdirSync(path);
      groups.push(path);
      writeFileSync(join(path, file), text);
      for (const pid of pids) writeFileSync(join(path, "cgroup.procs"), String(pid));
      return true;
    } catch {
      // Not this version of control groups, or not for us: the other one.
    }
  }
  return false;
}

/** Processor seconds so far, by part; `bench` is also the bucket. */
async function spent(parts: readonly Part[]): Promise<Map<string, number>> {
  const names = (await startedPrograms()).set(process.pid, "bench");
  for (const { child, name } of parts) names.set(child.pid ?? 0, name.split("-")[0] ?? name);
  const usage = await usageByName(names, false);
  return new Map([...usage].map(([part, { cpuSeconds }]) => [part, cpuSeconds] as const)).set("all of the machine", await machineSeconds());
}

let exitCode = 1;
const salvage = await startMachines();
try {
  const ingest = await salvage.start("ingest", "ingest");
  const traffic = new MachinesTraffic(salvage);
  const count = async (sql: string) => Number((await salvage.query<{ n: string }>(`SELECT count(*) AS n ${sql}`))[0]?.n);
  const finishedBy = (worker: Part) => metric(worker, "salvage_worker_crashes_finished_total", 'kind="first"');
  let alone = 0;
  for (let number = 1; number <= Number(values.workers); number++) {
    await Promise.all(
      Array.from({ length: connections }, async (_, connection) => {
        for (let sent = connection; sent < crashes; sent += connections) await traffic.postUntilAccepted([ingest], 0);
      }),
    );
    // A claim leaves out rows that somebody has locked: nobody begins before everybody waits.
    const lock = new pg.Client({ connectionString: salvage.databaseAdminUrl });
    // The database is dropped under it when a worker does not start; what is told then is that.
    lock.on("error", () => undefined);
    await lock.connect();
    await lock.query("BEGIN");
    await lock.query("SELECT id FROM crashes WHERE queued_at IS NOT NULL FOR UPDATE");
    const names = Array.from({ length: number }, (_, index) => `worker-${number}-${index + 1}`);
    const workers = await Promise.all(names.map((name) => salvage.start("worker", name)));
    if (!(await Promise.all(workers.map(hold))).every(Boolean)) console.log("workers share this machine: no control group could be made");
    await sleep(knownAfterMs);
    await lock.query("COMMIT");
    await lock.end();
    const before = await spent([ingest, ...workers]);
    const since = performance.now();
    await traffic.postUntilAccepted([ingest], 0);
    await until("all finished", 240_000, async () => ((await count("FROM crashes WHERE queued_at IS NOT NULL")) === 0 ? true : null));
    const seconds = (performance.now() - since) / 1000;
    const after = await spent([ingest, ...workers]);
    const perSecond = (crashes + 1) / seconds;
    if (number === 1) alone = perSecond;
    const shares = await Promise.all(workers.map(finishedBy));
    console.log(
      `${number} ${number === 1 ? "worker " : "workers"} of ${percent}% of a core   ${perSecond.toFixed(1).padStart(6)} crashes a second   × ${(perSecond / alone).toFixed(2)}   by each: ${shares.join(", ")}`,
    );
    const ofACore = [...after].map(([part, cpuSeconds]) => [part, (100 * (cpuSeconds - (before.get(part) ?? 0))) / seconds] as const);
    console.log(`  processor, % of a core: ${ofACore.map(([part, share]) => `${part} ${share.toFixed(0)}`).join(", ")}`);
    for (const { child, ended } of workers) {
      child.kill("SIGTERM");
      await ended;
    }
  }
  const broken = await traffic.broken();
  for (const sentence of broken) console.log(`BROKEN  ${sentence}`);
  if (broken.length === 0) console.log("Every invariant holds.");
  exitCode = broken.length === 0 ? 0 : 1;
} finally {
  await salvage.stop();
  for (const group of groups) {
    try {
      rmdirSync(group);
    } catch {
      // One that was never made whole.
    }
  }
}
process.exit(exitCode);

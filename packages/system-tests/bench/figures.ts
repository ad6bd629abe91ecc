/**
 * Figures of a whole installation, measured from outside: first and second start, time from answer to report, memory at rest and its
 * peak under load, crashes per second. Linux only (reads /proc). Absolute times swing on shared machines; memory does not.
 *
 * usage: node packages/system-tests/bench/figures.ts [--crashes 500]     starts `npm start` in a temporary home, twice
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { repositoryRoot } from "@salvage/launcher";
import { distinctDump } from "../src/crashes.ts";
import { freePort } from "../src/installation.ts";

const { values } = parseArgs({ options: { crashes: { type: "string", default: "500" } } });
const crashes = Number(values.crashes);
const home = await mkdtemp(join(tmpdir(), "salvage-figures-"));
const port = await freePort();

type Started = { child: ChildProcess; seconds: number; output: string };

/** Runs `npm start` and resolves once it says that it runs. */
async function start(): Promise<Started> {
  const since = performance.now();
  const child = spawn("npm", ["start"], {
    cwd: repositoryRoot,
    env: { ...process.env, SALVAGE_HOME: home, SALVAGE_PORT: String(port) },
    stdio: ["ignore", "pipe", "inherit"],
    // A group of its own, so that Ctrl-C can be sent as a terminal sends it: to all of it.
    detached: true,
  });
  let output = "";
  child.stdout.on("data", (chunk) => {
    output += String(chunk);
  });
  // The addresses are printed last.
  while (!/Upload the missing symbols.*\n.*\n/s.test(output)) await once(child.stdout, "data");
  return { child, seconds: (performance.now() - since) / 1000, output };
}

function interrupt(child: ChildProcess): void {
  if (child.pid !== undefined) process.kill(-child.pid, "SIGINT");
}

/** Process ids of `pid` and everything below it. */
async function family(pid: number): Promise<number[]> {
  const parents = new Map<number, number[]>();
  for (const name of await readdir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const stat = await readFile(`/proc/${name}/stat`, "latin1").catch(() => null);
    if (stat === null) continue;
    const parent = Number(stat.slice(stat.lastIndexOf(")") + 4).split(" ")[0]);
    parents.set(parent, [...(parents.get(parent) ?? []), Number(name)]);
  }
  const all = [pid];
  for (const one of all) all.push(...(parents.get(one) ?? []));
  return all;
}

/** Sum of the proportional set sizes, in MB, and the biggest by command. */
async function memory(pid: number): Promise<{ totalMb: number; byCommand: Map<string, number> }> {
  const byCommand = new Map<string, number>();
  let totalMb = 0;
  for (const one of await family(pid)) {
    const rollup = await readFile(`/proc/${one}/smaps_rollup`, "latin1").catch(() => "");
    const mb = Number(/^Pss:\s+(\d+)/m.exec(rollup)?.[1] ?? 0) / 1024;
    const command = (await readFile(`/proc/${one}/cmdline`, "latin1").catch(() => "")).replaceAll("\0", " ");
    const name = /postgres/.test(command)
      ? "postgres"
      : /temporal/.test(command)
        ? "temporal"
        : (/apps\/(\w+)|next-server|packages\/launcher|core-pool|npm|worker|ingest/.exec(`${command} ${await cwdOf(one)}`)?.[0] ??
          command.slice(0, 40));
    byCommand.set(name, (byCommand.get(name) ?? 0) + mb);
    totalMb += mb;
  }
  return { totalMb, byCommand };
}

async function cwdOf(pid: number): Promise<string> {
  const { readlink } = await import("node:fs/promises");
  return await readlink(`/proc/${pid}/cwd`).catch(() => "");
}

const first = await start();
console.log(`first start (toolchain and build there)   ${first.seconds.toFixed(1)} s`);
const minidumpUrl = /http:\S+sentry_key=[0-9a-f]+/.exec(first.output)?.[0];
const token = /--token (\S+)/.exec(first.output)?.[1];
const pid = first.child.pid;
if (minidumpUrl === undefined || token === undefined || pid === undefined)
  throw new Error(`cannot read the start's output:\n${first.output}`);
const origin = new URL(minidumpUrl).origin;

async function post(number: number): Promise<string> {
  const form = new FormData();
  form.set("upload_file_minidump", new Blob([distinctDump(number)]), "driftwood.dmp");
  form.set("run", String(number));
  const response = await fetch(minidumpUrl as string, { method: "POST", body: form });
  if (response.status !== 200) throw new Error(`${response.status}: ${await response.text()}`);
  return await response.text();
}

async function finished(crashId: string): Promise<void> {
  for (;;) {
    const response = await fetch(`${origin}/api/v1/crashes/${crashId}`, { headers: { authorization: `Bearer ${token}` } });
    const { state } = (await response.json()) as { state: string };
    if (state === "complete" || state === "provisional") return;
    await sleep(20);
  }
}

const latencies: number[] = [];
for (let index = 0; index < 10; index++) {
  const id = await post(1_000_000 + index);
  const since = performance.now();
  await finished(id);
  latencies.push(performance.now() - since);
  await sleep(500);
}
latencies.sort((a, b) => a - b);
console.log(`answer to report, alone                   median ${latencies[5]?.toFixed(0)} ms, worst ${latencies[9]?.toFixed(0)} ms`);

await sleep(60_000);
const rest = await memory(pid);
console.log(`memory 60 s later (sum of PSS)            ${rest.totalMb.toFixed(0)} MB`);
for (const [name, mb] of [...rest.byCommand].sort((a, b) => b[1] - a[1]))
  console.log(`    ${name.padEnd(36)}${mb.toFixed(0).padStart(6)} MB`);

let peakMb = 0;
let loading = true;
const watching = (async () => {
  while (loading) {
    peakMb = Math.max(peakMb, (await memory(pid)).totalMb);
    await sleep(250);
  }
})();
const since = performance.now();
let next = 0;
const ids: string[] = [];
await Promise.all(
  Array.from({ length: 16 }, async () => {
    for (let index = next++; index < crashes; index = next++) ids.push(await post(index));
  }),
);
const posted = performance.now();
for (const id of ids) await finished(id);
const done = performance.now();
loading = false;
await watching;
console.log(
  `${crashes} crashes over 16 connections           posted in ${((posted - since) / 1000).toFixed(1)} s, all finished after ${((done - since) / 1000).toFixed(1)} s = ${((crashes * 1000) / (done - since)).toFixed(0)} a second`,
);
console.log(`peak memory under that load               ${peakMb.toFixed(0)} MB`);

const stopping = performance.now();
interrupt(first.child);
await once(first.child, "exit");
console.log(`stop                                      ${((performance.now() - stopping) / 1000).toFixed(1)} s`);
const second = await start();
console.log(`second start                              ${second.seconds.toFixed(1)} s`);
interrupt(second.child);
await once(second.child, "exit");
await rm(home, { recursive: true, force: true });

/**
 * An installation that holds a million crashes: every list, search and page of the dashboard and of /api/v1 over HTTP, what a crash costs
 * before and after, and retention of half of them beside new crashes. Rows by packages/testkit, many-rows.ts: seeded.
 *
 * Looked at as it is after months, not in the minute after a million rows were written: their making ends with VACUUM (ANALYZE), a checkpoint,
 * and a wait until autovacuum has been idle for a while.
 *
 * usage: node packages/system-tests/bench/million.ts [--crashes 1000000] [--rounds 20] [--retention 60]     retention: seconds to look at it at most
 */
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs, promisify } from "node:util";
import { findTemporal, repositoryRoot } from "@salvage/launcher";
import { insertManyRows, type ManyRows } from "@salvage/testkit/many-rows";
import pg from "pg";
import { startInstallation } from "../src/installation.ts";
import { usageOf } from "../src/processes.ts";
import { createSender, quantile } from "../src/sender.ts";

const { values } = parseArgs({
  options: {
    crashes: { type: "string", default: "1000000" },
    rounds: { type: "string", default: "20" },
    retention: { type: "string", default: "60" },
  },
});
const [crashes, rounds, retentionSeconds] = [values.crashes, values.rounds, values.retention].map(Number) as [number, number, number];
const goalMs = 300;
const costCrashes = 400;
const costRounds = 3;
/** Half of all were received before. */
const keptDays = 45;
/** The database looks for tables to clean every ten seconds. */
const idleForMs = 25_000;
const say = (line: string) => process.stdout.write(`${line}\n`);

const salvage = await startInstallation();
const sender = createSender(salvage, 8);
let numbers = 0;
try {
  await salvage.query("UPDATE client_keys SET rate_limit_per_minute = 1000000");
  await posts(700);
  say(`at 1,000 crashes    ${await cost()}`);
  const many = await fill();
  say(`at ${crashes.toLocaleString("en")} crashes ${await cost()}`);
  await pages(many);
  if (retentionSeconds > 0) await retention();
} finally {
  sender.close();
  await salvage.stop();
}

/** Posts and waits until all of it is processed. @returns milliseconds of each answer */
async function posts(count: number): Promise<number[]> {
  const latencies: number[] = [];
  let left = count;
  const one = async () => {
    while (left-- > 0) latencies.push((await sender.post(salvage, numbers++)).milliseconds);
  };
  await Promise.all(Array.from({ length: 8 }, one));
  for (;;) {
    const [row] = await salvage.query<{ left: number }>(
      "SELECT count(*)::int AS left FROM crashes WHERE project_id = $1 AND state IN ('received', 'processing')",
      [salvage.projectId],
    );
    if (row?.left === 0) return latencies;
    await sleep(100);
  }
}

/** What a crash costs now, from its post to its report: the median of some rounds, part by part. */
async function cost(): Promise<string> {
  const parts = ["postgres", "ingest", "worker", "children"];
  const rounds: Map<string, number>[] = [];
  const latencies: number[] = [];
  for (let round = 0; round < costRounds; round++) {
    const before = await usageOf(salvage.system, false);
    latencies.push(...(await posts(costCrashes)));
    const after = await usageOf(salvage.system, false);
    rounds.push(new Map([...after].map(([part, { cpuSeconds }]) => [part, cpuSeconds - (before.get(part)?.cpuSeconds ?? 0)])));
  }
  const spent = parts.map((part) => {
    const seconds = rounds.map((round) => round.get(part) ?? 0);
    return `${part} ${((1000 * quantile(seconds, 0.5)) / costCrashes).toFixed(1)} ms`;
  });
  return `a crash costs ${spent.join(", ")}; answers p50 ${quantile(latencies, 0.5).toFixed(0)} ms p99 ${quantile(latencies, 0.99).toFixed(0)} ms`;
}

async function fill(): Promise<ManyRows> {
  const since = performance.now();
  const url = new URL(salvage.system.databases.databaseOwnerUrl);
  const secrets = JSON.parse(await readFile(join(salvage.system.home.root, "secrets.json"), "utf8")) as { superuserPassword: string };
  url.username = "postgres";
  url.password = secrets.superuserPassword;
  const many = await insertManyRows(url.href, { crashes });
  const made = performance.now();
  await salvage.query("INSERT INTO memberships (organization_id, user_id, role) SELECT $1, id, 'owner' FROM users", [many.organizationId]);
  await settle(url.href);
  say(
    `${crashes.toLocaleString("en")} crashes made in ${((made - since) / 1000).toFixed(0)} s, settled ${((performance.now() - made) / 1000).toFixed(0)} s later`,
  );
  return many;
}

/** Until all that was written is on the disk, and the database has had nothing to clean for a while. */
async function settle(adminUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  try {
    await client.query("CHECKPOINT");
    for (let idleSince = performance.now(); performance.now() - idleSince < idleForMs; await sleep(500)) {
      const { rows } = await client.query(
        "SELECT EXISTS (SELECT 1 FROM pg_stat_activity WHERE backend_type = 'autovacuum worker') AS busy",
      );
      if (rows[0].busy) idleSince = performance.now();
    }
    await client.query("CHECKPOINT");
  } finally {
    await client.end();
  }
}

async function pages({ orgSlug, projectId }: ManyRows): Promise<void> {
  const one = async (text: string) => Object.values((await salvage.query(text, [projectId]))[0] ?? {})[0] as string;
  const issue = await one("SELECT id FROM issues WHERE project_id = $1 ORDER BY crash_count DESC LIMIT 1");
  const crash = await one("SELECT id FROM crashes WHERE project_id = $1 AND state = 'provisional' ORDER BY received_at DESC LIMIT 1");
  const missing = await one("SELECT id FROM missing_files WHERE project_id = $1 AND state = 'open' ORDER BY waiting_crashes DESC LIMIT 1");
  const old = Buffer.from(`${new Date(Date.now() - 60 * 86_400_000).toISOString()} ${crash}`).toString("base64url");
  const [posted] = await salvage.query<{ id: string }>("SELECT id FROM crashes WHERE project_id = $1 LIMIT 1", [salvage.projectId]);
  const cookie = await signIn();
  const token = await makeToken(cookie, orgSlug);
  const at = { orgSlug, projectSlug: "project-1" };
  const trpc = (path: string, input: object) => `/api/trpc/${path}?input=${encodeURIComponent(JSON.stringify({ json: input }))}`;
  const searches = ["function_1", "function_2999", "nothing like it", "game@1.3", "user-4242", crash];
  const states = ["received", "processing", "provisional", "complete", "rejected"];
  const addresses = [
    ...["", "/debug-files", "/audit", "/members"].map((page) => `/${orgSlug}${page}`),
    ...["/issues", "/crashes", "/processing-issues", "/settings", "/settings/limits", "/settings/refusals", "/settings/webhooks"].map(
      (page) => `/${orgSlug}/project-1${page}`,
    ),
    `/${orgSlug}/project-1/issues/${issue}`,
    // The page reads its report: one of those that were posted.
    `/${salvage.orgSlug}/${salvage.projectSlug}/crashes/${posted?.id}`,
    trpc("projects.list", { orgSlug }),
    trpc("projects.names", { orgSlug }),
    trpc("projects.bySlug", at),
    ...["crashes", "lastSeen", "firstSeen"].flatMap((sort) =>
      ["open", "resolved"].map((state) => trpc("issues.list", { ...at, sort, state })),
    ),
    ...["function_42", "nothing like it"].map((search) => trpc("issues.list", { ...at, search })),
    trpc("issues.byId", { orgSlug, issueId: issue }),
    trpc("crashes.list", at),
    trpc("crashes.list", { ...at, cursor: old }),
    ...states.flatMap((state) => [trpc("crashes.list", { ...at, state }), trpc("crashes.list", { ...at, state, issueId: issue })]),
    ...searches.map((search) => trpc("crashes.list", { ...at, search })),
    trpc("crashes.list", { ...at, search: "function_1", cursor: old }),
    trpc("crashes.byId", { orgSlug, crashId: crash }),
    trpc("crashes.status", { orgSlug, crashId: crash }),
    ...["blocking", "other", "ignored", "resolved"].map((filter) => trpc("missingFiles.list", { ...at, filter })),
    trpc("missingFiles.count", at),
    trpc("missingFiles.near", { orgSlug, missingFileId: missing }),
    trpc("debugFiles.list", { orgSlug }),
    ...["audio-17", "zzzz"].map((search) => trpc("debugFiles.list", { orgSlug, search })),
    trpc("uploads.recent", { orgSlug }),
    trpc("refusals.list", at),
    trpc("webhooks.list", at),
    trpc("audit.list", { orgSlug }),
    `/api/v1/organizations/${orgSlug}`,
    "/api/v1/projects/project-1/crashes",
    ...states.map((state) => `/api/v1/projects/project-1/crashes?state=${state}`),
    ...searches.map((search) => `/api/v1/projects/project-1/crashes?search=${encodeURIComponent(search)}`),
    `/api/v1/projects/project-1/crashes?issue=${issue}&limit=200`,
    "/api/v1/projects/project-1/missing-files?filter=blocking&limit=200",
    "/api/v1/projects/project-1/missing-files?filter=other",
  ];
  const slow: string[] = [];
  say("    p50    p95    max  (ms)");
  for (const address of addresses) {
    const times: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const since = performance.now();
      const headers = address.startsWith("/api/v1") ? { authorization: `Bearer ${token}` } : { cookie };
      const response = await fetch(`${salvage.publicUrl}${address}`, { headers, redirect: "manual" });
      const text = await response.text();
      if (response.status !== 200) throw new Error(`${address}: ${response.status} ${text.slice(0, 300)}`);
      times.push(performance.now() - since);
    }
    const p95 = quantile(times, 0.95);
    const name = decodeURIComponent(address.replace("/api/trpc/", "").replace("?input=", " ")).replace('{"json":', "");
    say(
      `${quantile(times, 0.5).toFixed(0).padStart(7)}${p95.toFixed(0).padStart(7)}${Math.max(...times)
        .toFixed(0)
        .padStart(7)}  ${name.slice(0, 150)}`,
    );
    if (p95 > goalMs) slow.push(name);
  }
  say(slow.length === 0 ? `all ${addresses.length} within ${goalMs} ms at p95` : `over ${goalMs} ms at p95: ${slow.join("; ")}`);
  if (slow.length > 0) process.exitCode = 1;
}

/** Half of all is past its time from now on; the worker's own schedule is triggered. */
async function retention(): Promise<void> {
  const total = await countDue();
  const alone = await beside(20);
  await salvage.query(`UPDATE projects SET report_retention_days = ${keptDays}`);
  const { path } = await findTemporal(join(repositoryRoot, ".toolchain"));
  await promisify(execFile)(path, ["schedule", "trigger", "--schedule-id", "retention", "--address", salvage.system.temporalAddress]);
  const since = performance.now();
  const meanwhile: number[] = [];
  let [left, seconds] = [total, 0];
  for (; left > 0 && seconds < retentionSeconds; seconds = (performance.now() - since) / 1000) {
    meanwhile.push(...(await beside(5)));
    left = await countDue();
  }
  const erased = total - left;
  say(`retention of ${total} crashes: ${erased} erased in ${seconds.toFixed(0)} s, ${(erased / seconds).toFixed(0)} per second`);
  say(
    `  a post is answered after p50 ${quantile(alone, 0.5).toFixed(0)} ms p99 ${quantile(alone, 0.99).toFixed(0)} ms without it, p50 ${quantile(meanwhile, 0.5).toFixed(0)} ms p99 ${quantile(meanwhile, 0.99).toFixed(0)} ms beside it`,
  );
}

/** Ten posts a second. @returns milliseconds of each answer */
async function beside(seconds: number): Promise<number[]> {
  const latencies: number[] = [];
  for (const endsAt = Date.now() + seconds * 1000; Date.now() < endsAt; ) {
    latencies.push((await sender.post(salvage, numbers++)).milliseconds);
    await sleep(100);
  }
  return latencies;
}

/** Crashes that retention has to erase. */
async function countDue(): Promise<number> {
  const [row] = await salvage.query<{ count: number }>(
    `SELECT count(*)::int AS count FROM crashes WHERE received_at < now() - interval '${keptDays} days'`,
  );
  return row?.count ?? 0;
}

/** @returns an API token of the organization, made as its page makes one */
async function makeToken(cookie: string, orgSlug: string): Promise<string> {
  const response = await fetch(`${salvage.publicUrl}/api/trpc/tokens.create`, {
    method: "POST",
    headers: { cookie, origin: salvage.publicUrl, "content-type": "application/json" },
    body: JSON.stringify({ json: { orgSlug, name: "bench", scopes: ["crash:read", "project:read", "debug-file:read"] } }),
  });
  const text = await response.text();
  const token = /"token":"([^"]+)"/.exec(text)?.[1];
  if (token === undefined) throw new Error(`no token: ${text}`);
  return token;
}

/** @returns the cookies of the signed-in owner */
async function signIn(): Promise<string> {
  const jar = new Map<string, string>();
  const go = async (path: string, init: RequestInit = {}) => {
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join("; ");
    const response = await fetch(`${salvage.publicUrl}${path}`, {
      redirect: "manual",
      ...init,
      headers: { cookie, origin: salvage.publicUrl },
    });
    for (const line of response.headers.getSetCookie()) {
      const pair = line.split(";")[0] ?? "";
      jar.set(pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1));
    }
    return response;
  };
  const { csrfToken } = (await (await go("/api/auth/csrf")).json()) as { csrfToken: string };
  const body = new URLSearchParams({
    email: "owner@example.org",
    password: "a password for tests only",
    csrfToken,
    callbackUrl: "/",
    json: "true",
  });
  await go("/api/auth/callback/credentials", { method: "POST", body });
  return [...jar].map(([name, value]) => `${name}=${value}`).join("; ");
}

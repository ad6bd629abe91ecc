/**
 * A whole Salvage under abuse: what each hostile post, upload, archive, debug file and dump is answered, how long it takes and what it costs in
 * memory; then what a thousand slow connections, a thousand hostile dumps and a flood of drops cost the normal traffic beside them. Prints tables;
 * exit code 1 when an answer is another than it must be. Linux only.
 *
 * usage: pnpm bench:abuse [posts] [uploads] [archives] [files] [dumps] [drops] [slow] [beside]     all parts when none is named
 */
import { execFile } from "node:child_process";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { hostilePosts } from "@salvage/testkit/hostile-posts";
import { type HostileFile, hostileArchives } from "../src/hostile/archives.ts";
import { hostileDebugFiles } from "../src/hostile/debug-files.ts";
import { hostileDumps } from "../src/hostile/dumps.ts";
import { hostileUploads } from "../src/hostile/uploads.ts";
import { startInstallation, until } from "../src/installation.ts";
import { usageOf } from "../src/processes.ts";
import { createSender, quantile } from "../src/sender.ts";

const parts = ["posts", "uploads", "archives", "files", "dumps", "drops", "slow", "beside"] as const;
const wanted = process.argv.slice(2);
const unknown = wanted.filter((part) => !(parts as readonly string[]).includes(part));
if (unknown.length > 0) throw new Error(`no part ${unknown.join(", ")}; there are ${parts.join(", ")}`);

const mebibyte = 1 << 20;
/** Smaller than usual, so that bombs need not be large: each unpacks to twice what is allowed. */
const limits = { MAX_DUMP_BYTES: 32 * mebibyte, MAX_REQUEST_BYTES: 40 * mebibyte, MAX_DEBUG_FILE_BYTES: 64 * mebibyte };
for (const [name, value] of Object.entries(limits)) process.env[name] = String(value);

const say = (line: string) => process.stdout.write(`${line}\n`);
const patienceMs = 180_000;
let wrong = 0;

const salvage = await startInstallation();
const port = Number(new URL(salvage.publicUrl).port);
const hostile = { projectId: salvage.projectId, publicKey: salvage.publicKey };
const minidumpPath = `/api/${hostile.projectId}/minidump/?sentry_key=${hostile.publicKey}`;
const sender = createSender(salvage, 8);
let numbers = 0;
try {
  await salvage.query("UPDATE client_keys SET rate_limit_per_minute = 1000000");
  await sender.post(hostile, numbers++);
  await allFinished();
  const run = (part: (typeof parts)[number]) => wanted.length === 0 || wanted.includes(part);
  if (run("posts")) await posts();
  if (run("uploads")) await uploads();
  if (run("archives")) await files("Archives", hostileArchives(2 * limits.MAX_DEBUG_FILE_BYTES));
  if (run("files")) await files("Debug files", hostileDebugFiles());
  if (run("dumps")) await dumps();
  if (run("drops")) await drops();
  if (run("slow")) await slow();
  if (run("beside")) await beside();
} finally {
  sender.close();
  await salvage.stop();
}
process.exit(wrong === 0 ? 0 : 1);

async function posts(): Promise<void> {
  heading("Posts of crashes", "ingest");
  for (const { name, skip, expect, run } of hostilePosts(2 * limits.MAX_DUMP_BYTES)) {
    if (skip !== null) say(`| ${name} | skipped: ${skip} | | |`);
    else await row(name, expect, ["ingest"], () => run(port, minidumpPath));
  }
}

async function uploads(): Promise<void> {
  heading("Uploads of debug files", "ingest");
  for (const { name, expect, run } of hostileUploads(2 * limits.MAX_DEBUG_FILE_BYTES))
    await row(name, expect, ["ingest"], () => run(salvage));
}

async function files(title: string, all: readonly HostileFile[]): Promise<void> {
  heading(title, "worker and its children");
  for (const { name, fileName, expect, bytes } of all) {
    const body = new Uint8Array(await bytes());
    await row(name, expect, ["worker", "children"], async () => {
      const path = `/api/v1/organizations/${salvage.orgSlug}/debug-files?name=${fileName}`;
      const headers = { Authorization: `Bearer ${salvage.token}` };
      const answer = await fetch(salvage.publicUrl + path, { method: "POST", body, headers });
      const text = await answer.text();
      if (answer.status !== 201) return `${answer.status} ${text}`;
      const { uploadId } = JSON.parse(text) as { uploadId: string };
      return await until(`a verdict on ${name}`, patienceMs, () => verdict(uploadId));
    });
  }
}

/** State and reasons of an upload that is checked. */
async function verdict(uploadId: string): Promise<string | null> {
  const { json } = await salvage.get(`/api/v1/uploads/${uploadId}`);
  const { state, reason, verdicts } = json as { state: string; reason?: string | null; verdicts?: { reason?: string | null }[] };
  if (state !== "ready" && state !== "rejected") return null;
  const reasons = new Set([reason, ...(verdicts ?? []).map((each) => each.reason)].filter((text) => typeof text === "string"));
  return [state, ...reasons].join(" ");
}

async function dumps(): Promise<void> {
  heading("Dumps", "worker and its children");
  for (const { name, expect, bytes } of hostileDumps()) {
    const body = bytes(0);
    await row(name, expect, ["worker", "children"], async () => {
      const answer = await postDump(body);
      if (answer.status !== 200) return `${answer.status} ${answer.text}`;
      return await until(`an end of ${name}`, patienceMs, () => endOf(answer.text));
    });
  }
}

async function postDump(body: Buffer): Promise<{ status: number; text: string }> {
  const headers = { "Content-Type": "application/x-dmp" };
  const answer = await fetch(`${salvage.publicUrl}${minidumpPath}`, { method: "POST", headers, body: new Uint8Array(body) });
  return { status: answer.status, text: await answer.text() };
}

async function endOf(crashId: string): Promise<string | null> {
  const [crash] = await salvage.query<{ state: string; rejection_reason: string | null }>(
    "SELECT state, rejection_reason FROM crashes WHERE id = $1 AND state NOT IN ('received', 'processing')",
    [crashId],
  );
  return crash === undefined ? null : [crash.state, crash.rejection_reason].filter((text) => text !== null).join(" ");
}

/** Normal traffic beside a thousand connections that dawdle. */
async function slow(): Promise<void> {
  normalHeading("slow connections");
  await normal("nothing", 25);
  const sockets = Array.from({ length: 1000 }, () => connect(port, "127.0.0.1"));
  for (const socket of sockets) {
    socket.on("error", () => undefined);
    socket.write(`POST ${minidumpPath} HTTP/1.1\r\nHost: h\r\nContent-Type: application/x-dmp\r\nContent-Length: 1000000\r\n\r\nMDMP`);
  }
  const trickle = setInterval(() => {
    for (const socket of sockets) socket.write(".");
  }, 1000);
  await normal("a thousand connections come at once, each sends a byte a second", 5);
  await normal("a thousand connections are there, each sends a byte a second", 25);
  clearInterval(trickle);
  for (const socket of sockets) socket.destroy();
}

/** Normal traffic beside a thousand hostile dumps, and beside as many harmless ones of the same size at the same rate. */
async function beside(): Promise<void> {
  normalHeading("a thousand crashes");
  await normal("nothing", 30);
  // The dearest one takes half an hour to work off: it comes last, and is not waited for.
  for (const { name, perSecond } of [
    { name: "35 bytes that claim two billion streams", perSecond: 40 },
    { name: "one stack of 4,000 frames shown to 3,000 threads", perSecond: 12.5 },
  ]) {
    const bytes =
      hostileDumps()
        .find((dump) => dump.name === name)
        ?.bytes(0).length ?? 0;
    await besideFlood("harmless", perSecond, bytes);
    await allFinished();
    await besideFlood(name, perSecond, bytes);
  }
}

/** @param kind name of a hostile dump, or `harmless`  @param bytes of each, at least */
async function besideFlood(kind: string, perSecond: number, bytes: number): Promise<void> {
  const program = fileURLToPath(new URL("../src/flood.ts", import.meta.url));
  const args = [program, salvage.publicUrl + minidumpPath, kind, "1000", String(perSecond), String(bytes)];
  const flood = promisify(execFile)(process.execPath, args);
  await normal(`1000 ${bytes > 1000 ? `of ${(bytes / 1e6).toFixed(1)} MB ` : ""}at ${perSecond} a second: ${kind}`, 1000 / perSecond + 5);
  const { accepted } = JSON.parse((await flood).stdout) as { accepted: number };
  if (accepted !== 1000) wrong++;
}

function normalHeading(beside: string): void {
  say(`\n## Normal traffic: ten crashes a second of another project, beside ${beside}\n`);
  say(
    "| beside it | answer p50 · p99 · longest | report p50 · p99 · longest | front door late, p99 | processor: ingest · database · worker · its children · senders |\n|---|---|---|---|---|",
  );
}

/** Ten posts a second for so many seconds, whatever becomes of those before. */
async function normal(name: string, seconds: number): Promise<void> {
  const project = await anotherProject();
  const answers: Promise<number>[] = [];
  const before = await usageOf(salvage.system, false);
  await ingestStoodStill();
  const since = performance.now();
  while (performance.now() < since + seconds * 1000) {
    answers.push(
      sender.post(project, numbers++).then(({ status, milliseconds }) => {
        if (status !== 200) wrong++;
        return milliseconds;
      }),
    );
    await sleep(Math.max(0, since + answers.length * 100 - performance.now()));
  }
  const latencies = await Promise.all(answers);
  const took = (performance.now() - since) / 1000;
  const stoodStill = await ingestStoodStill();
  const after = await usageOf(salvage.system, false);
  const times = await until("the normal traffic finished", patienceMs, async () => {
    const rows = await salvage.query<{ seconds: number | null }>(
      "SELECT extract(epoch FROM finished_at - received_at)::float8 AS seconds FROM crashes WHERE project_id = $1",
      [project.projectId],
    );
    return rows.every((each) => each.seconds !== null) ? rows.map((each) => each.seconds ?? 0) : null;
  });
  const shown = (values: readonly number[], digits: number) =>
    [0.5, 0.99, 1].map((share) => quantile(values, share).toFixed(digits)).join(" · ");
  const processor = ["ingest", "postgres", "worker", "children", "senders"].map((part) => {
    const spent = (after.get(part)?.cpuSeconds ?? 0) - (before.get(part)?.cpuSeconds ?? 0);
    return `${((100 * spent) / took).toFixed(0)} %`;
  });
  say(`| ${name} | ${shown(latencies, 0)} ms | ${shown(times, 2)} s | ${stoodStill.toFixed(0)} ms | ${processor.join(" · ")} |`);
}

/** Milliseconds by which the front door's event loop was late since this was asked last: the 99th percentile. */
async function ingestStoodStill(): Promise<number> {
  const text = await (await fetch(`${salvage.publicUrl}/metrics`)).text();
  return 1000 * Number(/^salvage_nodejs_eventloop_lag_p99_seconds (.+)$/m.exec(text)?.[1]);
}

/** Twenty connections post to a key over its rate for ten seconds: every one is counted before it is answered. */
async function drops(): Promise<void> {
  const project = await anotherProject(1);
  const many = createSender(salvage, 20);
  const commits = async () => {
    const [row] = await salvage.query<{ commits: number }>(
      "SELECT xact_commit::int AS commits FROM pg_stat_database WHERE datname = current_database()",
    );
    return row?.commits ?? 0;
  };
  await sleep(2000);
  const before = await commits();
  const latencies: number[] = [];
  const end = performance.now() + 10_000;
  await Promise.all(
    Array.from({ length: 20 }, async () => {
      while (performance.now() < end) latencies.push((await many.post(project, numbers++)).milliseconds);
    }),
  );
  const [counted] = await salvage.query<{ count: number; kept: number }>(
    `SELECT (SELECT coalesce(sum(count), 0)::int FROM refusal_counts WHERE project_id = $1) AS count, (SELECT count(*)::int FROM crashes WHERE project_id = $1) AS kept`,
    [project.projectId],
  );
  await sleep(2000);
  const written = (await commits()) - before;
  many.close();
  const sum = (counted?.count ?? 0) + (counted?.kept ?? 0);
  if (sum !== latencies.length) wrong++;
  say("\n## Drops: twenty connections over the rate, ten seconds\n");
  say(
    `${(latencies.length / 10).toFixed(0)} a second, p50 ${quantile(latencies, 0.5).toFixed(0)} ms, p99 ${quantile(latencies, 0.99).toFixed(0)} ms;`,
  );
  say(`${latencies.length} sent, ${sum} counted or kept when the last was answered; ${written} commits of the database, everything's`);
}

async function anotherProject(ratePerMinute = 1_000_000): Promise<{ projectId: string; publicKey: string }> {
  const [made] = await salvage.query<{ project_id: string; public_key: string }>(
    `WITH made AS (INSERT INTO projects (organization_id, slug, name) SELECT organization_id, 'p' || $3::int, 'Normal' FROM projects WHERE id = $1 RETURNING id, organization_id)
     INSERT INTO client_keys (id, organization_id, project_id, name, public_key, rate_limit_per_minute)
     SELECT gen_random_uuid(), organization_id, id, 'Default', md5(random()::text), $2::int FROM made RETURNING project_id::text, public_key`,
    [salvage.projectId, ratePerMinute, numbers++],
  );
  if (made === undefined) throw new Error("no project");
  return { projectId: made.project_id, publicKey: made.public_key };
}

async function allFinished(): Promise<void> {
  await until("all crashes finished", 600_000, async () => {
    const [row] = await salvage.query<{ open: number }>(
      "SELECT count(*)::int AS open FROM crashes WHERE state IN ('received', 'processing')",
    );
    return row?.open === 0 ? true : null;
  });
}

function heading(title: string, who: string): void {
  say(`\n## ${title}\n`);
  say(`| what | answer | time | memory of ${who}, MiB: before · most · after |\n|---|---|---|---|`);
}

/** Runs one case and prints its row. @param who parts whose memory is summed */
async function row(name: string, expect: RegExp, who: readonly string[], run: () => Promise<string>): Promise<void> {
  const memory = async () => {
    const usage = await usageOf(salvage.system, true);
    return who.reduce((sum, part) => sum + (usage.get(part)?.pssMib ?? 0), 0);
  };
  const before = await memory();
  let most = before;
  let running = true;
  const watch = (async () => {
    while (running) {
      most = Math.max(most, await memory());
      await sleep(100);
    }
  })();
  const since = performance.now();
  const answer = await run().catch((error: unknown) => `no answer: ${error instanceof Error ? error.message : error}`);
  const milliseconds = performance.now() - since;
  running = false;
  await watch;
  const right = expect.test(answer);
  if (!right) wrong++;
  const shown = `${right ? "" : "**WRONG** "}${inWords(answer)}`;
  const numbers = [before, most, await memory()].map((mib) => mib.toFixed(0)).join(" · ");
  say(
    `| ${name} | ${shown} | ${milliseconds < 10_000 ? `${milliseconds.toFixed(0)} ms` : `${(milliseconds / 1000).toFixed(0)} s`} | ${numbers} |`,
  );
}

/** An answer as a cell of a table: of a refusal its sentence and causes. */
function inWords(answer: string): string {
  const [, status, body = ""] = /^(\d{3}) (\{.*\})/s.exec(answer) ?? [];
  let text = answer.replace(/HTTP\/1\.1.*$/s, "");
  try {
    const { detail, error, causes = [] } = JSON.parse(body) as { detail?: string; error?: string; causes?: string[] };
    if (status !== undefined && (detail ?? error) !== undefined) text = [`${status} ${detail ?? error}`, ...causes].join(": ");
  } catch {
    // Another form of answer: it is shown as it is.
  }
  const line = text.replaceAll("|", "\\|").replace(/\s+/g, " ");
  return line.length > 150 ? `${line.slice(0, 149)}…` : line;
}

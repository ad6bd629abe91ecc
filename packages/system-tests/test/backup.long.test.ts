/**
 * A whole installation backed up in the middle of work, by the command, and restored into an empty home: everything that was accepted before is
 * there, what was queued is finished, what waits is upgraded by a file that comes later, the old password opens the door, every invariant holds,
 * and the doctor finds nothing, until something is broken. Logs are JSON lines throughout.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { repositoryRoot } from "@salvage/launcher";
import { brokenInvariants, leftovers } from "../chaos/invariants.ts";
import { ChaosStack } from "../chaos/stack.ts";
import { Traffic } from "../chaos/traffic.ts";
import { until } from "../src/installation.ts";

const seed = 4680;
const [finishedBuild, waitingBuild] = [1, 2];
let stack: ChaosStack;
let folder: string;
/** A folder of its own right below the temporary one: PostgreSQL's user must be able to reach it. */
let home: string;
before(async () => {
  home = await mkdtemp(join(tmpdir(), "salvage-restored-"));
  folder = await mkdtemp(join(tmpdir(), "salvage-backup-system-"));
  stack = await ChaosStack.start();
});
after(async () => {
  await stack.stop();
  await stack.closeProxies();
  await stack.remove();
  for (const path of [folder, home]) await rm(path, { recursive: true, force: true });
});

const salvage = async (home: string, more: NodeJS.ProcessEnv, ...args: string[]) =>
  await promisify(execFile)(join(repositoryRoot, "salvage"), args, {
    env: { ...process.env, SALVAGE_HOME: home, MIN_FREE_DISK_BYTES: "0", ...more },
  });

/** Signs in as a browser does. @returns the status of a page behind the door */
async function pageAfterSignIn(origin: string, password: string): Promise<number> {
  const cookies = new Map<string, string>();
  const ask = async (path: string, body?: URLSearchParams) => {
    const response = await fetch(`${origin}${path}`, {
      redirect: "manual",
      headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join("; ") },
      ...(body === undefined ? {} : { method: "POST", body }),
    });
    for (const cookie of response.headers.getSetCookie()) {
      const [name, value] = (cookie.split(";", 1)[0] ?? "").split("=");
      if (name !== undefined && value !== undefined) cookies.set(name, value);
    }
    return response;
  };
  const { csrfToken } = (await (await ask("/api/auth/csrf")).json()) as { csrfToken: string };
  await ask("/api/auth/callback/credentials", new URLSearchParams({ csrfToken, email: "owner@salvage.local", password, json: "true" }));
  return (await ask("/demo")).status;
}

/** Nothing while all is well; what is wrong, once Temporal stands still. */
async function doctorSays(stack: ChaosStack): Promise<void> {
  const port = new URL(stack.publicUrl).port;
  const ask = () => salvage(stack.home, { SALVAGE_PORT: port }, "doctor", "--json");
  // The invariants took Temporal's store away: the worker makes the schedules again within 15 s.
  await until("the doctor finds nothing", 60_000, async () => ((await ask()).stdout.includes('"level":"fine"') ? true : null));
  const temporal = stack.pidOf("temporal");
  assert.ok(temporal);
  process.kill(temporal, "SIGSTOP");
  try {
    await assert.rejects(ask(), (error: { code: number; stdout: string }) => error.code === 1 && /does not answer/.test(error.stdout));
  } finally {
    process.kill(temporal, "SIGCONT");
  }
}

async function assertJsonLines(path: string, app: string): Promise<void> {
  const lines = (await readFile(path, "utf8")).trim().split("\n");
  for (const text of lines) {
    const line = JSON.parse(text) as { level: string; time: string; app: string; msg: string };
    assert.ok(line.app === app && line.level !== "" && !Number.isNaN(Date.parse(line.time)) && typeof line.msg === "string", text);
  }
}

test("back from a backup that was made in the middle of work", async (t) => {
  const traffic = new Traffic(stack, seed);
  await Promise.all(Array.from({ length: 20 }, () => traffic.crash(finishedBuild)));
  await traffic.upload(finishedBuild);
  await Promise.all(Array.from({ length: 10 }, () => traffic.crash(waitingBuild)));
  await traffic.crash(waitingBuild, false);
  await until("some are finished", 60_000, async () => {
    const [row] = await stack.query<{ n: number }>("SELECT count(*)::int AS n FROM crashes WHERE state = 'provisional'");
    return (row?.n ?? 0) >= 10 ? true : null;
  });
  // A worker that is away leaves a queue; one that comes back finishes crashes, and deletes their dumps, while the backup copies.
  const worker = stack.pidOf("worker");
  assert.ok(worker);
  process.kill(worker, "SIGSTOP");
  await Promise.all(Array.from({ length: 30 }, () => traffic.crash(finishedBuild)));
  const before = new Set(traffic.sent.map((sent) => sent.crashId));
  let posting = true;
  const meanwhile = (async () => {
    while (posting) await traffic.crash(finishedBuild);
  })();
  const started = performance.now();
  setTimeout(() => process.kill(worker, "SIGCONT"), 500);
  const made = await salvage(stack.home, {}, "backup", join(folder, "backup"), "--json");
  t.diagnostic(`backup in ${((performance.now() - started) / 1000).toFixed(1)} s: ${made.stdout.trim()}`);
  posting = false;
  await meanwhile;
  assert.deepEqual(JSON.parse(made.stdout).lost_blobs, []);
  const password = /[a-z2-9]{4}(?:-[a-z2-9]{4}){4}/.exec(await readFile(join(stack.home, "launcher.log"), "utf8"))?.[0] ?? "";
  await until("dumps that had to wait are deleted after all", 60_000, async () => {
    const held = await stack.query<{ key: string }>("SELECT dump_blob_key AS key FROM crashes WHERE state = 'complete'");
    const there = await Promise.all(
      held.map(({ key }) =>
        stat(join(stack.home, "blobs", key)).then(
          () => true,
          () => false,
        ),
      ),
    );
    return held.length > 20 && !there.includes(true) ? true : null;
  });
  await stack.stop();

  const restoring = new Date().toISOString();
  const restoreStarted = performance.now();
  const back = await salvage(home, {}, "restore", join(folder, "backup"), "--keys", join(stack.home, "secrets.json"));
  t.diagnostic(`restore in ${((performance.now() - restoreStarted) / 1000).toFixed(1)} s: ${back.stdout.trim()}`);
  const twin = await stack.twin(home);
  try {
    const rows = await twin.query<{ id: string }>("SELECT id FROM crashes");
    const ids = new Set(rows.map((row) => row.id));
    assert.deepEqual(
      [...before].filter((id) => id === null || !ids.has(id)),
      [],
      "everything accepted before the backup is in it",
    );
    const known = new Traffic(twin, seed);
    known.sent.push(...traffic.sent.filter((sent) => sent.crashId !== null && ids.has(sent.crashId)));
    for (const build of traffic.uploaded) known.uploaded.add(build);
    assert.equal(await pageAfterSignIn(twin.publicUrl, password), 200);
    assert.notEqual(await pageAfterSignIn(twin.publicUrl, `${password}x`), 200);
    await known.upload(waitingBuild);
    await known.crash(waitingBuild);
    const broken = await brokenInvariants(twin, known);
    const reports = await twin.query(
      "SELECT r.crash_id, r.revision, r.kind, r.created_at, c.received_at FROM reports r JOIN crashes c ON c.id = r.crash_id WHERE c.revision > 2 ORDER BY 1, 2",
    );
    assert.deepEqual(broken, [], `restored at ${restoring}: ${JSON.stringify(reports)}`);
    const [queued] = await twin.query<{ n: number }>("SELECT count(*)::int AS n FROM crashes WHERE state = 'rejected'");
    assert.equal(queued?.n, 1, "the damaged one and no other: every sealed dump was opened");
    await doctorSays(twin);
    for (const app of ["ingest", "worker"]) await assertJsonLines(join(home, `logs/${app}.log`), app);
  } finally {
    await twin.stop();
    await twin.closeProxies();
  }
  assert.deepEqual(await leftovers(twin), []);
});

/** The process itself: starts from its settings, takes a crash while Temporal is away, ends in order; a wrong start ends in a sentence. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { startTestDatabase } from "@salvage/testkit/postgres";
import pg from "pg";
import { dumpOf, waitFor } from "./harness.ts";

const main = new URL("../src/main.ts", import.meta.url).pathname;

function startProcess(env: NodeJS.ProcessEnv) {
  const child: ChildProcess = spawn(process.execPath, [main], {
    env: { PATH: process.env.PATH, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const seen = { out: "", err: "", code: undefined as number | null | undefined };
  child.stdout?.on("data", (bytes) => {
    seen.out += bytes;
  });
  child.stderr?.on("data", (bytes) => {
    seen.err += bytes;
  });
  child.on("exit", (code) => {
    seen.code = code;
  });
  return { child, seen };
}

test("start, accept, end; occupied port and missing settings", async (t) => {
  const database = await startTestDatabase();
  const home = await mkdtemp(join(tmpdir(), "salvage-ingest-home-"));
  const admin = new pg.Client({ connectionString: database.databaseAdminUrl });
  await admin.connect();
  const organizationId = randomUUID();
  const publicKey = "a".repeat(32);
  await admin.query("INSERT INTO organizations (id, slug, name) VALUES ($1, 'o', 'o')", [organizationId]);
  const { rows } = await admin.query("INSERT INTO projects (organization_id, slug, name) VALUES ($1, 'p', 'p') RETURNING id", [
    organizationId,
  ]);
  const projectId = String(rows[0].id);
  await admin.query("INSERT INTO client_keys (id, organization_id, project_id, name, public_key) VALUES ($1, $2, $3, 'k', $4)", [
    randomUUID(),
    organizationId,
    projectId,
    publicKey,
  ]);
  const env = {
    SALVAGE_HOME: home,
    PUBLIC_URL: "http://localhost:4680",
    PORT: "0",
    HOST: "127.0.0.1",
    WEB_URL: "http://127.0.0.1:1",
    DATABASE_URL: database.databaseUrl,
    DATABASE_SYSTEM_URL: database.databaseSystemUrl,
    TEMPORAL_ADDRESS: "127.0.0.1:1",
    SALVAGE_SECRET: "s".repeat(40),
    MIN_FREE_DISK_BYTES: "0",
  };
  const { child, seen } = startProcess(env);
  t.after(async () => {
    child.kill("SIGKILL");
    await admin.end();
    await database.stop();
    await rm(home, { recursive: true, force: true });
  });

  await waitFor("listening", () => /"port":\d+/.test(seen.out), 30_000);
  const port = /"port":(\d+)/.exec(seen.out)?.[1];
  assert.equal((await fetch(`http://127.0.0.1:${port}/ready`)).status, 200);
  const url = `http://127.0.0.1:${port}/api/${projectId}/minidump?sentry_key=${publicKey}`;
  const answer = await fetch(url, {
    method: "POST",
    body: new Uint8Array(dumpOf(5_000)),
    headers: { "Content-Type": "application/x-dmp" },
  });
  const crashId = await answer.text();
  assert.equal(answer.status, 200, crashId);
  assert.equal((await admin.query("SELECT state FROM crashes WHERE id = $1", [crashId])).rows[0]?.state, "received");
  // Refused right before the end: the count must not be lost.
  assert.equal((await fetch(url, { method: "POST", body: "text" })).status, 400);

  child.kill("SIGTERM");
  await waitFor("ended", () => seen.code !== undefined, 15_000);
  assert.equal(seen.code, 0, seen.err);
  assert.equal((await admin.query("SELECT count FROM refusal_counts WHERE reason = 'malformed_multipart'")).rows[0]?.count, 1);
  assert.ok(!seen.out.includes(publicKey) && !seen.out.includes("s".repeat(40)));
  for (const line of seen.out.trim().split("\n")) assert.equal(JSON.parse(line).app, "ingest");

  const blocker = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => blocker.once("listening", resolve));
  t.after(() => blocker.close());
  const occupied = startProcess({ ...env, PORT: String((blocker.address() as AddressInfo).port) });
  await waitFor("refused to start", () => occupied.seen.code !== undefined, 30_000);
  assert.equal(occupied.seen.code, 1);
  assert.match(occupied.seen.err, /^ingest cannot start: listen EADDRINUSE.*; end the other process or set PORT\n$/);

  const empty = startProcess({ ...env, SALVAGE_SECRET: "short" });
  await waitFor("refused to start", () => empty.seen.code !== undefined, 30_000);
  assert.match(empty.seen.err, /^SALVAGE_SECRET must have at least 32 characters\n$/);
});

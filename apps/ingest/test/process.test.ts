/** The process itself: starts from its settings, takes a crash while Temporal is away, ends in order; a wrong start ends in a sentence. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { dumpOf, waitFor } from "./harness.ts";
import { ingestCommand, ingestEnv } from "./ingest-process.ts";
import { startTenants } from "./tenants.ts";

function startProcess(env: NodeJS.ProcessEnv) {
  const child: ChildProcess = spawn(process.execPath, ingestCommand.args, {
    cwd: ingestCommand.cwd,
    env,
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
  const tenants = await startTenants();
  const { projectId, publicKey } = tenants.a;
  const home = await mkdtemp(join(tmpdir(), "salvage-ingest-home-"));
  const env = ingestEnv(tenants.database, home);
  const { child, seen } = startProcess(env);
  t.after(async () => {
    child.kill("SIGKILL");
    await tenants.stop();
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
  assert.equal((await tenants.rows<{ state: string }>("SELECT state FROM crashes WHERE id = $1", crashId))[0]?.state, "received");
  // Refused right before the end: the count must not be lost.
  assert.equal((await fetch(url, { method: "POST", body: "text" })).status, 400);

  child.kill("SIGTERM");
  await waitFor("ended", () => seen.code !== undefined, 15_000);
  assert.equal(seen.code, 0, seen.err);
  assert.equal((await tenants.refusals(tenants.a)).malformed_multipart, 1);
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

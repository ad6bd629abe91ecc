/** The three operations pages over a real socket. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { metrics } from "./metrics.ts";
import { type Readiness, startOpsServer } from "./ops.ts";

test("health, ready and metrics", async (t) => {
  let checks: Readiness = { database: null };
  let waiting: number | null = 3;
  const measure = async () => {
    if (waiting === null) throw new Error("the database is away");
    metrics.queuedCrashes.set(waiting);
  };
  const ops = await startOpsServer({ port: 0, ready: async () => checks, measure, metricsToken: "scrape-me" });
  t.after(() => ops.close());
  const base = `http://127.0.0.1:${ops.port}`;
  assert.equal((await fetch(`${base}/health`)).status, 200);
  assert.equal((await fetch(`${base}/ready`)).status, 200);
  checks = { database: "not reachable" };
  const notReady = await fetch(`${base}/ready`);
  assert.equal(notReady.status, 503);
  assert.deepEqual(await notReady.json(), { status: "not ready", checks });

  metrics.crashesRefused.inc({ reason: "wrong_key" }, 2);
  assert.match(await (await fetch(`${base}/metrics`)).text(), /salvage_ingest_crashes_refused_total\{reason="wrong_key"\} 2/);
  assert.match(await (await fetch(`${base}/metrics`)).text(), /^salvage_queue_crashes 3$/m);
  waiting = null;
  assert.match(await (await fetch(`${base}/metrics`)).text(), /^salvage_queue_crashes 3$/m, "the last value, and an answer");
  const forwarded = { "X-Forwarded-For": "203.0.113.9" };
  assert.equal((await fetch(`${base}/metrics`, { headers: forwarded })).status, 404);
  assert.equal((await fetch(`${base}/metrics`, { headers: { ...forwarded, Authorization: "Bearer scrape-me" } })).status, 200);
  assert.equal((await fetch(`${base}/metrics`, { headers: { Authorization: "Bearer wrong" } })).status, 404);
  assert.equal((await fetch(`${base}/health`, { method: "POST" })).status, 405);
  assert.equal((await fetch(`${base}/other`)).status, 404);
});

/** A short run of chaos: one round of blows from a fixed seed under load, then every invariant. `pnpm chaos` is the long form. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { runChaos } from "../chaos/chaos.ts";

// What this seed draws for its first round kills none whose lease or heartbeat is waited for; the housekeeping after it kills Temporal and the worker.
// `killed.test.ts` kills a worker in a batch and in an arrival, and PostgreSQL.
test("ingest, children and the dashboard killed under load: nothing lost, nothing twice, nothing left behind", async (t) => {
  const { broken, blows } = await runChaos({ seed: 3341, kills: 4, say: (line) => t.diagnostic(line) });
  assert.deepEqual(broken, [], JSON.stringify(blows));
});

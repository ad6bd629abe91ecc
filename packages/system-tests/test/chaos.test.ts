/** A short run of chaos: one round of blows from a fixed seed under load, then every invariant. `pnpm chaos` is the long form. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { runChaos } from "../chaos/chaos.ts";

// What this seed draws for its first round kills none with a lease or a heartbeat to wait for, and the housekeeping after it kills Temporal and the worker.
test("ingest, PostgreSQL and a child killed under load, the blob store failing: nothing lost, nothing twice, nothing left behind", async (t) => {
  const { broken, blows } = await runChaos({ seed: 3344, kills: 4, say: (line) => t.diagnostic(line) });
  assert.deepEqual(broken, [], JSON.stringify(blows));
});

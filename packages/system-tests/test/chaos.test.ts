/** A short run of chaos: one round of blows from a fixed seed under load, then every invariant. `pnpm chaos` is the long form. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { runChaos } from "../chaos/chaos.ts";

// Of the first round with this seed: ingest before the row, an import after it published, PostgreSQL, Temporal, a worker before it commits.
test("five blows under load: nothing lost, nothing twice, nothing left behind", async (t) => {
  const { broken, blows } = await runChaos({ seed: 44, kills: 4, say: (line) => t.diagnostic(line) });
  assert.deepEqual(broken, [], JSON.stringify(blows));
});

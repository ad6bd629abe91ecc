/** A short run of chaos: a few blows from a fixed seed under load, then every invariant. `pnpm chaos` is the long form. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { runChaos } from "../chaos/chaos.ts";

test("five blows under load: nothing lost, nothing twice, nothing left behind", async (t) => {
  const { broken, blows } = await runChaos({ seed: 20, kills: 5, say: (line) => t.diagnostic(line) });
  assert.deepEqual(broken, [], JSON.stringify(blows));
});

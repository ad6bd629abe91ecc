/** Drops are counted before they are answered, and a flood of them shares its writes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { RefusalCount } from "@salvage/db/system";
import { createLogger } from "@salvage/telemetry";
import { createRefusals } from "./refusals.ts";

const logger = createLogger({ app: "ingest", destination: { write: () => undefined } });

test("a flood: every drop is written when its flush resolves, in few writes", async (t) => {
  const written: RefusalCount[][] = [];
  const db = {
    async count(refusals: readonly RefusalCount[]) {
      await sleep(1);
      written.push([...refusals]);
    },
  };
  const refusals = createRefusals({ refusals: db }, logger);
  t.after(() => refusals.close());
  const total = () => written.flat().reduce((sum, { count }) => sum + count, 0);
  let sent = 0;
  const since = performance.now();
  const sender = async () => {
    for (let i = 0; i < 20; i++) {
      refusals.count("1", "rate_limited", "over the rate");
      const mine = ++sent;
      await refusals.flush();
      assert.ok(total() >= mine, "it is in the database, and all before it");
      // Senders are not in step with the writes.
      await sleep(i % 5);
    }
  };
  await Promise.all(Array.from({ length: 30 }, sender));
  assert.equal(total(), 600);
  const seconds = (performance.now() - since) / 1000;
  assert.ok(written.length <= 2 + seconds * 50, `${written.length} writes in ${seconds.toFixed(2)} s`);
});

/** What a worker asks of Temporal beside its work: the namespace it needs, and how many workers there are. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { taskQueues } from "@salvage/contracts";
import { createLogger } from "@salvage/telemetry";
import { Client } from "@temporalio/client";
import { createFleet } from "../src/fleet.ts";
import { ensureNamespace } from "../src/namespace.ts";
import { startTemporalHarness, type TemporalHarness } from "./temporal-harness.ts";

const logger = createLogger({ app: "worker-test", level: "error" });
let harness: TemporalHarness;
before(async () => {
  harness = await startTemporalHarness();
});
after(() => harness.stop());

test("a namespace that Temporal does not have is made, once, however many workers start", async () => {
  const { connection } = harness.client;
  const client = new Client({ connection, namespace: `made-${randomBytes(6).toString("hex")}` });
  await Promise.all([ensureNamespace(client, logger), ensureNamespace(client, logger)]);
  await ensureNamespace(client, logger);
  const { namespaceInfo } = await client.workflowService.describeNamespace({ namespace: client.options.namespace });
  assert.equal(namespaceInfo?.name, client.options.namespace);
});

test("the workers that wait for batches are counted, one that is gone no more", async () => {
  let time = Date.now();
  const workers = createFleet(harness.client, () => time);
  assert.equal(await workers(), 1, "whoever asks is one");
  const { connection, workflowService: service } = harness.client;
  const { namespace } = harness.temporal;
  const gone = new AbortController();
  const asks = ["a", "b", "c"].map((identity) => {
    const question = { namespace, identity, taskQueue: { name: taskQueues.intake } };
    const ask = () => connection.withDeadline(Date.now() + 30_000, () => service.pollActivityTaskQueue(question));
    return connection.withAbortSignal(gone.signal, ask).catch(() => undefined);
  });
  try {
    let counted = 0;
    for (const patience = Date.now() + 20_000; counted !== 3 && Date.now() < patience; await sleep(200)) {
      counted = await createFleet(harness.client)();
    }
    assert.equal(counted, 3);
    assert.equal(await workers(), 1, "not asked again at once");
    time += 11_000;
    assert.equal(await workers(), 3);
    time += 200_000;
    assert.equal(await workers(), 1, "nobody asked for work in the last minute");
  } finally {
    gone.abort();
    await Promise.all(asks);
  }
});

/** Lanes against a real Temporal server: what arrives there, and what happens when none answers. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { pokeSignal, taskQueues, workflowIds, workflowTypes } from "@salvage/contracts";
import { startTestTemporal, type TestTemporal } from "@salvage/testkit/temporal";
import { Client, Connection } from "@temporalio/client";
import { createLanes } from "./index.ts";

const silent = { warn: () => {} };

describe("lanes on a real server", () => {
  let temporal: TestTemporal;
  let connection: Connection;
  let client: Client;
  before(async () => {
    temporal = await startTestTemporal();
    connection = await Connection.connect({ address: temporal.address });
    client = new Client({ connection, namespace: temporal.namespace });
  });
  after(async () => {
    await connection.close();
    await temporal.stop();
  });

  test("a burst of pokes starts one lane with few signals", async () => {
    const lanes = createLanes({ ...temporal, logger: silent });
    for (let i = 0; i < 500; i++) {
      lanes.pokeIntake("7");
      if (i % 100 === 0) await sleep(10);
    }
    await lanes.close();
    const handle = client.workflow.getHandle(workflowIds.intake("7"));
    const description = await handle.describe();
    assert.equal(description.type, workflowTypes.intake);
    assert.equal(description.taskQueue, taskQueues.main);
    const { events } = await handle.fetchHistory();
    const signals = (events ?? []).filter((event) => event.workflowExecutionSignaledEventAttributes?.signalName === pokeSignal);
    assert.ok(signals.length >= 1 && signals.length <= 2, `${signals.length} signals for 500 pokes`);
  });

  test("an import and a webhook start once, an arrival is signalled each time", async () => {
    const lanes = createLanes({ ...temporal, logger: silent });
    await Promise.all([lanes.startImport("u1"), lanes.startImport("u1")]);
    await Promise.all([lanes.startWebhook("d1"), lanes.startWebhook("d1")]);
    await lanes.pokeArrival("o1", "K1");
    await lanes.pokeArrival("o1", "K1");
    for (const workflowId of [workflowIds.import("u1"), workflowIds.webhook("d1"), workflowIds.arrival("o1", "K1")]) {
      assert.equal((await client.workflow.getHandle(workflowId).describe()).status.name, "RUNNING", workflowId);
    }
    const { events } = await client.workflow.getHandle(workflowIds.arrival("o1", "K1")).fetchHistory();
    assert.equal((events ?? []).filter((event) => event.workflowExecutionSignaledEventAttributes).length, 2);
    assert.equal(await lanes.arrivalProgress("o1", "no such key"), null);
    await lanes.close();
  });
});

test("without a server every call returns, and the failure is logged", async () => {
  const lines: object[] = [];
  const lanes = createLanes({
    address: "127.0.0.1:1",
    logger: { warn: (fields) => lines.push(fields) },
    port: {
      signalWithStart: () => Promise.reject(new Error("away")),
      startOnce: () => Promise.reject(new Error("away")),
      query: () => Promise.reject(new Error("away")),
      close: () => Promise.resolve(),
    },
  });
  lanes.pokeIntake("1");
  await lanes.startImport("u");
  await lanes.pokeArrival("o", "k");
  await lanes.startWebhook("d");
  assert.equal(await lanes.arrivalProgress("o", "k"), null);
  await lanes.close();
  assert.equal(lines.length, 1, "one line, not one per failure");
});

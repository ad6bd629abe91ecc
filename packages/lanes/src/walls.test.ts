/**
 * Starts of workflows between tenants. What can be asked for is listed, and who may name what: a start carries ids alone, the worker takes the
 * organization from the row that the id names, and where two organizations may mean different things by one word, the organization is part of the
 * workflow's id. A new start fails here until it is listed.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { workflowIds, workflowTypes } from "@salvage/contracts";
import { createLanes, type LaneClientPort, type Lanes, type StartRequest } from "./index.ts";

const hostile = "b'; -- ../../arrival/o2/K";

/** Every method that reaches Temporal, called with `id`, and what of its input names an owner. */
const starts: Record<Exclude<keyof Lanes, "close">, { call(lanes: Lanes, id: string): unknown; input: string[] | null }> = {
  // Rows of the project are claimed, and each row says whose it is.
  pokeIntake: { call: (lanes, id) => lanes.pokeIntake(id), input: ["projectId"] },
  // The upload's row says whose it is.
  startImport: { call: (lanes, id) => lanes.startImport(id), input: ["uploadId"] },
  // A file key means another file in each organization: crashes are looked up by both.
  pokeArrival: { call: (lanes, id) => lanes.pokeArrival("o1", id), input: ["cursor", "done", "fileKey", "organizationId"] },
  // The delivery's row says whose it is.
  startWebhook: { call: (lanes, id) => lanes.startWebhook(id), input: ["deliveryId"] },
  // A question, answered for the organization in the id.
  arrivalProgress: { call: (lanes, id) => lanes.arrivalProgress("o1", id), input: null },
};

async function asked(name: keyof typeof starts, id: string): Promise<(StartRequest | { workflowId: string })[]> {
  const seen: (StartRequest | { workflowId: string })[] = [];
  const port: LaneClientPort = {
    signalWithStart: async (request) => void seen.push(request),
    startOnce: async (request) => void seen.push(request),
    query: async (workflowId) => void seen.push({ workflowId }),
    close: async () => undefined,
  };
  const lanes = createLanes({ address: "127.0.0.1:1", logger: { warn: () => undefined }, port });
  await starts[name].call(lanes, id);
  await lanes.close();
  return seen;
}

test("every way to start or ask a workflow is listed", () => {
  const lanes = createLanes({ address: "127.0.0.1:1", logger: { warn: () => undefined } });
  assert.deepEqual([...Object.keys(starts), "close"].toSorted(), Object.keys(lanes).toSorted());
  // Those of the schedules have no input, and nobody asks for them.
  assert.deepEqual(Object.keys(workflowTypes).toSorted(), ["arrival", "import", "intake", "refresh", "retention", "sweep", "webhook"]);
});

for (const name of Object.keys(starts) as (keyof typeof starts)[]) {
  test(`${name} says ids and nothing else, and reaches one workflow`, async () => {
    for (const id of ["7", hostile]) {
      const [request, ...more] = await asked(name, id);
      assert.ok(request !== undefined);
      assert.deepEqual(more, []);
      assert.ok(request.workflowId.endsWith(id), request.workflowId);
      if ("input" in request) assert.deepEqual(Object.keys(request.input as object).toSorted(), starts[name].input);
      else assert.equal(starts[name].input, null);
    }
  });
}

test("one file key of two organizations is two workflows, and no key of one spells the other's", () => {
  assert.notEqual(workflowIds.arrival("o1", "K"), workflowIds.arrival("o2", "K"));
  assert.notEqual(workflowIds.arrival("o1", "../o2/K"), workflowIds.arrival("o2", "K"));
  const ids = [workflowIds.intake("7"), workflowIds.import("7"), workflowIds.webhook("7"), workflowIds.arrival("7", "7")];
  assert.equal(new Set(ids).size, ids.length);
});

/**
 * Records one history of each workflow into test/histories: `node test/record-histories.ts`. Run it when a workflow was
 * changed on purpose *and* no deployment can still be running the old code; otherwise the change needs `patched()`, and the
 * stored histories must keep replaying.
 */
import { writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { fileURLToPath } from "node:url";
import { pokeSignal, taskQueues, workflowIds, workflowTypes } from "@salvage/contracts";
import { historyToJSON } from "@temporalio/common/lib/proto-utils.js";
import type { UpgradePage } from "../src/activities/upgrade.ts";
import { ensureBundle, startTemporalHarness } from "./temporal-harness.ts";

const harness = await startTemporalHarness();
const { workflow } = harness.client;

/** Answers one after the other, the last one for ever. */
function sequence<T>(...answers: T[]): () => Promise<T> {
  let next = 0;
  return async () => answers[Math.min(next++, answers.length - 1)] as T;
}

const page = (part: Partial<UpgradePage>): UpgradePage => ({
  visited: 1,
  upgraded: 1,
  busy: 0,
  waiting: 0,
  next: null,
  cut: false,
  ...part,
});
const activities = {
  processBatch: sequence(
    { claimed: 64, empty: false },
    { claimed: 64, empty: false },
    { claimed: 12, empty: true },
    { claimed: 0, empty: true },
  ),
  upgradePage: sequence(page({ next: "2", waiting: 2 }), page({ busy: 1, waiting: 1 }), page({})),
  importFiles: async () => ({ organizationId: "o", awaitedFileKeys: ["K"] }),
  wakeArrivals: async () => {},
  attemptDelivery: sequence<{ nextAttemptInMs: number | null }>({ nextAttemptInMs: 10 }, { nextAttemptInMs: null }),
  sweepOnce: async () => {},
  retainOnce: async () => {},
  refreshSymcaches: async () => ({ more: false }),
};

async function record(name: string, workflowType: string, workflowId: string, input: object | null, poked: boolean): Promise<void> {
  const start = { workflowId, taskQueue: taskQueues.main, args: input === null ? [] : [input] };
  const handle = poked
    ? await workflow.signalWithStart(workflowType, { ...start, signal: pokeSignal, signalArgs: [] })
    : await workflow.start(workflowType, start);
  await workflow.getHandle(workflowId).result();
  const history = await workflow.getHandle(handle.workflowId).fetchHistory();
  const path = fileURLToPath(new URL(`./histories/${name}.json`, import.meta.url));
  // Names of the machine that recorded it say nothing.
  const json = JSON.parse(historyToJSON(history), (_, value) =>
    typeof value === "string" ? value.replaceAll(hostname(), "recorder") : value,
  );
  await writeFile(path, `${JSON.stringify(json, null, 2)}\n`);
}

try {
  await harness.worker({ taskQueue: taskQueues.main, workflowBundle: { codePath: await ensureBundle() }, activities });
  for (const taskQueue of [taskQueues.intake, taskQueues.upgrade, taskQueues.import]) await harness.worker({ taskQueue, activities });
  await record("intake", workflowTypes.intake, workflowIds.intake("1"), { projectId: "1" }, true);
  await record(
    "arrival",
    workflowTypes.arrival,
    workflowIds.arrival("o", "K"),
    { organizationId: "o", fileKey: "K", cursor: null, done: 0 },
    true,
  );
  await record("import-upload", workflowTypes.import, workflowIds.import("u"), { uploadId: "u" }, false);
  await record("deliver-webhook", workflowTypes.webhook, workflowIds.webhook("d"), { deliveryId: "d" }, false);
  await record("sweep", workflowTypes.sweep, "sweep-recorded", null, false);
  await record("retention", workflowTypes.retention, "retention-recorded", null, false);
  await record("refresh-symcaches", workflowTypes.refresh, "refresh-recorded", null, false);
} finally {
  await harness.stop();
}

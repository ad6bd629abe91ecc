/**
 * Runs every few minutes and lets go of what the promises say must go: minidumps whose crash is complete or whose waiting
 * time ended, crashes past their project's retention, erased projects and debug files, blobs that no row knows.
 * Guarantees the order: a row says "deleted" and is committed before its blob is removed.
 */
import { taskQueues } from "@salvage/contracts/workflow-names";
import { proxyActivities } from "@temporalio/workflow";
import type { RetentionActivities } from "../activities/retention.ts";

// Deletes in pages and heartbeats between them; each kind of thing has its minutes, what is left is the next run's. Repeatable by nature.
const { retainOnce } = proxyActivities<RetentionActivities>({
  taskQueue: taskQueues.main,
  startToCloseTimeout: "30 minutes",
  heartbeatTimeout: "1 minute",
  retry: { maximumAttempts: 2 },
});

/** One round; started by its schedule. */
export async function retention(): Promise<void> {
  await retainOnce();
}

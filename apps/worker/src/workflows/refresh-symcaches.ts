/**
 * Makes the lookup files anew that an earlier version of Salvage wrote in an older format. Started by its schedule; usually there is nothing to do.
 * Guarantees that in the end every debug file has a lookup file that this version reads, or is known to have none.
 */
import { taskQueues } from "@salvage/contracts/workflow-names";
import { continueAsNew, proxyActivities } from "@temporalio/workflow";
import type { RefreshActivities } from "../activities/refresh.ts";

// Converting twenty large files takes minutes; on the import queue, so that uploads and this take turns.
const { refreshSymcaches: refreshSome } = proxyActivities<RefreshActivities>({
  taskQueue: taskQueues.import,
  startToCloseTimeout: "2 hours",
  heartbeatTimeout: "1 minute",
  retry: { initialInterval: "5 seconds", maximumInterval: "1 minute", maximumAttempts: 6 },
});

/** One round, and another while more are left. */
export async function refreshSymcaches(): Promise<void> {
  const { more } = await refreshSome();
  if (more) await continueAsNew<typeof refreshSymcaches>();
}

/**
 * Runs every half minute and puts back to work what lost its worker, its poke or its workflow: rows in PostgreSQL are the
 * truth, and whatever Temporal forgot (even its whole store) is found here. Guarantees nothing by itself but that.
 */
import { taskQueues } from "@salvage/contracts/workflow-names";
import { proxyActivities } from "@temporalio/workflow";
import type { SweepActivities } from "../activities/sweep.ts";

// A handful of queries and signals. No long retry: the next sweep is half a minute away.
const { sweepOnce } = proxyActivities<SweepActivities>({
  taskQueue: taskQueues.main,
  startToCloseTimeout: "1 minute",
  retry: { maximumAttempts: 2 },
});

/** One sweep; started by its schedule. */
export async function sweep(): Promise<void> {
  await sweepOnce();
}

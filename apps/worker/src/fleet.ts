/**
 * What one worker knows of the others, asked of Temporal: a lane keeps so many batches in flight that all of them take part. Nobody has to be told
 * when a worker is added or taken away.
 */
import { taskQueues } from "@salvage/contracts";
import type { Client } from "@temporalio/client";

const askEveryMs = 10_000;
/** A worker that waits for work asks for it once a minute. */
const seenWithinMs = 70_000;
/** More than one lane's history would like. */
const maxWorkers = 16;
const activityQueue = 2;

/** @returns how many workers take intake batches, this one included; the last known number when Temporal does not answer */
export function createFleet(client: Client, now: () => number = Date.now): () => Promise<number> {
  let askedAt = Number.NEGATIVE_INFINITY;
  let known: Promise<number> = Promise.resolve(1);

  async function ask(): Promise<number> {
    const { pollers } = await client.workflowService.describeTaskQueue({
      namespace: client.options.namespace,
      taskQueue: { name: taskQueues.intake },
      taskQueueType: activityQueue,
    });
    const seen = (pollers ?? []).filter(({ lastAccessTime }) => now() - Number(lastAccessTime?.seconds ?? 0) * 1000 < seenWithinMs);
    return Math.min(Math.max(new Set(seen.map(({ identity }) => identity)).size, 1), maxWorkers);
  }

  return () => {
    if (now() - askedAt >= askEveryMs) {
      askedAt = now();
      const before = known;
      known = ask().catch(() => before);
    }
    return known;
  };
}

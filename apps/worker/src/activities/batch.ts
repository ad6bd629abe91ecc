/**
 * What intake and upgrade batches have in common: how much one batch does, how it stays alive, and when it stops early.
 */

import type { SystemCrashes } from "@salvage/db/system";
import { type Logger, reportError } from "@salvage/telemetry";
import { Context } from "@temporalio/activity";

export const batchLimits = {
  maxCrashes: 64,
  /** No crash is started after this time; those under way finish. */
  workMs: 5_000,
  /** How long a claim holds without a heartbeat. Shorter than the workflows' heartbeat timeout: when Temporal gives a dead worker's batch to another, the crashes are free. */
  leaseMs: 15_000,
} as const;

/** Well under the lease and under the workflows' heartbeat timeout. */
const heartbeatMs = 5_000;

export type Batch = {
  /** False once the time is up, the worker shuts down or Temporal took the batch away. */
  mayStart(): boolean;
  /** The batch's heartbeat also extends the leases of this token. */
  holds(claimToken: string): void;
  letsGo(claimToken: string): void;
};

/** Runs `work` inside an activity, heartbeating to Temporal and to the leases it holds. */
export async function inBatch<T>(
  ports: { crashes: Pick<SystemCrashes, "heartbeatClaim">; stopping: AbortSignal; logger: Logger },
  work: (batch: Batch) => Promise<T>,
): Promise<T> {
  const activity = Context.current();
  const endsAt = Date.now() + batchLimits.workMs;
  const tokens = new Set<string>();
  const timer = setInterval(() => {
    activity.heartbeat();
    for (const token of tokens) {
      ports.crashes.heartbeatClaim(token, batchLimits.leaseMs).catch((error: unknown) => reportError(ports.logger, "lease", error));
    }
  }, heartbeatMs);
  try {
    return await work({
      mayStart: () => Date.now() < endsAt && !ports.stopping.aborted && !activity.cancellationSignal.aborted,
      holds: (token) => tokens.add(token),
      letsGo: (token) => tokens.delete(token),
    });
  } catch (error) {
    // No crash's fault: the surroundings'. Temporal tries again for as long as it takes, and somebody should know.
    reportError(ports.logger, "batch", error);
    throw error;
  } finally {
    clearInterval(timer);
  }
}

/** The intake batch: claims received crashes of one project and makes their first reports, until none is left or the time is up. */
import type { IntakeInput } from "@salvage/contracts";
import type { ClaimedBatch, ClaimedCrash, SystemFiles } from "@salvage/db/system";
import { metrics } from "@salvage/telemetry";
import { failPoint } from "@salvage/telemetry/fail-points";
import { BatchContext } from "../processing/batch-context.ts";
import { type FollowUpPorts, FollowUps } from "../processing/follow-ups.ts";
import { workThrough } from "../processing/pool-of-work.ts";
import { type CrashWork, type ProcessPorts, processCrash } from "../processing/process-crash.ts";
import { type Batch, batchLimits, inBatch } from "./batch.ts";

export type IntakePorts = ProcessPorts &
  FollowUpPorts & {
    files: SystemFiles;
    /** Crashes of one batch under way at once: enough to keep the children busy while others wait for the database. */
    concurrency: number;
    /** Aborted when the worker shuts down in good order. */
    stopping: AbortSignal;
  };

/**
 * `empty`: the last claim found nothing to take. `workers`: so many take batches. `othersMay`: crashes are left whose key this worker lacks, and another
 * may have. The last two are absent in what older workers answered.
 */
export type IntakeBatch = { claimed: number; empty: boolean; workers?: number; othersMay?: boolean };

export type IntakeActivities = ReturnType<typeof createIntakeActivities>;

/** @param workers how many workers take batches now */
export function createIntakeActivities(ports: IntakePorts, workers: () => Promise<number>) {
  return {
    /** Idempotent: rows are claimed with a lease and finished by compare-and-set, so a repeated batch finds only what is left. */
    async processBatch({ projectId }: IntakeInput): Promise<IntakeBatch> {
      return await inBatch(ports, async (batch) => {
        let claimed = 0;
        while (batch.mayStart() && claimed < batchLimits.maxCrashes) {
          failPoint("worker.before-claim");
          const limit = batchLimits.maxCrashes - claimed;
          const taken = await ports.crashes.claimBatch({
            ...{ projectId, limit, leaseMs: batchLimits.leaseMs },
            // One of another secret would fail the batch, again and again, and hold up those behind it.
            keyIds: ports.keyring.keyIds,
          });
          metrics.batches.inc({ queue: "intake", empty: String(taken.crashes.length === 0) });
          if (taken.crashes.length === 0) return { claimed, empty: true, workers: await workers(), othersMay: taken.sealedOtherwise };
          claimed += taken.crashes.length;
          failPoint("worker.after-claim");
          await runClaimed(ports, batch, taken);
        }
        return { claimed, empty: false, workers: await workers() };
      });
    },
  };
}

/** Works through one claim; whatever was not finished is handed back, so that nobody waits for the lease to end. */
async function runClaimed(ports: IntakePorts, batch: Batch, { claimToken, crashes }: ClaimedBatch): Promise<void> {
  const context = new BatchContext(ports.files);
  const after = new FollowUps(ports);
  batch.holds(claimToken);
  let finished = false;
  try {
    const rest = await workThrough(crashes, ports.concurrency, batch.mayStart, async (crash) => {
      await processCrash(ports, { crash, claimToken, ...wayOf(crash), started: false }, context, after);
    });
    finished = rest.length === 0;
  } finally {
    batch.letsGo(claimToken);
    if (!finished) await ports.crashes.releaseClaim(claimToken);
    await after.settle();
  }
}

/** A crash that comes back ("process again") is walked anew while its dump is held; afterwards it can still take names. */
function wayOf(crash: ClaimedCrash): Pick<CrashWork, "way" | "kind"> {
  const way = crash.dump === null && crash.reportBlobKey !== null ? "names" : "walk";
  return { way, kind: crash.revision === 0 ? "first" : "again" };
}

/**
 * One claimed crash from its claim to its new state. Every ending is a row: finished, rejected with a reason, queued to run
 * alone, or gone to another worker; what is thrown from here is the fault of the surroundings (database, disk, keys), never
 * of the crash, and its claim is then handed back.
 */
import { BlobNotFound, blobKeys } from "@salvage/blobs";
import type { RevisionKind } from "@salvage/contracts";
import { FormatError } from "@salvage/core";
import { type ClaimedCrash, type FinishOutcome, ReportRefused, type SystemCrashes } from "@salvage/db/system";
import { type Logger, metrics, reportError } from "@salvage/telemetry";
import { failPoint } from "@salvage/telemetry/fail-points";
import { ChildDied, TaskBroken } from "../core-pool/pool.ts";
import type { BatchContext } from "./batch-context.ts";
import type { FollowUps } from "./follow-ups.ts";
import { type MadeReport, type MakeReportPorts, makeReport } from "./make-report.ts";

export type ProcessPorts = MakeReportPorts & { crashes: SystemCrashes; logger: Logger };

export type CrashEnding = "complete" | "provisional" | "rejected" | "failed" | "lost claim";

/** Everything else (keys, disk, database) would hit the next crash as well: the lane waits and tries again. */
const crashFaults = [FormatError, ChildDied, TaskBroken, BlobNotFound];

export type CrashWork = {
  crash: ClaimedCrash;
  claimToken: string;
  /** `names` puts names into the stored report; needs one. */
  way: "walk" | "names";
  kind: RevisionKind;
  /** Its attempt counts already. */
  started: boolean;
};

/** Runs one crash; the attempt is counted right before it starts. */
export async function processCrash(ports: ProcessPorts, work: CrashWork, context: BatchContext, after: FollowUps): Promise<CrashEnding> {
  const { crash, claimToken } = work;
  const logger = ports.logger.child({ crashId: crash.crashId });
  if (!work.started && !(await ports.crashes.startAttempt(claimToken, crash.crashId))) return lost(logger);
  failPoint("worker.attempt");
  let made: MadeReport;
  try {
    made = await makeReport(ports, crash, work.way, context);
  } catch (error) {
    // A crash that has a report keeps it: a dump that could be read once is not bad input now.
    if (error instanceof FormatError && crash.revision === 0) return await reject(ports, work, error, after, logger);
    if (crashFaults.some((fault) => error instanceof fault)) return await fail(ports, work, error, after, logger);
    throw error;
  }
  return await finish(ports, work, made, after, logger);
}

async function finish(ports: ProcessPorts, work: CrashWork, made: MadeReport, after: FollowUps, logger: Logger): Promise<CrashEnding> {
  const { crash, claimToken, kind } = work;
  const { gzip, summary } = made.output;
  const reportBlobKey = blobKeys.report(crash.organizationId, crash.crashId, crash.revision + 1, claimToken);
  await ports.blobs.put(reportBlobKey, [gzip]);
  failPoint("worker.before-commit");
  let outcome: Awaited<ReturnType<SystemCrashes["finish"]>>;
  try {
    const { reWalked: _, lacking: __, ...columns } = summary;
    outcome = await ports.crashes.finish(claimToken, crash.crashId, {
      ...columns,
      revisionBase: crash.revision,
      kind,
      reportBlobKey,
      reportSizeBytes: gzip.length,
      missing: made.missing,
    });
  } catch (error) {
    // It may have been committed all the same: then the report is needed, else the collection of orphans takes it.
    if (!(error instanceof ReportRefused)) throw error;
    reportError(logger, "finish", error);
    after.deleteBlobs([reportBlobKey]);
    return await fail(ports, work, error, after, logger);
  }
  if (outcome.outcome === "lost claim") {
    after.deleteBlobs([reportBlobKey]);
    return lost(logger);
  }
  failPoint("worker.after-commit");
  followUp(outcome, crash, after);
  metrics.crashesFinished.inc({ state: outcome.state, kind });
  if (kind === "first") metrics.crashSeconds.observe((Date.now() - crash.receivedAt.getTime()) / 1000);
  logger.debug({ state: outcome.state, revision: outcome.revision, kind }, "crash finished");
  return outcome.state;
}

function followUp(outcome: FinishOutcome, crash: ClaimedCrash, after: FollowUps): void {
  after.deleteBlobs(outcome.releasedBlobKeys);
  after.wakeArrivals(crash.organizationId, outcome.readyNow);
  after.startWebhooks(outcome.webhookDeliveryIds);
}

async function reject(ports: ProcessPorts, work: CrashWork, error: FormatError, after: FollowUps, logger: Logger): Promise<CrashEnding> {
  const outcome = await ports.crashes.reject(work.claimToken, work.crash.crashId, `${error.format}: ${error.reason}`, error.offset);
  if (outcome.outcome === "lost claim") return lost(logger);
  after.deleteBlobs(outcome.releasedBlobKeys);
  metrics.crashesFinished.inc({ state: "rejected", kind: work.kind });
  logger.info({ reason: error.message }, "crash rejected");
  return "rejected";
}

async function fail(ports: ProcessPorts, work: CrashWork, error: unknown, after: FollowUps, logger: Logger): Promise<CrashEnding> {
  const reason = error instanceof Error ? error.message : String(error);
  const next = await ports.crashes.recordFailure(work.claimToken, work.crash.crashId, reason);
  logger.warn({ reason, next, alone: work.crash.alone }, "processing a crash failed");
  if (next === "lost claim") return lost(logger);
  if (next === "queued") after.wakeLane(work.crash.projectId);
  if (next === "rejected") metrics.crashesFinished.inc({ state: "rejected", kind: work.kind });
  return next === "rejected" ? "rejected" : "failed";
}

function lost(logger: Logger): CrashEnding {
  metrics.lostClaims.inc();
  logger.info({}, "claim lost: another worker has the crash");
  return "lost claim";
}

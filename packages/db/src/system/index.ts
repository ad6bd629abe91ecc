/**
 * The system repositories: rows of all organizations, by the role that bypasses row-level security. For ingest, the worker and
 * the launcher only; a dependency rule keeps everybody else out.
 */
import { openSqlPool } from "../shared/sql.ts";
import { createSystemAnnounced } from "./announced.ts";
import { createSystemArrivals } from "./arrivals.ts";
import { createSystemChunks, createSystemTransfers } from "./chunks.ts";
import { addAttachments, findByEvent } from "./crashes/attach.ts";
import { claimBatch, createStartAttempt, heartbeatClaim, recordFailure, releaseClaim } from "./crashes/claim.ts";
import { createFinish } from "./crashes/finish.ts";
import { createReceivedCrashes } from "./crashes/insert.ts";
import { reject } from "./crashes/settle.ts";
import { createSystemFeedback } from "./feedback.ts";
import { createSystemFiles } from "./files.ts";
import { createSystemKeys, createSystemRefusals } from "./keys.ts";
import type { SystemDb } from "./ports.ts";
import { createSystemResumables } from "./resumables.ts";
import { createSystemRetention } from "./retention.ts";
import { createSystemSweep } from "./sweep.ts";
import { createSystemDebugFiles, createSystemUploads } from "./uploads.ts";
import { createSystemWebhooks } from "./webhooks.ts";

export type * from "./chunk-ports.ts";
export { ReportRefused } from "./crashes/finish.ts";
export type * from "./ports.ts";

/**
 * Opens the system repositories. Connections are made when needed.
 * @param options.databaseSystemUrl connection of the role salvage_system
 * @param options.maxConnections at most so many at once; default 8
 */
export function createSystemDbAcrossOrganizations(options: { databaseSystemUrl: string; maxConnections?: number }): SystemDb {
  const pool = openSqlPool(options.databaseSystemUrl, { maxConnections: options.maxConnections ?? 8, applicationName: "salvage-system" });
  return {
    keys: createSystemKeys(pool),
    refusals: createSystemRefusals(pool),
    crashes: {
      insertReceived: createReceivedCrashes(pool),
      findByEvent: (projectId, eventId) => findByEvent(pool, projectId, eventId),
      addAttachments: (crashId, attachments, limits) => addAttachments(pool, crashId, attachments, limits),
      claimBatch: (input) => claimBatch(pool, input),
      startAttempt: createStartAttempt(pool),
      heartbeatClaim: (claimToken, leaseMs) => heartbeatClaim(pool, claimToken, leaseMs),
      releaseClaim: (claimToken, crashIds) => releaseClaim(pool, claimToken, crashIds),
      recordFailure: (claimToken, crashId, reason) => recordFailure(pool, claimToken, crashId, reason),
      finish: createFinish(pool),
      reject: (claimToken, crashId, reason, offset) => reject(pool, claimToken, crashId, reason, offset),
    },
    feedback: createSystemFeedback(pool),
    announced: createSystemAnnounced(pool),
    resumables: createSystemResumables(pool),
    files: createSystemFiles(pool),
    uploads: createSystemUploads(pool),
    chunks: createSystemChunks(pool),
    transfers: createSystemTransfers(pool),
    debugFiles: createSystemDebugFiles(pool),
    arrivals: createSystemArrivals(pool),
    sweep: createSystemSweep(pool),
    retention: createSystemRetention(pool),
    webhooks: createSystemWebhooks(pool),
    async ping() {
      try {
        await pool.rows("SELECT 1");
        return true;
      } catch {
        return false;
      }
    },
    close: () => pool.close(),
  };
}

/** The sweep's questions: work whose poke was lost, and rows whose time is over. All of them cheap by partial indexes. */
import { only, type SqlPool } from "../shared/sql.ts";
import { readyButMissing } from "./arrivals.ts";
import type { SystemSweep } from "./ports.ts";
import { removeAbandonedResumables } from "./resumables.ts";

/** How long an issue counts as new or regressed. */
const freshDays = 7;
const refusalDays = 90;
/** How long what was said of a crash waits for it. */
const announcedDays = 7;

export function createSystemSweep(pool: SqlPool): SystemSweep {
  /** Feedback older than this was looked at by this process: its crash came, and takes it along when it goes. */
  let feedbackSeenUntil = new Date(0);
  return {
    async projectsWithWork() {
      const rows = await pool.rows<{ id: string }>(
        `SELECT p.id::text FROM projects p WHERE p.deleted_at IS NULL AND EXISTS (
           SELECT 1 FROM crashes c WHERE c.project_id = p.id AND c.queued_at IS NOT NULL AND c.deleted_at IS NULL AND (c.lease_until IS NULL OR c.lease_until < now()))
         ORDER BY p.id`,
      );
      return rows.map((row) => row.id);
    },
    readyButMissing: (limit) => readyButMissing(pool, limit),
    async uploadsStuck(olderThanMs) {
      const rows = await pool.rows<{ id: string }>(
        `SELECT id FROM debug_file_uploads WHERE state IN ('received', 'checking') AND updated_at < now() - $1 * interval '1 millisecond' ORDER BY updated_at`,
        [olderThanMs],
      );
      return rows.map((row) => row.id);
    },
    async webhooksDue(limit) {
      const rows = await pool.rows<{ id: string }>(
        "SELECT id FROM webhook_deliveries WHERE state = 'pending' AND next_attempt_at <= now() ORDER BY next_attempt_at LIMIT $1",
        [limit],
      );
      return rows.map((row) => row.id);
    },
    ageIssues: () =>
      pool.run(
        `UPDATE issues SET state = 'ongoing', state_changed_at = now() WHERE state IN ('new', 'regressed') AND state_changed_at < now() - interval '${freshDays} days'`,
      ),
    async removeExpired() {
      let removed = 0;
      for (const statement of [
        "DELETE FROM sessions WHERE expires_at < now() OR revoked_at < now() - interval '1 day'",
        "DELETE FROM api_tokens WHERE kind <> 'token' AND expires_at < now() - interval '1 hour'",
        "DELETE FROM device_codes WHERE expires_at < now() - interval '1 hour'",
        "DELETE FROM invitations WHERE expires_at < now() - interval '30 days'",
        "DELETE FROM sign_in_throttles WHERE last_failure_at < now() - interval '1 day' AND (blocked_until IS NULL OR blocked_until < now())",
        `DELETE FROM refusal_counts WHERE day < current_date - ${refusalDays}`,
        "DELETE FROM webhook_deliveries WHERE state <> 'pending' AND created_at < now() - interval '30 days'",
        "DELETE FROM arrival_progress WHERE updated_at < now() - interval '30 days'",
        `DELETE FROM announced_crashes WHERE announced_at < now() - interval '${announcedDays} days'`,
      ]) {
        removed += await pool.run(statement);
      }
      const { due, gone } = only(
        await pool.rows<{ due: Date; gone: number }>(
          `WITH gone AS (
             DELETE FROM crash_feedback f WHERE received_at >= $1 AND received_at < now() - interval '${announcedDays} days'
               AND NOT EXISTS (SELECT 1 FROM crashes c WHERE c.project_id = f.project_id AND c.id = f.event_id)
               AND NOT EXISTS (SELECT 1 FROM crashes c WHERE c.project_id = f.project_id AND c.event_id = f.event_id::text) RETURNING 1)
           SELECT now() - interval '${announcedDays} days' AS due, (SELECT count(*)::int FROM gone) AS gone`,
          [feedbackSeenUntil],
        ),
      );
      feedbackSeenUntil = due;
      removed += gone;
      await pool.transaction(removeAbandonedResumables);
      return removed;
    },
    async sealedOtherwise(keyIds) {
      const { crashes } = only(
        await pool.rows<{ crashes: number }>(
          "SELECT count(*)::int AS crashes FROM crashes WHERE queued_at IS NOT NULL AND dump_state = 'held' AND dump_key_id <> ALL ($1)",
          [keyIds],
        ),
      );
      return crashes;
    },
    async queueSizes() {
      return only(
        await pool.rows<{ queuedCrashes: number; oldestQueuedSeconds: number; uploadsInWork: number; deliveriesPending: number }>(
          `SELECT (SELECT count(*)::int FROM crashes WHERE queued_at IS NOT NULL) AS "queuedCrashes",
             (SELECT coalesce(extract(epoch FROM now() - min(queued_at)), 0)::float8 FROM crashes WHERE queued_at IS NOT NULL) AS "oldestQueuedSeconds",
             (SELECT count(*)::int FROM debug_file_uploads WHERE state IN ('received', 'checking')) AS "uploadsInWork",
             (SELECT count(*)::int FROM webhook_deliveries WHERE state = 'pending') AS "deliveriesPending"`,
        ),
      );
    },
  };
}

/**
 * How a crash ends other than with a new report, and how a dump goes. "Released" blobs are marked gone in the transaction;
 * their bytes are deleted by the caller afterwards, or by the collection of orphans when the caller dies.
 */
import type { DumpDeletedReason } from "@salvage/contracts";
import type { Sql, SqlPool } from "../../shared/sql.ts";
import { storableText } from "../../shared/text.ts";

/** Ends the claim; put into SET lists. */
export const endClaim = "claim_token = NULL, claimed_at = NULL, lease_until = NULL, attempt_open = false, deaths = 0, deaths_alone = 0";

/**
 * Marks crashes' dumps deleted and drops their attachments' rows. The crashes' rows must be locked by the transaction.
 * @returns blobs to delete, by crash; nothing for one whose dump was gone already
 */
export async function releaseDumps(sql: Sql, crashIds: readonly string[], reason: DumpDeletedReason): Promise<Map<string, string[]>> {
  const rows = await sql.rows<{ id: string; released: string[] }>(
    `WITH dump AS (
       UPDATE crashes SET dump_state = 'deleted', dump_wrapped_key = NULL, dump_deleted_at = now(), dump_deleted_reason = $2, dump_delete_after = NULL
       WHERE id = ANY ($1::uuid[]) AND dump_state = 'held' RETURNING id, dump_blob_key AS blob_key, dump_size_bytes AS size_bytes, organization_id
     ), attached AS (
       DELETE FROM crash_attachments a USING dump WHERE a.crash_id = dump.id AND a.crash_id = ANY ($1::uuid[])
       RETURNING a.crash_id AS id, a.blob_key, a.size_bytes, a.organization_id
     ), gone AS (
       SELECT * FROM dump UNION ALL SELECT * FROM attached
     ), counted AS (
       UPDATE storage_usage u SET used_bytes = greatest(0, used_bytes - n.bytes)
       FROM (SELECT organization_id, sum(size_bytes)::bigint AS bytes FROM gone GROUP BY 1) n WHERE u.organization_id = n.organization_id
     )
     SELECT id, array_agg(blob_key) AS released FROM gone GROUP BY 1`,
    [crashIds, reason],
  );
  return new Map(rows.map((row) => [row.id, row.released]));
}

/**
 * Without the dump new unwind data can do nothing: what waited for it alone waits no more, what waited for both waits for
 * names. May make provisional crashes complete. The crashes' rows must be locked by the transaction.
 * @returns the crashes that became complete
 */
export async function dropUnwindNeeds(sql: Sql, crashIds: readonly string[]): Promise<Set<string>> {
  await sql.run(
    `WITH closed AS (
       UPDATE crash_missing_files SET open = false, closed_at = now() WHERE crash_id = ANY ($1::uuid[]) AND open AND needs = 'unwind' RETURNING missing_file_id
     ), gone AS (
       SELECT missing_file_id AS id, count(*)::int AS crashes FROM closed GROUP BY 1
     ), file AS MATERIALIZED (
       SELECT id FROM missing_files WHERE id IN (SELECT id FROM gone) ORDER BY file_key, project_id FOR UPDATE
     )
     UPDATE missing_files m SET waiting_crashes = greatest(0, waiting_crashes - gone.crashes) FROM file JOIN gone USING (id) WHERE m.id = file.id`,
    [crashIds],
  );
  await sql.run("UPDATE crash_missing_files SET needs = 'names' WHERE crash_id = ANY ($1::uuid[]) AND open AND needs = 'both'", [crashIds]);
  const rows = await sql.rows<{ id: string; state: string }>(
    `UPDATE crashes c SET missing_count = n.blocking, state = CASE WHEN c.state = 'provisional' AND n.blocking = 0 THEN 'complete' ELSE c.state END
     FROM (SELECT k.id, (SELECT count(*)::int FROM crash_missing_files w JOIN missing_files f ON f.id = w.missing_file_id
             WHERE w.crash_id = k.id AND w.open AND w.own AND f.state <> 'ignored') AS blocking FROM unnest($1::uuid[]) AS k(id)) n
     WHERE c.id = n.id AND c.id = ANY ($1::uuid[]) AND (c.missing_count <> n.blocking OR (c.state = 'provisional' AND n.blocking = 0)) RETURNING c.id, c.state`,
    [crashIds],
  );
  return new Set(rows.filter((row) => row.state === "complete").map((row) => row.id));
}

/** The crash will never have a report: its dump says nothing, and is let go. @returns "lost claim" also for one that has a report */
export async function reject(
  pool: SqlPool,
  claimToken: string,
  crashId: string,
  reason: string,
  offset: number | null,
): Promise<{ outcome: "rejected"; releasedBlobKeys: string[] } | { outcome: "lost claim" }> {
  return pool.transaction(async (sql) => {
    const rejected = await sql.run(
      `UPDATE crashes SET ${endClaim}, last_failure = NULL, queued_at = NULL, state = 'rejected', finished_at = now(), rejection_reason = $3,
         rejection_offset = $4::bigint
       WHERE id = $1 AND claim_token = $2 AND revision = 0`,
      [crashId, claimToken, storableText(reason, 1000), offset],
    );
    if (rejected === 0) return { outcome: "lost claim" };
    return { outcome: "rejected", releasedBlobKeys: (await releaseDumps(sql, [crashId], "rejected")).get(crashId) ?? [] };
  });
}

/**
 * After too many deaths. The fault may be ours, so that the next version can read it: a dump without a report is kept as long as dumps wait
 * for debug files, and a report stays.
 */
export async function giveUp(
  pool: SqlPool,
  claimToken: string,
  crashId: string,
  reason: string,
): Promise<"rejected" | "kept report" | "lost claim"> {
  const [row] = await pool.rows<{ revision: number }>(
    `UPDATE crashes c SET ${endClaim}, last_failure = $3, queued_at = NULL, given_up_at = now(),
       state = CASE WHEN revision = 0 THEN 'rejected' ELSE state END,
       finished_at = CASE WHEN revision = 0 THEN now() ELSE finished_at END,
       rejection_reason = CASE WHEN revision = 0 THEN $3 ELSE rejection_reason END,
       dump_delete_after = CASE WHEN revision = 0 AND dump_state = 'held'
         THEN received_at + (SELECT p.wait_for_symbols_days FROM projects p WHERE p.id = c.project_id) * interval '1 day' ELSE dump_delete_after END
     WHERE id = $1 AND claim_token = $2 RETURNING revision`,
    [crashId, claimToken, storableText(reason, 1000)],
  );
  if (row === undefined) return "lost claim";
  return row.revision > 0 ? "kept report" : "rejected";
}

/**
 * Retention: dumps, crashes, projects and debug files whose time is over. Each step marks or erases rows in a transaction and
 * returns blobs; the caller deletes their bytes afterwards, and the collection of orphans finds what a killed caller left.
 */
import type { DumpDeletedReason } from "@salvage/contracts";
import { blobDeletionsHeld } from "../setup/blob-hold.ts";
import type { Sql, SqlPool } from "../shared/sql.ts";
import { asProjectId, asUuid } from "../shared/text.ts";
import { dropUnwindNeeds, releaseDumps } from "./crashes/settle.ts";
import type { SystemRetention } from "./ports.ts";
import { removeResumablesOfProject } from "./resumables.ts";
import { countBytes } from "./uploads.ts";

const leaseFree = "(lease_until IS NULL OR lease_until < now())";
const uuids = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;

export function createSystemRetention(pool: SqlPool): SystemRetention {
  return {
    async dumpsDue(limit) {
      const rows = await pool.rows<{ id: string; organization_id: string; project_id: string; state: string }>(
        `SELECT c.id, c.organization_id, c.project_id::text, c.state FROM crashes c
         WHERE c.dump_state = 'held' AND c.dump_delete_after <= now() AND c.deleted_at IS NULL AND ${leaseFree}
           AND NOT (c.state = 'provisional' AND (
             EXISTS (SELECT 1 FROM debug_file_uploads u WHERE u.organization_id = c.organization_id AND u.state IN ('received', 'checking')
                     AND u.updated_at > now() - interval '1 hour')
             OR EXISTS (SELECT 1 FROM crash_missing_files w JOIN arrival_progress a ON a.organization_id = w.organization_id AND a.file_key = w.file_key
                        WHERE w.crash_id = c.id AND w.open AND a.done < a.total AND a.updated_at > now() - interval '1 hour')))
         ORDER BY c.dump_delete_after, c.id LIMIT $1`,
        [limit],
      );
      return rows.map((row) => ({
        crashId: row.id,
        organizationId: row.organization_id,
        projectId: row.project_id,
        reason: row.state === "complete" ? "complete" : "waiting_time_ended",
      }));
    },

    markDumpDeleted(crashId, reason) {
      return pool.transaction((sql) => markDumpDeleted(sql, crashId, reason));
    },

    async crashesDue(limit) {
      const rows = await pool.rows<{ id: string }>(
        `(SELECT id FROM crashes WHERE deleted_at IS NOT NULL AND ${leaseFree} ORDER BY deleted_at LIMIT $1)
         UNION
         (SELECT c.id FROM projects p CROSS JOIN LATERAL (
            SELECT id FROM crashes WHERE project_id = p.id AND deleted_at IS NULL AND received_at < now() - p.report_retention_days * interval '1 day' AND ${leaseFree}
            ORDER BY received_at LIMIT $1) c
          LIMIT $1)
         LIMIT $1`,
        [limit],
      );
      return rows.map((row) => row.id);
    },

    eraseCrashes(crashIds) {
      return pool.transaction((sql) => eraseCrashes(sql, crashIds));
    },

    async projectsToErase() {
      const rows = await pool.rows<{ id: string }>("SELECT id::text FROM projects WHERE deleted_at IS NOT NULL ORDER BY deleted_at");
      return rows.map((row) => row.id);
    },

    async eraseProjectPage(projectId, limit) {
      const id = asProjectId(projectId);
      return pool.transaction(async (sql) => {
        const page = await sql.rows<{ id: string }>(
          `SELECT c.id FROM crashes c JOIN projects p ON p.id = c.project_id WHERE p.id = $1 AND p.deleted_at IS NOT NULL AND ${leaseFree} LIMIT $2`,
          [id, limit],
        );
        const { releasedBlobKeys } = await eraseCrashes(
          sql,
          page.map((row) => row.id),
        );
        const left = await sql.rows("SELECT 1 FROM crashes WHERE project_id = $1 LIMIT 1", [id]);
        if (left.length > 0) return { done: false, releasedBlobKeys };
        if (id !== null) releasedBlobKeys.push(...(await removeResumablesOfProject(sql, id)));
        await sql.run("UPDATE debug_file_uploads SET project_id = NULL WHERE project_id = $1", [id]);
        await sql.run("DELETE FROM projects WHERE id = $1 AND deleted_at IS NOT NULL", [id]);
        return { done: true, releasedBlobKeys };
      });
    },

    eraseDebugFiles(limit) {
      return pool.transaction((sql) => eraseDebugFiles(sql, limit));
    },

    async unknownBlobKeys(keys) {
      // A blob's key holds its row's id (packages/blobs, keys.ts); one without any is not ours to judge.
      const ids = [...new Set(keys.flatMap((key) => key.match(uuids) ?? []))];
      if (ids.length === 0) return [];
      const rows = await pool.rows<{ key: string }>(
        `SELECT dump_blob_key AS key FROM crashes WHERE id = ANY ($1::uuid[]) AND dump_state = 'held'
         UNION ALL SELECT blob_key FROM crash_attachments WHERE crash_id = ANY ($1::uuid[]) OR id = ANY ($1::uuid[])
         UNION ALL SELECT unnest(part_blob_keys) FROM resumable_uploads WHERE id = ANY ($1::uuid[])
         UNION ALL SELECT blob_key FROM reports WHERE crash_id = ANY ($1::uuid[])
         UNION ALL SELECT blob_key FROM debug_file_uploads WHERE id = ANY ($1::uuid[])
         UNION ALL SELECT blob_key FROM upload_chunks WHERE id = ANY ($1::uuid[])
         UNION ALL SELECT source_blob_key FROM debug_files WHERE id = ANY ($1::uuid[]) OR upload_id = ANY ($1::uuid[])
         UNION ALL SELECT symcache_blob_key FROM debug_files WHERE id = ANY ($1::uuid[]) AND symcache_blob_key IS NOT NULL`,
        [ids],
      );
      const known = new Set(rows.map((row) => row.key));
      return keys.filter((key) => key.match(uuids) !== null && !known.has(key));
    },

    blobDeletionsHeld: () => blobDeletionsHeld(pool),
  };
}

async function markDumpDeleted(
  sql: Sql,
  crashId: string,
  reason: DumpDeletedReason,
): Promise<{ outcome: "marked"; releasedBlobKeys: string[] } | { outcome: "busy" | "gone" }> {
  const [crash] = await sql.rows<{ free: boolean; due: boolean; state: string }>(
    `SELECT ${leaseFree} AS free, coalesce(dump_delete_after <= now(), false) AS due, state FROM crashes WHERE id = $1 AND dump_state = 'held' FOR UPDATE`,
    [crashId],
  );
  // Since it was looked at its time may have been put off: by a longer waiting time, or because somebody has it processed again.
  if (crash === undefined || !crash.due) return { outcome: "gone" };
  if (!crash.free) return { outcome: "busy" };
  const releasedBlobKeys = (await releaseDumps(sql, [crashId], reason)).get(crashId) ?? [];
  if (crash.state === "provisional" || crash.state === "complete") await dropUnwindNeeds(sql, [crashId]);
  return { outcome: "marked", releasedBlobKeys };
}

type ErasedRow = {
  id: string;
  organization_id: string;
  project_id: string;
  event_id: string | null;
  dump_blob_key: string | null;
  dump_size_bytes: number;
};

/** Rows, counters and the list of blobs of crashes that nobody works on. */
async function eraseCrashes(sql: Sql, crashIds: readonly string[]): Promise<{ erased: number; releasedBlobKeys: string[] }> {
  const locked = await sql.rows<ErasedRow>(
    `SELECT id, organization_id, project_id::text, event_id, CASE WHEN dump_state = 'held' THEN dump_blob_key END AS dump_blob_key, dump_size_bytes FROM crashes
     WHERE id = ANY ($1::uuid[]) AND ${leaseFree} ORDER BY id FOR UPDATE SKIP LOCKED`,
    [crashIds],
  );
  if (locked.length === 0) return { erased: 0, releasedBlobKeys: [] };
  const ids = locked.map((row) => row.id);
  const blobs = await sql.rows<{ blob_key: string; organization_id: string; size_bytes: number }>(
    `SELECT blob_key, organization_id, size_bytes FROM crash_attachments WHERE crash_id = ANY ($1::uuid[])
     UNION ALL SELECT blob_key, organization_id, 0 FROM reports WHERE crash_id = ANY ($1::uuid[])`,
    [ids],
  );
  await forgetCounts(sql, ids);
  await sql.run(
    `DELETE FROM crash_feedback f USING unnest($1::bigint[], $2::uuid[], $3::uuid[]) AS c(project_id, id, event_id)
     WHERE f.project_id = c.project_id AND f.event_id IN (c.id, c.event_id)`,
    [locked.map((row) => row.project_id), ids, locked.map((row) => asUuid(row.event_id ?? ""))],
  );
  await sql.run("DELETE FROM crashes WHERE id = ANY ($1::uuid[])", [ids]);
  const bytes = new Map<string, number>();
  const add = (organizationId: string, size: number) => bytes.set(organizationId, (bytes.get(organizationId) ?? 0) + size);
  for (const row of locked) if (row.dump_blob_key !== null) add(row.organization_id, row.dump_size_bytes);
  for (const blob of blobs) add(blob.organization_id, blob.size_bytes);
  for (const [organizationId, size] of [...bytes].sort()) await countBytes(sql, organizationId, -size);
  const dumps = locked.map((row) => row.dump_blob_key).filter((key) => key !== null);
  return { erased: locked.length, releasedBlobKeys: [...dumps, ...blobs.map((blob) => blob.blob_key)] };
}

/** Takes crashes out of their issues' and missing files' counters. A crash that a member deleted has left its issue already. */
async function forgetCounts(sql: Sql, crashIds: readonly string[]): Promise<void> {
  await sql.run(
    `WITH gone AS (SELECT issue_id, count(*)::int AS crashes FROM crashes WHERE id = ANY ($1::uuid[]) AND issue_id IS NOT NULL GROUP BY 1),
     locked AS (SELECT id FROM issues WHERE id IN (SELECT issue_id FROM gone) ORDER BY id FOR UPDATE)
     UPDATE issues i SET crash_count = greatest(0, crash_count - gone.crashes) FROM gone JOIN locked ON locked.id = gone.issue_id WHERE i.id = gone.issue_id`,
    [crashIds],
  );
  await sql.run(
    `WITH gone AS (SELECT missing_file_id, count(*)::int AS crashes FROM crash_missing_files WHERE crash_id = ANY ($1::uuid[]) AND open GROUP BY 1),
     locked AS (SELECT id FROM missing_files WHERE id IN (SELECT missing_file_id FROM gone) ORDER BY file_key FOR UPDATE)
     UPDATE missing_files m SET waiting_crashes = greatest(0, waiting_crashes - gone.crashes) FROM gone JOIN locked ON locked.id = gone.missing_file_id
     WHERE m.id = gone.missing_file_id`,
    [crashIds],
  );
}

/**
 * Blobs of deleted debug files, and of uploads that ended and whose bytes no live debug file uses (a rejected file, a zip whose
 * members have blobs of their own). The rows stay: their names still say what is the team's own.
 */
async function eraseDebugFiles(sql: Sql, limit: number): Promise<{ erased: number; releasedBlobKeys: string[] }> {
  const files = await sql.rows<{ organization_id: string; source: string; symcache: string | null; own_bytes: number }>(
    `WITH due AS (SELECT id FROM debug_files WHERE deleted_at IS NOT NULL AND source_blob_key <> '' ORDER BY deleted_at LIMIT $1 FOR UPDATE SKIP LOCKED),
     before AS (SELECT f.id, f.source_blob_key, f.symcache_blob_key, CASE WHEN f.source_blob_key = u.blob_key THEN 0 ELSE f.size_bytes END + f.symcache_size_bytes AS own_bytes
                FROM debug_files f JOIN due ON due.id = f.id JOIN debug_file_uploads u ON u.id = f.upload_id)
     UPDATE debug_files f SET source_blob_key = '', symcache_blob_key = NULL FROM before WHERE f.id = before.id
     RETURNING f.organization_id, before.source_blob_key AS source, before.symcache_blob_key AS symcache, before.own_bytes`,
    [limit],
  );
  const uploads = await sql.rows<{ organization_id: string; blob_key: string; size_bytes: number }>(
    `WITH due AS (
       SELECT id, blob_key FROM debug_file_uploads u WHERE state IN ('ready', 'rejected') AND blob_key <> '' AND finished_at < now() - interval '1 minute'
         AND NOT EXISTS (SELECT 1 FROM debug_files f WHERE f.upload_id = u.id AND f.deleted_at IS NULL AND f.source_blob_key = u.blob_key)
       LIMIT $1 FOR UPDATE SKIP LOCKED)
     UPDATE debug_file_uploads u SET blob_key = '' FROM due WHERE u.id = due.id RETURNING u.organization_id, due.blob_key, u.size_bytes`,
    [limit],
  );
  for (const file of files) await countBytes(sql, file.organization_id, -file.own_bytes);
  for (const upload of uploads) await countBytes(sql, upload.organization_id, -upload.size_bytes);
  const uploadBlobs = new Set(uploads.map((upload) => upload.blob_key));
  const keys = files.flatMap((file) => [file.source, file.symcache]).filter((key) => key !== null);
  return { erased: files.length + uploads.length, releasedBlobKeys: [...new Set([...keys, ...uploadBlobs])] };
}

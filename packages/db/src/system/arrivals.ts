/**
 * Arrivals: who waits for a file that has come. "A missing row is open and a ready file has what it needs" is itself the queue;
 * every question here is a form of that one condition.
 */
import type { FileNeed } from "@salvage/contracts";
import { only, type Sql, type SqlPool } from "../shared/sql.ts";
import { asUuid } from "../shared/text.ts";
import { waitingTables, waits } from "../shared/waiting.ts";
import { createClaimForUpgrade } from "./crashes/claim.ts";
import type { SystemArrivals } from "./ports.ts";

/**
 * The file came to answer to the key after the crash's resolver last looked. The margin covers a file that was being published while it
 * looked; at worst such a crash is upgraded once more for nothing.
 */
const cameSince = "k.added_at > w.checked_at - interval '2 minutes'";

export function createSystemArrivals(pool: SqlPool): SystemArrivals {
  return {
    async waitingPage({ organizationId, fileKey, cursor, limit }) {
      const after = parseCursor(cursor);
      const rows = await pool.rows<{ crash_id: string; needs: FileNeed; late: boolean }>(
        `SELECT w.crash_id, w.needs, (w.needs <> 'names') AS late FROM ${waitingTables}
         WHERE w.organization_id = $1 AND w.file_key = $2 AND ${waits} AND ((w.needs <> 'names'), w.crash_id) > ($3::boolean, $4::uuid)
         GROUP BY 1, 2, 3 ORDER BY 3, 1 LIMIT $5`,
        [organizationId, fileKey, after.late, after.crashId, limit],
      );
      const last = rows.length === limit ? rows.at(-1) : undefined;
      return {
        crashes: rows.map((row) => ({ crashId: row.crash_id, needs: row.needs })),
        next: last === undefined ? null : `${last.late ? 1 : 0}.${last.crash_id}`,
      };
    },
    waitingCount: (organizationId, fileKey) => countWaiting(pool, organizationId, fileKey),
    claimForUpgrade: createClaimForUpgrade(pool),
    progress: (organizationId, fileKey, done, total) => writeProgress(pool, organizationId, fileKey, done, total),
  };
}

export async function countWaiting(sql: Sql, organizationId: string, fileKey: string): Promise<number> {
  return only(
    await sql.rows<{ count: number }>(
      `SELECT count(DISTINCT w.crash_id)::int AS count FROM ${waitingTables} WHERE w.organization_id = $1 AND w.file_key = $2 AND ${waits}`,
      [organizationId, fileKey],
    ),
  ).count;
}

/**
 * What the screens show of an arrival. It never goes back while crashes are left: a page that is tried again, or an arrival that begins anew,
 * counts on from what was shown. One that begins after the last was done begins at 0.
 * @param total null: as shown, less what is done since
 */
export async function writeProgress(sql: Sql, organizationId: string, fileKey: string, done: number, total: number | null): Promise<void> {
  await sql.run(
    `INSERT INTO arrival_progress AS a (organization_id, file_key, done, total, updated_at) VALUES ($1, $2, $3, $3::int + coalesce($4::int, 0), now())
     ON CONFLICT (organization_id, file_key) DO UPDATE SET updated_at = now(),
       done = CASE WHEN a.done >= a.total AND EXCLUDED.done = 0 THEN 0 ELSE greatest(a.done, EXCLUDED.done) END,
       total = CASE WHEN a.done >= a.total AND EXCLUDED.done = 0 THEN 0 ELSE greatest(a.done, EXCLUDED.done) END
         + coalesce($4::int, greatest(0, a.total - greatest(a.done, EXCLUDED.done)))`,
    [organizationId, fileKey, done, total === null ? null : total - done],
  );
}

/** File keys that a ready file came for since the crashes' resolver looked, by crash. */
export async function readyForCrashes(sql: Sql, crashIds: readonly string[]): Promise<Map<string, string[]>> {
  const rows = await sql.rows<{ crash_id: string; file_keys: string[] }>(
    `SELECT w.crash_id, array_agg(DISTINCT w.file_key) AS file_keys FROM ${waitingTables} WHERE w.crash_id = ANY ($1::uuid[]) AND ${waits} AND ${cameSince} GROUP BY 1`,
    [crashIds],
  );
  return new Map(rows.map((row) => [row.crash_id, row.file_keys]));
}

/** The same over all organizations: arrivals that got lost. */
export async function readyButMissing(sql: Sql, limit: number): Promise<{ organizationId: string; fileKey: string }[]> {
  return sql.rows(
    `SELECT DISTINCT w.organization_id AS "organizationId", w.file_key AS "fileKey" FROM ${waitingTables}
     WHERE ${waits} AND ${cameSince} AND (c.lease_until IS NULL OR c.lease_until < now()) LIMIT $1`,
    [limit],
  );
}

function parseCursor(cursor: string | null): { late: boolean; crashId: string } {
  const crashId = cursor === null ? null : asUuid(cursor.slice(2));
  if (cursor === null || crashId === null) return { late: false, crashId: "00000000-0000-0000-0000-000000000000" };
  return { late: cursor.startsWith("1"), crashId };
}

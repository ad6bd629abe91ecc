/**
 * A backup takes its rows first and the blobs they name afterwards. So that none of those goes meanwhile, whoever deletes blobs asks here, and
 * waits while a backup holds deletions. The hold is an advisory lock of the backup's own connection: it ends with that connection, however the
 * backup ends.
 */
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import type { Sql } from "../shared/sql.ts";

/** The lock's two numbers. */
const lockKey = [4680, 1] as const;
/** What who deletes may remember of an answer; a backup waits longer before it takes its rows. */
export const holdMemoryMs = 1_000;
const settleMs = 3 * holdMemoryMs;
const lookEveryMs = 5_000;

export type BlobHold = {
  /** @throws Error when the hold was lost: blobs may have been deleted since */
  assertHeld(): Promise<void>;
  release(): Promise<void>;
};

/**
 * Resolves once nobody deletes a blob any more whose row is there now.
 * @returns null when another backup holds them
 */
export async function holdBlobDeletions(databaseSystemUrl: string): Promise<BlobHold | null> {
  const client = new pg.Client({ connectionString: databaseSystemUrl, application_name: "salvage-backup", keepAlive: true });
  let lost: Error | null = null;
  const onLoss = (error: unknown) => {
    lost ??= error instanceof Error ? error : new Error(String(error));
  };
  client.on("error", onLoss);
  client.on("end", () => onLoss(new Error("the connection ended")));
  await client.connect();
  const { rows } = await client.query<{ taken: boolean }>("SELECT pg_try_advisory_lock($1, $2) AS taken", [...lockKey]);
  if (rows[0]?.taken !== true) {
    await client.end();
    return null;
  }
  await sleep(settleMs);
  // A connection that was cut without a word is noticed by asking.
  const timer = setInterval(() => void client.query("SELECT 1").catch(onLoss), lookEveryMs);
  return {
    async assertHeld() {
      await client.query("SELECT 1").catch(onLoss);
      if (lost !== null)
        throw new Error(`the connection to the database was lost (${lost.message}), so blobs may have been deleted meanwhile`);
    },
    async release() {
      clearInterval(timer);
      await client.end().catch(() => undefined);
    },
  };
}

/** Whether a backup holds deletions now. */
export async function blobDeletionsHeld(sql: Sql): Promise<boolean> {
  const rows = await sql.rows(
    `SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted AND classid = ${lockKey[0]} AND objid = ${lockKey[1]} AND objsubid = 2
     AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
  );
  return rows.length > 0;
}

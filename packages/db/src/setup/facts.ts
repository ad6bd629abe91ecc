/** What an operator asks of the database of an installation: its version, its clock, its migrations, what waits. For the doctor. */
import pg from "pg";
import { readMigrations } from "./migrate.ts";
import type { RoleUrls } from "./roles.ts";

export type DatabaseFacts = {
  server: string;
  /** The database's clock minus this machine's. */
  clockSkewMs: number;
  connections: { used: number; most: number };
  migrations: { applied: number; missing: string[]; unknown: string[] };
  /** Crashes in the queue, and how long the oldest has been there. */
  queue: { crashes: number; oldestSeconds: number };
  /** Crashes that wait for files, the oldest's arrival, and how many lose their dump within a day. */
  waiting: { crashes: number; oldest: Date | null; dumpsEndSoon: number };
  uploadsOlderThanTenMinutes: number;
  webhooksFailing: number;
  /** Crashes that were given up, because their process died, and that may be processed again: the newest. */
  givenUp: { crashId: string; reason: string | null }[];
  /** Organizations that store more than nine tenths of their quota. */
  nearQuota: { slug: string; usedBytes: number; quotaBytes: number }[];
  /** Ids of the secrets that wrapped the keys of held dumps. */
  keyIds: string[];
};

/** @throws as pg does when the database does not answer */
export async function databaseFacts(databases: Pick<RoleUrls, "databaseSystemUrl" | "databaseOwnerUrl">): Promise<DatabaseFacts> {
  const client = new pg.Client({ connectionString: databases.databaseSystemUrl, connectionTimeoutMillis: 5_000 });
  const owner = new pg.Client({ connectionString: databases.databaseOwnerUrl, connectionTimeoutMillis: 5_000 });
  for (const each of [client, owner]) each.on("error", () => undefined);
  try {
    await client.connect();
    await owner.connect();
    const asked = Date.now();
    const [basics] = (
      await client.query<{ server: string; now: Date; used: number; most: number }>(
        `SELECT current_setting('server_version') AS server, clock_timestamp() AS now, (SELECT count(*)::int FROM pg_stat_activity) AS used,
           current_setting('max_connections')::int AS most`,
      )
    ).rows;
    const between = (asked + Date.now()) / 2;
    const [work] = (
      await client.query<{
        queued: number;
        seconds: number;
        waiting: number;
        oldest: Date | null;
        soon: number;
        uploads: number;
        webhooks: number;
      }>(
        `SELECT (SELECT count(*)::int FROM crashes WHERE queued_at IS NOT NULL) AS queued,
           (SELECT coalesce(extract(epoch FROM now() - min(queued_at)), 0)::float8 FROM crashes WHERE queued_at IS NOT NULL) AS seconds,
           (SELECT count(*)::int FROM crashes WHERE state = 'provisional' AND deleted_at IS NULL) AS waiting,
           (SELECT min(received_at) FROM crashes WHERE state = 'provisional' AND deleted_at IS NULL) AS oldest,
           (SELECT count(*)::int FROM crashes WHERE state = 'provisional' AND dump_state = 'held' AND dump_delete_after < now() + interval '1 day') AS soon,
           (SELECT count(*)::int FROM debug_file_uploads WHERE state IN ('received', 'checking') AND created_at < now() - interval '10 minutes') AS uploads,
           (SELECT count(*)::int FROM webhook_deliveries WHERE state = 'pending' AND attempts > 2) AS webhooks`,
      )
    ).rows;
    const givenUp = await client.query<{ crashId: string; reason: string | null }>(
      `SELECT id AS "crashId", last_failure AS reason FROM crashes
       WHERE given_up_at IS NOT NULL AND (dump_state = 'held' OR revision > 0) AND deleted_at IS NULL ORDER BY received_at DESC LIMIT 20`,
    );
    const nearQuota = await client.query<{ slug: string; usedBytes: number; quotaBytes: number }>(
      `SELECT o.slug, u.used_bytes::float8 AS "usedBytes", o.storage_quota_bytes::float8 AS "quotaBytes" FROM organizations o
       JOIN storage_usage u ON u.organization_id = o.id WHERE u.used_bytes > o.storage_quota_bytes * 0.9 ORDER BY 1`,
    );
    const keys = await client.query<{ id: string }>(
      "SELECT DISTINCT dump_key_id AS id FROM crashes WHERE dump_state = 'held' UNION SELECT key_id FROM crash_attachments ORDER BY 1",
    );
    return {
      server: basics?.server ?? "",
      clockSkewMs: (basics?.now.getTime() ?? between) - between,
      connections: { used: basics?.used ?? 0, most: basics?.most ?? 0 },
      migrations: await migrationsOf(owner),
      queue: { crashes: work?.queued ?? 0, oldestSeconds: work?.seconds ?? 0 },
      waiting: { crashes: work?.waiting ?? 0, oldest: work?.oldest ?? null, dumpsEndSoon: work?.soon ?? 0 },
      uploadsOlderThanTenMinutes: work?.uploads ?? 0,
      webhooksFailing: work?.webhooks ?? 0,
      givenUp: givenUp.rows,
      nearQuota: nearQuota.rows,
      keyIds: keys.rows.map(({ id }) => id),
    };
  } finally {
    await Promise.all([client.end(), owner.end()].map((ending) => ending.catch(() => undefined)));
  }
}

async function migrationsOf(owner: pg.Client): Promise<DatabaseFacts["migrations"]> {
  const known = (await readMigrations()).map(({ name }) => name);
  const { rows } = await owner.query<{ name: string }>(
    "SELECT migration_name AS name FROM _prisma_migrations WHERE rolled_back_at IS NULL AND finished_at IS NOT NULL",
  );
  const applied = rows.map(({ name }) => name);
  return {
    applied: applied.length,
    missing: known.filter((name) => !applied.includes(name)),
    unknown: applied.filter((name) => !known.includes(name)),
  };
}

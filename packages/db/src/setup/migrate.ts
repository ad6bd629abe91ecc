/**
 * Applies `prisma/migrations` in order and keeps Prisma's own table, so that `prisma migrate deploy` can be used on the
 * same database. Ours needs no engine binary: each migration and its row are one transaction.
 */
import { createHash, randomUUID } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import pg from "pg";

const migrationsFolder = new URL("../../prisma/migrations/", import.meta.url);
/** The advisory lock that Prisma's migrate takes. */
const migrateLock = 72707369;

export type Migration = { name: string; sql: string; checksum: string };

/** The migrations of this version, oldest first. */
export async function readMigrations(): Promise<Migration[]> {
  const entries = await readdir(migrationsFolder, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  names.sort();
  return Promise.all(
    names.map(async (name) => {
      const bytes = await readFile(new URL(`${name}/migration.sql`, migrationsFolder));
      return { name, sql: bytes.toString("utf8"), checksum: createHash("sha256").update(bytes).digest("hex") };
    }),
  );
}

/**
 * Brings the database to this version, or to an earlier one.
 * @param databaseOwnerUrl connection of the role salvage_owner
 * @param upTo name of the last migration to apply; all when absent
 * @returns names of the migrations that were applied now
 * @throws Error when an applied migration differs from its file, failed half-way, or is unknown to this (older) version
 */
export async function migrate(databaseOwnerUrl: string, upTo?: string): Promise<string[]> {
  const migrations = await readMigrations();
  const last = upTo === undefined ? migrations.length - 1 : migrations.findIndex(({ name }) => name === upTo);
  if (last < 0) throw new Error(`This version does not know the migration ${upTo}: use a newer version of Salvage.`);
  const client = new pg.Client({ connectionString: databaseOwnerUrl });
  await client.connect();
  try {
    await client.query("SELECT pg_advisory_lock($1)", [migrateLock]);
    await client.query(`CREATE TABLE IF NOT EXISTS _prisma_migrations (
      id VARCHAR(36) PRIMARY KEY NOT NULL, checksum VARCHAR(64) NOT NULL, finished_at TIMESTAMPTZ, migration_name VARCHAR(255) NOT NULL,
      logs TEXT, rolled_back_at TIMESTAMPTZ, started_at TIMESTAMPTZ NOT NULL DEFAULT now(), applied_steps_count INTEGER NOT NULL DEFAULT 0)`);
    const { rows } = await client.query<{ migration_name: string; checksum: string; finished_at: Date | null }>(
      "SELECT migration_name, checksum, finished_at FROM _prisma_migrations WHERE rolled_back_at IS NULL",
    );
    const applied = new Map(rows.map((row) => [row.migration_name, row]));
    const known = new Set(migrations.map((migration) => migration.name));
    for (const name of applied.keys()) {
      if (!known.has(name))
        throw new Error(`The database has the migration ${name}, which this version does not know: use a newer version of Salvage.`);
    }
    const done: string[] = [];
    for (const migration of migrations.slice(0, last + 1)) {
      const row = applied.get(migration.name);
      if (row !== undefined) {
        if (row.finished_at === null)
          throw new Error(`Migration ${migration.name} was started and never finished: see its row in _prisma_migrations.`);
        if (row.checksum !== migration.checksum)
          throw new Error(`Migration ${migration.name} was applied in another form: its checksum differs.`);
        continue;
      }
      await apply(client, migration);
      done.push(migration.name);
    }
    return done;
  } finally {
    await client.end();
  }
}

/**
 * One migration and its row, in one transaction. Row-level security holds for the owner as well, who is no tenant and would see no row: a
 * migration that moves rows would move none. So the owner lifts it for the transaction; nobody else sees these tables meanwhile.
 */
async function apply(client: pg.Client, migration: Migration): Promise<void> {
  await client.query("BEGIN");
  try {
    const walled = await tablesWithForcedSecurity(client);
    for (const table of walled) await client.query(`ALTER TABLE ${pg.escapeIdentifier(table)} NO FORCE ROW LEVEL SECURITY`);
    await client.query(migration.sql);
    for (const table of walled) await client.query(`ALTER TABLE IF EXISTS ${pg.escapeIdentifier(table)} FORCE ROW LEVEL SECURITY`);
    await client.query(
      `INSERT INTO _prisma_migrations (id, checksum, migration_name, started_at, finished_at, applied_steps_count)
       VALUES ($1, $2, $3, now(), clock_timestamp(), 1)`,
      [randomUUID(), migration.checksum, migration.name],
    );
    await client.query("COMMIT");
  } catch (cause) {
    await client.query("ROLLBACK");
    throw new Error(`Migration ${migration.name} failed: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

/** Names of the tables whose owner is held by row-level security, too. */
export async function tablesWithForcedSecurity(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    "SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relforcerowsecurity ORDER BY 1",
  );
  return rows.map(({ name }) => name);
}

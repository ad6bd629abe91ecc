/**
 * All rows of an installation as files, taken while it runs and loaded into an empty database: PostgreSQL's own COPY, all tables in one
 * REPEATABLE READ transaction, so that they agree with each other. Needs no program of PostgreSQL's, and no rights beyond the three roles'.
 */
import type { Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import pg from "pg";
import { from as copyFrom, to as copyTo } from "pg-copy-streams";
import { migrate, readMigrations, tablesWithForcedSecurity } from "./migrate.ts";
import type { RoleUrls } from "./roles.ts";

export type SnapshotTable = { name: string; columns: string[]; rows: number };

export type DatabaseSnapshot = {
  /** As the server calls its version. */
  server: string;
  /** Applied when the rows were taken, oldest first. */
  migrations: { name: string; checksum: string }[];
  tables: SnapshotTable[];
  sequences: { name: string; value: string }[];
  /** Ids of the secrets that wrapped the keys of held dumps and attachments. */
  keyIds: string[];
  blobs: number;
};

/** Thrown when the place or the rows do not fit; the message is for the operator. */
export class SnapshotError extends Error {
  override name = "SnapshotError";
}

/** The blobs that rows name, each once, in the order of keys. Every column whose name ends in blob_key(s) is in it; the test counts them. */
export const namedBlobsSql = `
  SELECT dump_blob_key AS key FROM crashes WHERE dump_state = 'held'
  UNION SELECT blob_key FROM crash_attachments
  UNION SELECT blob_key FROM reports
  UNION SELECT report_blob_key FROM crashes WHERE report_blob_key IS NOT NULL
  UNION SELECT unnest(part_blob_keys) FROM resumable_uploads
  UNION SELECT blob_key FROM upload_chunks
  UNION SELECT blob_key FROM debug_file_uploads WHERE blob_key <> ''
  UNION SELECT source_blob_key FROM debug_files WHERE source_blob_key <> ''
  UNION SELECT symcache_blob_key FROM debug_files WHERE symcache_blob_key IS NOT NULL
  ORDER BY 1`;

const columnsSql = `
  SELECT c.relname AS name, array_agg(a.attname::text ORDER BY a.attnum) AS columns FROM pg_class c
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
  WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND c.relname <> '_prisma_migrations' GROUP BY 1 ORDER BY 1`;

const copyText = ({ name, columns }: Pick<SnapshotTable, "name" | "columns">) =>
  `${pg.escapeIdentifier(name)} (${columns.map((column) => pg.escapeIdentifier(column)).join(", ")})`;

/**
 * Takes all rows.
 * @param write gives where a table's rows go, as COPY's text, each table after the other
 * @param writeBlobKeys where the keys of all blobs that the rows name go, a line each
 */
export async function takeSnapshot(
  databases: Pick<RoleUrls, "databaseSystemUrl" | "databaseOwnerUrl">,
  write: (table: string) => Writable,
  writeBlobKeys: () => Writable,
): Promise<DatabaseSnapshot> {
  const owner = new pg.Client({ connectionString: databases.databaseOwnerUrl, application_name: "salvage-backup" });
  const client = new pg.Client({ connectionString: databases.databaseSystemUrl, application_name: "salvage-backup" });
  for (const each of [owner, client]) each.on("error", () => undefined);
  try {
    await owner.connect();
    await client.connect();
    await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    const [version] = (await client.query<{ server_version: string }>("SHOW server_version")).rows;
    const found = await client.query<{ name: string; columns: string[] }>(columnsSql);
    const tables: SnapshotTable[] = [];
    for (const table of found.rows) {
      const stream = client.query(copyTo(`COPY ${copyText(table)} TO STDOUT`));
      await pipeline(stream, write(table.name));
      tables.push({ ...table, rows: stream.rowCount });
    }
    const keys = client.query(copyTo(`COPY (${namedBlobsSql}) TO STDOUT`));
    await pipeline(keys, writeBlobKeys());
    const keyIds = await client.query<{ id: string }>(
      `SELECT DISTINCT dump_key_id AS id FROM crashes WHERE dump_state = 'held' UNION SELECT key_id FROM crash_attachments UNION SELECT key_id FROM resumable_uploads ORDER BY 1`,
    );
    await client.query("COMMIT");
    // Sequences belong to no snapshot; taken afterwards they are not behind the rows. Migrations are nobody's but the owner's.
    const sequences = await owner.query<{ name: string; value: string }>(
      "SELECT sequencename AS name, last_value::text AS value FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL ORDER BY 1",
    );
    const migrations = await owner.query<{ name: string; checksum: string }>(
      "SELECT migration_name AS name, checksum FROM _prisma_migrations WHERE rolled_back_at IS NULL AND finished_at IS NOT NULL ORDER BY 1",
    );
    return {
      server: version?.server_version ?? "",
      migrations: migrations.rows,
      tables,
      sequences: sequences.rows,
      keyIds: keyIds.rows.map(({ id }) => id),
      blobs: keys.rowCount,
    };
  } finally {
    await Promise.all([owner.end(), client.end()].map((ending) => ending.catch(() => undefined)));
  }
}

/**
 * Says why a snapshot cannot be loaded here, before anything is changed.
 * @returns a sentence, or null when the database is empty and this version knows the snapshot's migrations
 */
export async function snapshotProblem(databases: Pick<RoleUrls, "databaseSystemUrl">, snapshot: DatabaseSnapshot): Promise<string | null> {
  const known = new Map((await readMigrations()).map((migration) => [migration.name, migration.checksum]));
  for (const { name, checksum } of snapshot.migrations) {
    if (!known.has(name))
      return `the backup has the migration ${name}, which this version does not know: use the version that made it, or a newer one.`;
    if (known.get(name) !== checksum)
      return `the backup has the migration ${name} in another form than this version: its checksum differs.`;
  }
  const client = new pg.Client({ connectionString: databases.databaseSystemUrl });
  client.on("error", () => undefined);
  await client.connect();
  try {
    for (const { name } of (await client.query<{ name: string }>(columnsSql)).rows) {
      const { rowCount } = await client.query(`SELECT 1 FROM ${pg.escapeIdentifier(name)} LIMIT 1`);
      if (rowCount !== 0) return `the database is not empty (there are ${name}): a restore goes into an empty place only.`;
    }
    return null;
  } finally {
    await client.end();
  }
}

/**
 * Loads a snapshot into an empty database, in one transaction, and then brings it to this version. Asked of snapshotProblem before.
 * @param read gives a table's rows as `write` got them
 * @returns names of the migrations that this version applied on top
 */
export async function loadSnapshot(
  databases: Pick<RoleUrls, "databaseOwnerUrl">,
  snapshot: DatabaseSnapshot,
  read: (table: string) => Readable,
): Promise<string[]> {
  const client = new pg.Client({ connectionString: databases.databaseOwnerUrl, application_name: "salvage-restore" });
  client.on("error", () => undefined);
  await client.connect();
  try {
    // The tables of this version or of an earlier attempt give way to those of the snapshot's version.
    await client.query("DROP SCHEMA public CASCADE");
    await client.query("CREATE SCHEMA public");
    await migrate(databases.databaseOwnerUrl, snapshot.migrations.at(-1)?.name);
    await client.query("BEGIN");
    const tables = inOrderOfReferences(snapshot.tables, await references(client));
    // COPY does not go through row-level security; whose tables these are may lift it, and nobody else sees this transaction.
    const forced = await tablesWithForcedSecurity(client);
    for (const table of forced) await client.query(`ALTER TABLE ${pg.escapeIdentifier(table)} NO FORCE ROW LEVEL SECURITY`);
    for (const table of tables) {
      const stream = client.query(copyFrom(`COPY ${copyText(table)} FROM STDIN`));
      await pipeline(read(table.name), stream);
      if (stream.rowCount !== table.rows)
        throw new SnapshotError(`${table.name} has ${stream.rowCount} rows and the manifest says ${table.rows}.`);
    }
    for (const table of forced) await client.query(`ALTER TABLE ${pg.escapeIdentifier(table)} FORCE ROW LEVEL SECURITY`);
    for (const { name, value } of snapshot.sequences)
      await client.query("SELECT setval($1::regclass, $2)", [pg.escapeIdentifier(name), value]);
    await client.query("COMMIT");
    await client.query("ANALYZE");
  } finally {
    await client.end().catch(() => undefined);
  }
  return await migrate(databases.databaseOwnerUrl);
}

async function references(client: pg.Client): Promise<{ table: string; needs: string }[]> {
  const { rows } = await client.query<{ table: string; needs: string }>(
    `SELECT DISTINCT conrelid::regclass::text AS table, confrelid::regclass::text AS needs FROM pg_constraint
     WHERE contype = 'f' AND connamespace = 'public'::regnamespace AND conrelid <> confrelid`,
  );
  return rows;
}

/** Tables after those that their rows refer to. */
function inOrderOfReferences(tables: readonly SnapshotTable[], all: readonly { table: string; needs: string }[]): SnapshotTable[] {
  const left = new Map(tables.map((table) => [table.name, table]));
  const ordered: SnapshotTable[] = [];
  while (left.size > 0) {
    const next = [...left.values()].filter(({ name }) => !all.some(({ table, needs }) => table === name && left.has(needs)));
    if (next.length === 0) throw new SnapshotError(`the tables ${[...left.keys()].join(", ")} refer to each other in a ring.`);
    for (const table of next) left.delete(table.name);
    ordered.push(...next);
  }
  return ordered;
}

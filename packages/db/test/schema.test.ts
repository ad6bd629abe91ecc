/** The migrated database and schema.prisma agree; every table has its walls; migrations can run again and notice tampering. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startTestDatabase, type TestDatabase } from "@salvage/testkit/postgres";
import pg from "pg";
import { migrate } from "../src/setup/migrate.ts";
import { schemaSql } from "../src/setup/schema-diff.ts";

let database: TestDatabase;
let admin: pg.Client;
before(async () => {
  database = await startTestDatabase();
  admin = new pg.Client({ connectionString: database.databaseAdminUrl });
  await admin.connect();
});
after(async () => {
  await admin.end();
  await database.stop();
});

/** Columns, constraints and ordinary indexes of a database, one line each. */
async function catalog(url: string): Promise<string[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ line: string }>(`
      SELECT format('%s.%s %s %s default %s', c.relname, a.attname, format_type(a.atttypid, a.atttypmod), CASE WHEN a.attnotnull THEN 'not null' ELSE 'null' END,
        coalesce(pg_get_expr(d.adbin, d.adrelid), 'none')) AS line
      FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
      LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
      WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND c.relname <> '_prisma_migrations'
      UNION ALL
      SELECT format('%s %s', k.conname, pg_get_constraintdef(k.oid)) FROM pg_constraint k
      WHERE k.connamespace = 'public'::regnamespace AND k.contype IN ('p', 'f', 'u') AND k.conrelid <> coalesce(to_regclass('_prisma_migrations'), 0)
      UNION ALL
      SELECT pg_get_indexdef(i.indexrelid) FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
      WHERE c.relnamespace = 'public'::regnamespace AND i.indpred IS NULL AND c.relname <> '_prisma_migrations'
      ORDER BY 1`);
    return rows.map((row) => row.line);
  } finally {
    await client.end();
  }
}

test("the migrated database has what schema.prisma says, no more and no less", async () => {
  const scratch = await startTestDatabase();
  try {
    const client = new pg.Client({ connectionString: scratch.databaseOwnerUrl });
    await client.connect();
    await client.query("DROP SCHEMA public CASCADE; CREATE SCHEMA public");
    await client.query(await schemaSql(scratch.databaseOwnerUrl));
    const expected = await catalog(scratch.databaseOwnerUrl);
    assert.ok(expected.length > 300);
    assert.deepEqual(await catalog(database.databaseOwnerUrl), expected);
    // The comparison can fail.
    await client.query("ALTER TABLE webhooks DROP COLUMN disabled");
    await client.end();
    assert.notDeepEqual(await catalog(scratch.databaseOwnerUrl), expected);
  } finally {
    await scratch.stop();
  }
});

test("every table but the named few carries its organization, not null, and has forced row-level security with policies", async () => {
  const { rows } = await admin.query<{ name: string; enabled: boolean; forced: boolean; policies: number; organization: string | null }>(`
    SELECT c.relname AS name, c.relrowsecurity AS enabled, c.relforcerowsecurity AS forced,
      (SELECT count(*)::int FROM pg_policy p WHERE p.polrelid = c.oid) AS policies,
      (SELECT CASE WHEN a.attnotnull THEN 'not null' ELSE 'nullable' END FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'organization_id') AS organization
    FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' ORDER BY 1`);
  assert.ok(rows.length >= 28);
  // Not tenants' rows: hashes of addresses that failed to sign in, and the list of migrations (no grants at all).
  const open = rows.filter((row) => !row.enabled || !row.forced || row.policies === 0).map((row) => row.name);
  assert.deepEqual(open, ["_prisma_migrations", "sign_in_throttles"]);
  const withoutOrganization = rows.filter((row) => row.organization !== "not null").map((row) => row.name);
  assert.deepEqual(withoutOrganization, ["_prisma_migrations", "device_codes", "organizations", "sessions", "sign_in_throttles", "users"]);
});

test("every relation between tenant tables carries the organization on both sides", async () => {
  const { rows } = await admin.query<{ name: string }>(`
    SELECT k.conname AS name FROM pg_constraint k
    WHERE k.contype = 'f' AND k.confrelid NOT IN ('organizations'::regclass, 'users'::regclass)
      AND NOT EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey) AND a.attname = 'organization_id')`);
  assert.deepEqual(rows, []);
});

test("no role is a superuser, and only the system role bypasses row-level security", async () => {
  const { rows } = await admin.query(
    "SELECT rolname, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname LIKE 'salvage%' ORDER BY 1",
  );
  const none = { rolsuper: false, rolbypassrls: false, rolcreaterole: false, rolcreatedb: false };
  assert.deepEqual(rows, [
    { rolname: "salvage_app", ...none },
    { rolname: "salvage_owner", ...none },
    { rolname: "salvage_system", ...none, rolbypassrls: true },
  ]);
});

test("migrating again applies nothing; a changed checksum is refused", async () => {
  assert.deepEqual(await migrate(database.databaseOwnerUrl), []);
  const { rows } = await admin.query("SELECT applied_steps_count, finished_at FROM _prisma_migrations");
  assert.ok(rows.length > 0 && rows.every((row) => row.applied_steps_count === 1 && row.finished_at !== null));
  await admin.query("UPDATE _prisma_migrations SET checksum = 'x'");
  await assert.rejects(migrate(database.databaseOwnerUrl), /checksum differs/);
});

/** A snapshot taken while rows change, loaded elsewhere: every row of every table, under the same walls; what does not fit is refused before. */
import assert from "node:assert/strict";
import { PassThrough, Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { after, before, test } from "node:test";
import { startTestDatabase, type TestDatabase } from "@salvage/testkit/postgres";
import pg from "pg";
import { createOrgGate } from "../src/index.ts";
import { type DatabaseSnapshot, holdBlobDeletions, loadSnapshot, snapshotProblem, takeSnapshot } from "../src/setup/index.ts";
import { namedBlobsSql } from "../src/setup/snapshot.ts";
import { createSystemDbAcrossOrganizations } from "../src/system/index.ts";
import { type Rows, receivedCrash, startRows } from "./rows.ts";
import { inhabit } from "./walk.ts";

let rows: Rows;
let empty: TestDatabase;
before(async () => {
  rows = await startRows();
  empty = await startTestDatabase();
});
after(async () => {
  await rows.stop();
  await empty.stop();
});

/** Every row of every table as text, in an order of its own. */
async function content(url: string): Promise<Map<string, string[]>> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const tables = await client.query<{ name: string }>(
      "SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname <> '_prisma_migrations'",
    );
    const all = new Map<string, string[]>();
    for (const { name } of tables.rows) {
      const { rows } = await client.query<{ line: string }>(`SELECT t::text AS line FROM ${name} t ORDER BY 1`);
      all.set(
        name,
        rows.map(({ line }) => line),
      );
    }
    return all;
  } finally {
    await client.end();
  }
}

type Parts = { snapshot: DatabaseSnapshot; tables: Map<string, Buffer>; keys: string[] };

async function take(between: () => Promise<unknown> = async () => undefined): Promise<Parts> {
  const streams = new Map<string, Promise<Buffer>>();
  const collect = (name: string) => {
    const stream = new PassThrough();
    streams.set(name, buffer(stream));
    if (streams.size === 3) void between();
    return stream;
  };
  const snapshot = await takeSnapshot(rows.database, collect, () => collect(""));
  const tables = new Map<string, Buffer>();
  for (const [name, bytes] of streams) tables.set(name, await bytes);
  const keys = (tables.get("") ?? Buffer.of()).toString().split("\n").filter(Boolean);
  return { snapshot, tables, keys };
}

test("every row comes back, whatever is written meanwhile; the app role sees its own organization alone", async () => {
  const gate = createOrgGate({ databaseUrl: rows.database.databaseUrl });
  const tenant = await inhabit({ rows, gate });
  await inhabit({ rows, gate });
  await gate.close();
  const before = await content(rows.database.databaseAdminUrl);
  assert.ok(before.size > 25 && [...before.values()].flat().length > before.size);
  const clientKey = await rows.one<string>("SELECT id FROM client_keys WHERE project_id = $1 LIMIT 1", [tenant.projectId]);
  let late = "";
  const { snapshot, tables, keys } = await take(async () => {
    const received = receivedCrash({
      organizationId: tenant.organizationId,
      projectId: tenant.projectId,
      clientKeyId: clientKey,
      publicKey: "",
    });
    late = (await rows.db.crashes.insertReceived(received)).crashId;
  });
  assert.equal(await snapshotProblem(empty, snapshot), null);
  assert.deepEqual(await loadSnapshot(empty, snapshot, (name) => Readable.from([tables.get(name) ?? Buffer.of()])), []);
  assert.deepEqual(await content(empty.databaseAdminUrl), before);
  assert.notEqual(late, "");
  assert.ok(snapshot.blobs > 0 && keys.length === snapshot.blobs);
  assert.ok(!keys.some((key) => key.includes(late)), "a crash that came later is not in it");

  const admin = new pg.Client({ connectionString: empty.databaseAdminUrl });
  await admin.connect();
  const { rows: open } = await admin.query(
    "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND NOT (relrowsecurity AND relforcerowsecurity) ORDER BY 1",
  );
  assert.deepEqual(
    open.map(({ relname }) => relname),
    ["_prisma_migrations", "sign_in_throttles"],
  );
  const next = await admin.query("INSERT INTO projects (organization_id, slug, name) VALUES ($1, 'after', 'After') RETURNING id", [
    tenant.organizationId,
  ]);
  assert.ok(BigInt(next.rows[0].id) > BigInt(tenant.projectId), "the sequence goes on");
  await admin.end();
  const app = new pg.Client({ connectionString: empty.databaseUrl });
  await app.connect();
  assert.equal((await app.query("SELECT 1 FROM crashes")).rowCount, 0);
  await app.end();

  assert.match((await snapshotProblem(empty, snapshot)) ?? "", /is not empty/);
  const newer = { ...snapshot, migrations: [...snapshot.migrations, { name: "29990101000000_later", checksum: "" }] };
  assert.match((await snapshotProblem(empty, newer)) ?? "", /does not know: use the version that made it/);
});

test("rows that are cut off load nothing", async () => {
  const { snapshot, tables } = await take();
  const place = await startTestDatabase();
  try {
    const read = (name: string) => {
      const bytes = tables.get(name) ?? Buffer.of();
      return Readable.from([name === "crashes" ? bytes.subarray(0, bytes.indexOf(10) + 1) : bytes]);
    };
    await assert.rejects(loadSnapshot(place, snapshot, read), /crashes has 1 rows and the manifest says/);
    assert.equal(await snapshotProblem(place, snapshot), null, "the place is still empty");
  } finally {
    await place.stop();
  }
});

test("every column that names blobs is asked", async () => {
  const { rows: columns } = await rows.sql.query<{ name: string }>(
    "SELECT attname AS name FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND attname ~ 'blob_keys?$'",
  );
  const asked = namedBlobsSql.match(/\b\w*blob_keys?\b(?=\)? (AS key )?FROM)/g) ?? [];
  assert.deepEqual(asked.toSorted(), columns.map(({ name }) => name).toSorted());
});

test("a hold is one, is seen by who deletes, and ends with its connection", async () => {
  const db = createSystemDbAcrossOrganizations({ databaseSystemUrl: rows.database.databaseSystemUrl });
  try {
    assert.equal(await db.retention.blobDeletionsHeld(), false);
    const hold = await holdBlobDeletions(rows.database.databaseSystemUrl);
    assert.ok(hold);
    assert.equal(await db.retention.blobDeletionsHeld(), true);
    assert.equal(await holdBlobDeletions(rows.database.databaseSystemUrl), null);
    await hold.assertHeld();
    await rows.sql.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'salvage-backup'");
    await assert.rejects(hold.assertHeld(), /connection to the database was lost/);
    assert.equal(await db.retention.blobDeletionsHeld(), false);
    await hold.release();
  } finally {
    await db.close();
  }
});

/**
 * A populated older database becomes today's: for every migration, a database as it was before it, with rows in each table of that time, is
 * brought up to date; no row is lost, what the migration says of rows is so, and the repositories work on them. A migration without a step here
 * fails the test.
 */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { before, describe, test } from "node:test";
import { startTestDatabase, type TestDatabase } from "@salvage/testkit/postgres";
import pg from "pg";
import { createOrgGate } from "../src/index.ts";
import { migrate, readMigrations } from "../src/setup/index.ts";
import { createSystemDbAcrossOrganizations } from "../src/system/index.ts";
import { finished } from "./rows.ts";

/** Ids of the rows: one organization with everything, number by number. */
const id = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;
const [org, user, crash, waiting, queued, issue, missing, upload, pdb, exe, deletedFile, webhook, key] = [
  1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13,
].map(id) as [string, string, string, string, string, string, string, string, string, string, string, string, string];
const debugId = `${"AB".repeat(16)}1`;

type Step = {
  /** Rows of the tables that it makes, as a version of that time wrote them. */
  fill?: string;
  /** What it did to rows that were there before it. */
  check?(one: <T>(sql: string) => Promise<T>): Promise<void>;
};

const steps: Record<string, Step> = {
  "20261122000000_first": {
    fill: `
      INSERT INTO users (id, email, name, password_hash) VALUES ('${user}', 'ada@example.org', 'Ada', 'scrypt');
      INSERT INTO sessions (id, user_id, expires_at) VALUES ('${id(20)}', '${user}', now() + interval '1 day');
      INSERT INTO sign_in_throttles (key, failures, last_failure_at) VALUES ('hash', 2, now());
      INSERT INTO organizations (id, slug, name) VALUES ('${org}', 'acme', 'Acme');
      INSERT INTO storage_usage VALUES ('${org}', 1000);
      INSERT INTO memberships (organization_id, user_id, role) VALUES ('${org}', '${user}', 'owner');
      INSERT INTO invitations (id, organization_id, role, token_hash, created_by, expires_at) VALUES ('${id(21)}', '${org}', 'viewer', 'i', 'Ada', now() + interval '1 day');
      INSERT INTO projects (organization_id, slug, name) VALUES ('${org}', 'game', 'Game');
      INSERT INTO client_keys (id, organization_id, project_id, name, public_key) VALUES ('${key}', '${org}', 1, 'first', '${"c".repeat(32)}');
      INSERT INTO issues (id, organization_id, project_id, signature, crash_count, first_seen_at, last_seen_at) VALUES ('${issue}', '${org}', 1, 'Engine::draw', 2, now(), now());
      INSERT INTO issue_keys VALUES (1, 'key-draw', '${issue}', '${org}');
      INSERT INTO issue_redirects VALUES ('${id(22)}', '${org}', '${issue}');
      INSERT INTO crashes (id, organization_id, project_id, client_key_id, state, revision, received_at, finished_at, sha256, fields_sha256, release, tags, report_blob_key, issue_id, grouping_key, signature, used_debug_file_ids, dump_state, dump_blob_key, dump_key_id, dump_size_bytes, dump_deleted_at, dump_deleted_reason, upgrade_blocked_at)
        VALUES ('${crash}', '${org}', 1, '${key}', 'complete', 1, now() - interval '2 hours', now(), 's1', 'f', 'game@1.0', '{"level": "3"}', 'org/${org}/report/${crash}/1-aaaaaaaa.json.gz', '${issue}', 'key-draw', 'Engine::draw', ARRAY['${pdb}']::uuid[], 'deleted', 'org/${org}/dump/${crash}', 'k1', 100, now(), 'complete', now());
      INSERT INTO crashes (id, organization_id, project_id, state, revision, received_at, finished_at, sha256, fields_sha256, report_blob_key, issue_id, grouping_key, signature, missing_count, dump_blob_key, dump_wrapped_key, dump_key_id, dump_size_bytes, dump_delete_after)
        VALUES ('${waiting}', '${org}', 1, 'provisional', 1, now() - interval '1 hour', now(), 's2', 'f', 'org/${org}/report/${waiting}/1-aaaaaaaa.json.gz', '${issue}', 'key-draw', 'engine.dll', 1, 'org/${org}/dump/${waiting}', '\\x01', 'k1', 100, now() + interval '7 days');
      INSERT INTO crashes (id, organization_id, project_id, received_at, sha256, fields_sha256, dump_blob_key, dump_wrapped_key, dump_key_id, dump_size_bytes, queued_at)
        VALUES ('${queued}', '${org}', 1, now(), 's3', 'f', 'org/${org}/dump/${queued}', '\\x02', 'k1', 100, now());
      INSERT INTO crash_attachments VALUES ('${id(23)}', '${org}', '${waiting}', 'log.txt', NULL, 10, 'org/${org}/attachment/${waiting}/0', '\\x03', 'k1');
      INSERT INTO reports (crash_id, revision, organization_id, kind, blob_key, size_bytes, core_version, signature)
        SELECT id, 1, organization_id, 'first', report_blob_key, 50, '0.1.0', signature FROM crashes WHERE revision = 1;
      INSERT INTO missing_files (id, organization_id, project_id, file_key, name, code_file, own, needs, waiting_crashes, first_seen_at, last_seen_at)
        VALUES ('${missing}', '${org}', 1, 'code:5f0a1000/engine.dll', 'engine.dll', 'engine.dll', true, 'names', 1, now(), now());
      INSERT INTO crash_missing_files (crash_id, missing_file_id, organization_id, file_key, needs, own, checked_at)
        VALUES ('${waiting}', '${missing}', '${org}', 'code:5f0a1000/engine.dll', 'names', true, now());
      INSERT INTO ignore_rules (id, organization_id, project_id, pattern, created_by) VALUES ('${id(24)}', '${org}', 1, 'vendor*', 'Ada');
      INSERT INTO refusal_counts VALUES (1, current_date, 'wrong_key', '${org}', 4, now(), NULL);
      INSERT INTO arrival_progress (organization_id, file_key, done, total) VALUES ('${org}', '${debugId}', 1, 1);
      INSERT INTO debug_file_uploads (id, organization_id, project_id, actor, file_name, blob_key, size_bytes, sha256, state) VALUES ('${upload}', '${org}', 1, 'Ada', 'engine.zip', '', 500, 'u', 'ready');
      INSERT INTO debug_files (id, organization_id, upload_id, file_key, name, kind, debug_id, code_id, features, size_bytes, sha256, source_blob_key, has_names, has_unwind, ready_at, deleted_at) VALUES
        ('${pdb}', '${org}', '${upload}', '${debugId}', 'engine.pdb', 'pdb', '${debugId}', NULL, '{symbols}', 9, 'a', 'org/${org}/debug-file/${pdb}', true, false, now(), NULL),
        ('${exe}', '${org}', '${upload}', '${debugId}', 'C:\\Build\\Engine.dll', 'pe', '${debugId}', '5F0A1000', '{unwind}', 9, 'b', 'org/${org}/debug-file/${exe}', false, true, now(), NULL),
        ('${deletedFile}', '${org}', '${upload}', '${debugId}', 'engine.pdb', 'pdb', '${debugId}', NULL, '{symbols}', 9, 'c', '', true, false, now(), now());
      INSERT INTO webhooks (id, organization_id, project_id, url, secret, events) VALUES ('${webhook}', '${org}', 1, 'https://example.org', 's', '{issue.new}');
      INSERT INTO webhook_deliveries (id, organization_id, webhook_id, event, issue_id) VALUES ('${id(25)}', '${org}', '${webhook}', 'issue.new', '${issue}');
      INSERT INTO api_tokens (id, organization_id, kind, name, token_hash, hint, scopes, created_by) VALUES ('${id(26)}', '${org}', 'token', 'ci', 't', 'abcd', '{crash:read}', 'Ada');
      INSERT INTO audit_entries (id, organization_id, actor, action, subject) VALUES ('${id(27)}', '${org}', 'Ada', 'project.create', 'game');`,
  },
  "20261122100000_debug_file_keys": {
    fill: `INSERT INTO debug_file_keys SELECT id, organization_id, file_key, ready_at FROM debug_files ON CONFLICT DO NOTHING`,
  },
  "20261122110000_limits_and_event_data": {
    fill: `UPDATE crashes SET contexts = '{"os": {"name": "Linux"}}', dist = '7' WHERE id = '${crash}'; UPDATE projects SET rate_limit_per_minute = 9`,
    async check(one) {
      assert.deepEqual(await one(`SELECT breadcrumbs FROM crashes WHERE id = '${queued}'`), []);
      assert.deepEqual(await one(`SELECT contexts FROM crashes WHERE id = '${queued}'`), {});
      assert.deepEqual(await one(`SELECT intake_notes FROM crashes WHERE id = '${queued}'`), []);
    },
  },
  "20261122120000_beside_crashes": {
    fill: `
      INSERT INTO crash_feedback VALUES ('${id(30)}', '${org}', 1, '${crash}', 'Ada', NULL, 'It closed.', now());
      INSERT INTO announced_crashes VALUES (1, '${id(31)}', '${org}', '{}', now());
      INSERT INTO resumable_uploads (id, organization_id, project_id, client_key_id, size_bytes, wrapped_key, key_id) VALUES ('${id(32)}', '${org}', 1, '${key}', 5, '\\x01', 'k1')`,
  },
  "20261122130000_chunks_and_transfers": {
    fill: `
      INSERT INTO upload_chunks VALUES ('${id(40)}', '${org}', '${"5".repeat(40)}', 3, 'org/${org}/chunk/${id(40)}', now() + interval '1 day');
      INSERT INTO file_transfers (id, organization_id, actor, file_name, symbol_type, secret_hash, expires_at) VALUES ('${id(41)}', '${org}', 'token ci', 'a.sym', 'BREAKPAD', 'h', now() + interval '1 day')`,
    check: async (one) => assert.equal(await one(`SELECT sha1 FROM debug_file_uploads WHERE id = '${upload}'`), null),
  },
  "20261122140000_device_codes": {
    fill: `INSERT INTO device_codes (token_hash, user_code_hash, client_name, expires_at) VALUES ('a', 'b', 'laptop', now() + interval '1 hour')`,
  },
  "20261122170000_keys_of_older_files": {
    async check(one) {
      const keysOf = (file: string) =>
        one<string[]>(`SELECT array_agg(file_key ORDER BY file_key) FROM debug_file_keys WHERE debug_file_id = '${file}'`);
      // Of one image: each answers to what the others are asked for by.
      assert.deepEqual(await keysOf(pdb), [debugId, "code:5f0a1000/engine.dll"]);
      assert.deepEqual(await keysOf(exe), [debugId, "code:5f0a1000/engine.dll"]);
    },
  },
  "20261122180000_a_million_crashes": {
    check: async (one) => assert.equal(await one(`SELECT issue_id FROM crash_missing_files WHERE crash_id = '${waiting}'`), issue),
  },
  "20261122200000_files_before_their_crash": {},
  "20261123030000_crashes_by_their_bytes": {},
  "20261123040000_counts_of_projects": {},
  "20261123050000_no_used_files": {},
  "20261123060000_given_up": {
    check: async (one) => assert.equal(await one(`SELECT given_up_at IS NOT NULL FROM crashes WHERE id = '${crash}'`), true),
  },
};

const migrations = await readMigrations();

/** A database as a version left it whose last migration was `upTo`. */
async function olderDatabase(upTo: number): Promise<{ database: TestDatabase; sql: pg.Client }> {
  const database = await startTestDatabase();
  const owner = new pg.Client({ connectionString: database.databaseOwnerUrl });
  await owner.connect();
  await owner.query("DROP SCHEMA public CASCADE; CREATE SCHEMA public");
  await owner.end();
  const sql = new pg.Client({ connectionString: database.databaseAdminUrl });
  await sql.connect();
  for (const { name } of migrations.slice(0, upTo + 1)) {
    await migrate(database.databaseOwnerUrl, name);
    const fill = steps[name]?.fill;
    if (fill !== undefined) await sql.query(fill);
  }
  return { database, sql };
}

async function counts(sql: pg.Client): Promise<Map<string, number>> {
  const { rows } = await sql.query<{ name: string }>(
    "SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname <> '_prisma_migrations' ORDER BY 1",
  );
  const found = new Map<string, number>();
  for (const { name } of rows) found.set(name, (await sql.query(`SELECT 1 FROM ${name}`)).rowCount ?? 0);
  return found;
}

test("each migration has a step here, and no step is for a migration that is not there", () => {
  assert.deepEqual(
    migrations.map(({ name }) => name),
    Object.keys(steps).toSorted(),
  );
});

describe("from each version", () => {
  let catalog: string;
  const catalogOf = async (sql: pg.Client) => {
    const { rows } = await sql.query(
      `SELECT relname, relrowsecurity, relforcerowsecurity, (SELECT count(*)::int FROM pg_policy WHERE polrelid = c.oid) AS policies,
         (SELECT string_agg(attname || ' ' || format_type(atttypid, atttypmod), ',' ORDER BY attname) FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped) AS columns
       FROM pg_class c WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'i') ORDER BY 1`,
    );
    return JSON.stringify(rows);
  };
  before(async () => {
    const fresh = await startTestDatabase();
    const sql = new pg.Client({ connectionString: fresh.databaseAdminUrl });
    await sql.connect();
    catalog = await catalogOf(sql);
    await sql.end();
    await fresh.stop();
  });

  for (const [index, { name }] of migrations.entries()) {
    test(name, async () => {
      const { database, sql } = await olderDatabase(index);
      try {
        const before = await counts(sql);
        assert.deepEqual(
          [...before].filter(([, rows]) => rows === 0).map(([table]) => table),
          [],
          "every table of that time has rows",
        );
        const applied = await migrate(database.databaseOwnerUrl);
        assert.deepEqual(
          applied,
          migrations.slice(index + 1).map((migration) => migration.name),
        );
        const after = await counts(sql);
        for (const [table, rows] of before)
          assert.ok((after.get(table) ?? -1) >= rows, `${table} had ${rows} rows and has ${after.get(table)}`);
        assert.equal(await catalogOf(sql), catalog, "the same tables, columns, indexes and walls as a new database");
        const one = async <T>(text: string) => Object.values((await sql.query(text)).rows[0] ?? {})[0] as T;
        for (const migrated of applied) await steps[migrated]?.check?.(one);
        await work(database);
      } finally {
        await sql.end();
        await database.stop();
      }
    });
  }
});

/** Members see what was there, the queue goes on, and a file that is there is noticed by the crash that waits for it. */
async function work(database: TestDatabase): Promise<void> {
  const gate = createOrgGate({ databaseUrl: database.databaseUrl });
  const db = createSystemDbAcrossOrganizations({ databaseSystemUrl: database.databaseSystemUrl });
  try {
    const acme = await gate.authorizeOrganization(user, "acme", "organization:own");
    assert.ok(acme !== null && acme !== "forbidden");
    const crashes = await acme.crashes.list({ projectSlug: "game" });
    assert.deepEqual(
      crashes?.items.map((item) => item.id),
      [queued, waiting, crash],
    );
    assert.equal((await acme.issues.byId({ issueId: issue }))?.signature, "Engine::draw");
    assert.equal((await acme.missingFiles.list({ projectSlug: "game", filter: "blocking" }))?.items[0]?.name, "engine.dll");
    assert.equal((await acme.debugFiles.list({})).items.length, 2);
    assert.equal((await acme.projects.list()).length, 1);
    const created = await acme.projects.create({ name: "Next", slug: `next-${randomUUID().slice(0, 8)}` });
    assert.ok(created);

    const { claimToken, crashes: claimed } = await db.crashes.claimBatch({ projectId: "1", limit: 10, leaseMs: 10_000 });
    assert.deepEqual(
      claimed.map((each) => each.crashId),
      [queued],
    );
    for (const each of claimed) assert.equal((await db.crashes.finish(claimToken, each.crashId, finished(each))).outcome, "finished");
    assert.deepEqual(await db.sweep.readyButMissing(10), [{ organizationId: org, fileKey: "code:5f0a1000/engine.dll" }]);
    const page = await db.arrivals.waitingPage({ organizationId: org, fileKey: "code:5f0a1000/engine.dll", cursor: null, limit: 10 });
    assert.deepEqual(
      page.crashes.map((each) => each.crashId),
      [waiting],
    );
  } finally {
    await db.close();
    await gate.close();
  }
}

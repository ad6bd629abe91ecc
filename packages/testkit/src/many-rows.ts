/**
 * An organization as it looks after months: a seeded generator of rows, made inside PostgreSQL, so that a million crashes take minutes.
 * The shape is that of real ones: few projects, issues and releases have most of the crashes, most crashes are complete, a fifth waits for
 * debug files, few are under way. Times end now. Blobs are not made: rows name keys that nothing lies under.
 */
import { randomUUID } from "node:crypto";
import pg from "pg";

export type ManyRows = {
  organizationId: string;
  orgSlug: string;
  /** The project with most of the crashes. */
  projectId: string;
  projectSlug: string;
};

/** Of lookup files, as core writes them: others are made anew, and these have no bytes to make them from. */
const symcacheVersion = 2;

export type ManyRowsOptions = { crashes: number; seed?: number };

const days = 90;
/** Share of the crashes by project; the last one is new and has few. */
const shares = [0.6, 0.85, 0.95, 0.99, 0.999, 1];

/** @param adminUrl a superuser's address: foreign keys are not checked meanwhile, since every row is right by construction */
export async function insertManyRows(adminUrl: string, options: ManyRowsOptions): Promise<ManyRows> {
  const { crashes, seed = 7 } = options;
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  try {
    await client.query("SET session_replication_role = replica; SET synchronous_commit = off; SET work_mem = '64MB'");
    await client.query("SELECT setseed($1)", [(seed % 1000) / 1000]);
    const one = async <T>(text: string, values: unknown[] = []): Promise<T> =>
      Object.values((await client.query(text, values)).rows[0] ?? {})[0] as T;
    const { id: organizationId, slug: orgSlug } = await newOrganization(client);
    const first = Number(
      await one<string>(
        `WITH made AS (INSERT INTO projects (organization_id, slug, name)
           SELECT $1, 'project-' || n, 'Project ' || n FROM generate_series(1, $2::int) n RETURNING id) SELECT min(id)::text FROM made`,
        [organizationId, shares.length],
      ),
    );
    const run = (text: string) => client.query(text.replaceAll(":org", `'${organizationId}'::uuid`).replaceAll(":first", String(first)));
    for (const statement of statements(crashes)) await run(statement);
    for (const table of tables) await client.query(`VACUUM ANALYZE ${table}`);
    return { organizationId, orgSlug, projectId: String(first), projectSlug: "project-1" };
  } finally {
    await client.end();
  }
}

async function newOrganization(client: pg.Client): Promise<{ id: string; slug: string }> {
  const id = randomUUID();
  const slug = `many-${id.slice(0, 8)}`;
  await client.query("INSERT INTO organizations (id, slug, name) VALUES ($1, $2, $2)", [id, slug]);
  await client.query("INSERT INTO storage_usage (organization_id) VALUES ($1)", [id]);
  return { id, slug };
}

const tables = [
  "crashes",
  "reports",
  "issues",
  "issue_keys",
  "missing_files",
  "crash_missing_files",
  "crash_attachments",
  "debug_files",
  "debug_file_keys",
  "debug_file_uploads",
  "audit_entries",
  "webhook_deliveries",
  "refusal_counts",
  "crash_feedback",
  "projects",
  "client_keys",
  "organizations",
];

/** A number's id: the same in every table that names it. */
const id = (kind: string, number: string) => `md5(:org || '${kind}' || ${number})::uuid`;
const hex = (number: string) => `md5('h' || (${number}))`;

/** The statements in their order. `:org` and `:first` are the organization and its first project. */
function statements(crashes: number): string[] {
  const issues = Math.max(50, Math.round(crashes / 200));
  const files = Math.max(20, Math.round(crashes / 300));
  const debugFiles = Math.max(40, Math.round(crashes / 50));
  const audited = Math.max(100, Math.round(crashes / 20));
  const project = `(CASE ${shares.map((share, place) => `WHEN d.p <= ${share} THEN ${place}`).join(" ")} END)`;
  return [
    `INSERT INTO client_keys (id, organization_id, project_id, name, public_key)
     SELECT gen_random_uuid(), :org, p.id, 'Default', md5(:org || 'key' || p.id) FROM projects p WHERE p.organization_id = :org`,
    // Crash n of all; p draws its project, i its issue (a few have most), s its state, r its release (rolling out over time).
    `CREATE TEMP TABLE drawn AS
     SELECT d.n, :first + ${project} AS project_id, floor(${issues} * power(d.i, 3))::int AS issue, d.s, d.a,
       floor(120 * d.n::float8 / ${crashes} * (0.7 + 0.3 * d.r))::int AS release,
       date_trunc('milliseconds', now() - (${crashes} - d.n) * (interval '${days} days' / ${crashes})) AS at,
       floor(${files} * power(d.f, 2))::int AS file
     FROM (SELECT n, random() AS p, random() AS i, random() AS s, random() AS r, random() AS a, random() AS f FROM generate_series(1, ${crashes}) n) d`,
    `INSERT INTO crashes (id, organization_id, project_id, client_key_id, state, revision, received_at, finished_at, event_id, sha256, fields_sha256, release,
       environment, user_label, tags, extra, contexts, report_blob_key, issue_id, grouping_key, signature, crash_reason, crash_address, os, cpu, cause,
       missing_count, rejection_reason, dump_state, dump_blob_key, dump_wrapped_key, dump_key_id, dump_size_bytes, dump_delete_after, dump_deleted_at,
       dump_deleted_reason, queued_at)
     SELECT ${id("crash", "n")}, :org, project_id, NULL, k.state, k.state IN ('complete', 'provisional')::boolean::int, at,
       CASE WHEN k.state <> 'received' THEN at + interval '2 seconds' END, ${id("event", "n")}::text, ${hex("n")} || ${hex("n + 1")}, ${hex("'fields'")} || ${hex("'2'")},
       'game@' || (1 + release / 20) || '.' || release % 20, CASE WHEN a < 0.9 THEN 'production' ELSE 'staging' END, 'user-' || (n::bigint * 7919 % ${Math.max(100, Math.round(crashes / 10))}),
       '{"os": "Windows"}', '{"level": "7"}', '{"device": {"model": "PC"}}',
       CASE WHEN k.done THEN 'org/' || :org || '/report/' || ${id("crash", "n")} || '/1-00000000.json.gz' END,
       CASE WHEN k.done THEN ${id("issue", "project_id || '.' || issue")} END, CASE WHEN k.done THEN 'key-' || issue END,
       CASE WHEN k.done THEN 'Engine::Module' || issue % 97 || '::function_' || issue END, CASE WHEN k.done THEN 'EXCEPTION_ACCESS_VIOLATION_READ' END,
       CASE WHEN k.done THEN '0x10' END, CASE WHEN k.done THEN 'Windows NT' END, CASE WHEN k.done THEN 'amd64' END,
       CASE WHEN k.done THEN 'Null pointer read in Engine::Module' || issue % 97 END, (k.state = 'provisional')::int,
       CASE WHEN k.state = 'rejected' THEN 'minidump: it ends in the middle of a stream' END, CASE WHEN k.held THEN 'held' ELSE 'deleted' END,
       'org/' || :org || '/dump/' || ${id("crash", "n")}, CASE WHEN k.held THEN '\\x00'::bytea END, 'k1', 50000 + n % 1000,
       CASE WHEN k.state = 'provisional' AND k.held THEN at + interval '7 days' END, CASE WHEN NOT k.held THEN at + interval '3 seconds' END,
       CASE WHEN k.held THEN NULL WHEN k.state = 'rejected' THEN 'rejected' WHEN k.state = 'complete' THEN 'complete' ELSE 'waiting_time_ended' END,
       CASE WHEN k.state = 'received' THEN at END
     FROM drawn CROSS JOIN LATERAL (
       SELECT CASE WHEN n > ${crashes} - least(200, ${crashes} / 100) AND s < 0.5 THEN 'received' WHEN s < 0.77 THEN 'complete' WHEN s < 0.97 THEN 'provisional' ELSE 'rejected' END AS state) t
     CROSS JOIN LATERAL (
       SELECT t.state, t.state IN ('complete', 'provisional') AS done, t.state = 'received' OR (t.state = 'provisional' AND at > now() - interval '6 days') AS held) k
     ORDER BY n`,
    `INSERT INTO reports (crash_id, revision, organization_id, kind, blob_key, size_bytes, core_version, signature, created_at)
     SELECT id, 1, organization_id, 'first', report_blob_key, 9000, '0.1.0', signature, finished_at FROM crashes WHERE organization_id = :org AND revision = 1`,
    `INSERT INTO issues (id, organization_id, project_id, state, signature, cause, crash_count, first_seen_at, last_seen_at, versions)
     SELECT issue_id, :org, min(project_id), (ARRAY['new', 'ongoing', 'ongoing', 'resolved', 'ignored', 'regressed'])[1 + abs(hashtext(issue_id::text)) % 6], min(signature), min(cause),
       count(*), min(received_at), max(received_at), (array_agg(DISTINCT release))[1:50]
     FROM crashes WHERE organization_id = :org AND issue_id IS NOT NULL GROUP BY issue_id`,
    "INSERT INTO issue_keys (project_id, grouping_key, issue_id, organization_id) SELECT project_id, id::text, id, :org FROM issues WHERE organization_id = :org",
    // Every file of a project is wanted by the provisional crashes that drew it; half of the complete ones lack a system file.
    `INSERT INTO crash_missing_files (crash_id, missing_file_id, organization_id, file_key, needs, own, open, checked_at, issue_id)
     SELECT c.id, md5(:org || 'file' || c.project_id || own || d.file)::uuid, :org, upper(${hex("c.project_id || own || d.file")}) || '1', 'both', own::boolean, true, c.received_at, c.issue_id
     FROM drawn d JOIN crashes c ON c.id = ${id("crash", "d.n")} CROSS JOIN LATERAL (SELECT CASE c.state WHEN 'provisional' THEN 'true' ELSE 'false' END AS own) o
     WHERE c.state = 'provisional' OR (c.state = 'complete' AND d.a < 0.5)`,
    `INSERT INTO missing_files (id, organization_id, project_id, file_key, name, code_file, debug_file, debug_id, os, cpu, own, state, needs, versions, waiting_crashes,
       sample_frame, first_seen_at, last_seen_at)
     SELECT w.missing_file_id, :org, min(c.project_id), min(w.file_key), 'engine-' || left(min(w.file_key), 6) || '.pdb', 'C:\\Game\\engine.dll', 'engine.pdb', min(w.file_key),
       'Windows NT', 'amd64', bool_or(w.own), 'open', 'both', (array_agg(DISTINCT c.release))[1:50], count(*), 'engine.dll + 0x1a2f', min(c.received_at), max(c.received_at)
     FROM crash_missing_files w JOIN crashes c ON c.id = w.crash_id WHERE w.organization_id = :org GROUP BY 1`,
    "UPDATE missing_files SET state = 'found', found_at = last_seen_at, waiting_crashes = 0 WHERE organization_id = :org AND abs(hashtext(id::text)) % 5 = 0",
    "UPDATE missing_files SET state = 'ignored' WHERE organization_id = :org AND abs(hashtext(id::text)) % 23 = 1",
    `UPDATE crash_missing_files w SET open = false, closed_at = w.checked_at FROM missing_files m WHERE m.id = w.missing_file_id AND m.state = 'found' AND m.organization_id = :org`,
    `INSERT INTO crash_attachments (id, organization_id, crash_id, file_name, size_bytes, blob_key, wrapped_key, key_id)
     SELECT gen_random_uuid(), :org, id, 'log.txt', 1000, 'org/' || :org || '/attachment/' || id || '/0', '\\x00', 'k1' FROM crashes
     WHERE organization_id = :org AND dump_state = 'held' AND abs(hashtext(id::text)) % 2 = 0`,
    `INSERT INTO crash_feedback (id, organization_id, project_id, event_id, name, email, comments, received_at)
     SELECT gen_random_uuid(), :org, project_id, event_id::uuid, 'A player', 'player@example.org', 'it broke', received_at FROM crashes
     WHERE organization_id = :org AND abs(hashtext(id::text)) % 100 = 0`,
    `INSERT INTO debug_file_uploads (id, organization_id, actor, file_name, blob_key, size_bytes, sha256, state, verdicts, created_at, updated_at, finished_at)
     SELECT ${id("upload", "n")}, :org, 'token ci', 'build-' || n || '.zip', 'org/' || :org || '/upload/' || ${id("upload", "n")}, 9000000, ${hex("'u' || n")} || ${hex("n")}, 'ready',
       jsonb_build_array(jsonb_build_object('name', 'engine.pdb', 'state', 'ready', 'kind', 'pdb', 'debugId', upper(${hex("'d' || n")}) || '1', 'codeId', NULL,
         'cpu', 'amd64', 'features', '[]'::jsonb, 'lacks', '[]'::jsonb, 'reason', NULL, 'offset', NULL, 'waitingCrashes', 0)), at, at, at
     FROM generate_series(1, ${debugFiles / 2}) n, LATERAL (SELECT date_trunc('milliseconds', now() - n * interval '${days} days' / ${debugFiles}) AS at) t`,
    `INSERT INTO debug_files (id, organization_id, upload_id, file_key, name, kind, debug_id, cpu, os, features, size_bytes, sha256, source_blob_key, symcache_blob_key,
       symcache_format_version, symcache_size_bytes, has_names, has_unwind, ready_at)
     SELECT ${id("debug", "n")}, :org, ${id("upload", "1 + n / 2")}, upper(${hex("'d' || n")}) || '1', (ARRAY['engine', 'physics', 'audio', 'game', 'net'])[1 + n % 5] || '-' || n % 300 || '.pdb', 'pdb',
       upper(${hex("'d' || n")}) || '1', 'amd64', 'Windows NT', '{symbols,lines}', 4000000, ${hex("'b' || n")} || ${hex("n")}, 'org/' || :org || '/debug-file/' || ${id("debug", "n")},
       'org/' || :org || '/symcache/' || ${id("debug", "n")}, ${symcacheVersion}, 1000000, true, n % 2 = 0, date_trunc('milliseconds', now() - n * interval '${days} days' / ${debugFiles})
     FROM generate_series(1, ${debugFiles}) n`,
    "INSERT INTO debug_file_keys (debug_file_id, organization_id, file_key, added_at) SELECT id, :org, file_key, ready_at FROM debug_files WHERE organization_id = :org",
    `INSERT INTO audit_entries (id, organization_id, at, actor, action, subject)
     SELECT gen_random_uuid(), :org, date_trunc('milliseconds', now() - n * interval '${days} days' / ${audited}), 'Ada (ada@example.org)', 'issue.set_state', ${hex("n")} FROM generate_series(1, ${audited}) n`,
    `INSERT INTO webhooks (id, organization_id, project_id, url, secret, events) SELECT ${id("hook", "p.id")}, :org, p.id, 'https://example.org/hook', 'whsec_x', '{issue.new}'
     FROM projects p WHERE p.organization_id = :org`,
    `INSERT INTO webhook_deliveries (id, organization_id, webhook_id, event, state, attempts, issue_id, created_at)
     SELECT gen_random_uuid(), :org, ${id("hook", "i.project_id")}, 'issue.new', 'delivered', 1, i.id, i.first_seen_at FROM issues i WHERE i.organization_id = :org`,
    `INSERT INTO refusal_counts (project_id, day, reason, organization_id, count, last_at)
     SELECT p.id, current_date - n, reason, :org, 10 + n, now() - n * interval '1 day' FROM projects p, generate_series(0, ${days - 1}) n, unnest(ARRAY['rate_limited', 'wrong_key']) reason
     WHERE p.organization_id = :org`,
    "DROP TABLE drawn",
  ];
}

/** Reports' missing files: rows per crash and per project, counted as they open and close. Many crashes are written as if one came after the other. */
import type { Sql } from "../../shared/sql.ts";
import { likeOfPattern, storableText, storableTextOrNull } from "../../shared/text.ts";
import type { FinishedCrash, MissingFileInput } from "../ports.ts";
import type { LockedCrash } from "./finish.ts";

/** A crash, the files that its new report lacks (one entry per key), and the keys that it lacked before. */
export type Lacking = {
  crash: LockedCrash;
  result: Pick<FinishedCrash, "os" | "cpu">;
  issueId: string;
  missing: readonly MissingFileInput[];
  before: ReadonlySet<string>;
};

/** SQL: the first ignore rule of the crash's project that covers its file `i`. */
const coveringRule = `SELECT r.id FROM ignore_rules r WHERE r.project_id = i.project_id
  AND (r.version = i.release OR lower(i.name) LIKE ${likeOfPattern("r.pattern")}) ORDER BY r.created_at LIMIT 1`;

/**
 * Opens (or keeps open) a row per missing file. Files are made once per project and key, ignored when a rule says so; one that
 * a rule of another version ignored, or that was found and is missing again, opens.
 * @returns by crash: how many of them hold it provisional: own and not ignored
 */
export async function openMissing(sql: Sql, lacking: readonly Lacking[]): Promise<Map<string, number>> {
  const input = lacking.flatMap(({ crash, result, issueId, missing, before }) =>
    missing.map((file) => ({
      crash_id: crash.id,
      organization_id: crash.organization_id,
      project_id: crash.project_id,
      release: crash.release,
      received_at: crash.received_at,
      claimed_at: crash.claimed_at,
      issue_id: issueId,
      os: storableTextOrNull(result.os, 100),
      cpu: storableTextOrNull(result.cpu, 100),
      file_key: storableText(file.fileKey, 500),
      name: storableText(file.name, 500),
      debug_file: storableTextOrNull(file.debugFile, 500),
      code_file: storableText(file.codeFile, 1000),
      debug_id: file.debugId,
      code_id: file.codeId,
      needs: file.needs,
      own: file.own,
      sample_frame: storableTextOrNull(file.sampleFrame, 500),
      is_new: !before.has(file.fileKey),
    })),
  );
  if (input.length === 0) return new Map();
  const rows = await sql.rows<{ crash_id: string; blocking: number }>(
    `WITH input AS MATERIALIZED (
       SELECT i.*, rule.id AS rule_id
       FROM ROWS FROM (jsonb_to_recordset($1::jsonb) AS (crash_id uuid, organization_id uuid, project_id bigint, release text, received_at timestamptz,
         claimed_at timestamptz, issue_id uuid, os text, cpu text, file_key text, name text, debug_file text, code_file text, debug_id text, code_id text,
         needs text, own boolean, sample_frame text, is_new boolean)) WITH ORDINALITY AS i(crash_id, organization_id, project_id, release, received_at,
         claimed_at, issue_id, os, cpu, file_key, name, debug_file, code_file, debug_id, code_id, needs, own, sample_frame, is_new, place)
       LEFT JOIN LATERAL (${coveringRule}) rule ON true
     ), wanted AS (
       SELECT DISTINCT ON (file_key, project_id) i.*, bool_or(own) OVER same AS any_own, last_value(needs) OVER same AS last_needs,
         count(*) FILTER (WHERE is_new) OVER same AS waiting, min(received_at) OVER same AS first_at, max(received_at) OVER same AS last_at,
         array_agg(release) FILTER (WHERE release IS NOT NULL) OVER same AS releases, array_agg(sample_frame) FILTER (WHERE sample_frame IS NOT NULL) OVER same AS frames,
         CASE WHEN bool_or(rule_id IS NULL) OVER same THEN NULL ELSE rule_id END AS ignored_by
       FROM input i WINDOW same AS (PARTITION BY file_key, project_id ORDER BY place ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
       ORDER BY file_key, project_id, place
     ), file AS (
       INSERT INTO missing_files AS m (id, organization_id, project_id, file_key, name, code_file, debug_file, debug_id, code_id, os, cpu, own, state, needs,
         versions, waiting_crashes, sample_frame, first_seen_at, last_seen_at, ignore_rule_id)
       SELECT gen_random_uuid(), organization_id, project_id, file_key, name, code_file, debug_file, debug_id, code_id, os, cpu, any_own,
         CASE WHEN ignored_by IS NULL THEN 'open' ELSE 'ignored' END, last_needs, ARRAY(SELECT DISTINCT r FROM unnest(releases) r LIMIT 50), waiting,
         frames[cardinality(frames)], first_at, last_at, ignored_by
       FROM wanted ORDER BY file_key, project_id
       ON CONFLICT (project_id, file_key) DO UPDATE SET
         own = m.own OR EXCLUDED.own, needs = EXCLUDED.needs,
         versions = CASE WHEN m.versions @> EXCLUDED.versions THEN m.versions
           ELSE (m.versions || ARRAY(SELECT r FROM unnest(EXCLUDED.versions) r WHERE r <> ALL (m.versions)))[1:50] END,
         waiting_crashes = m.waiting_crashes + EXCLUDED.waiting_crashes,
         sample_frame = coalesce(EXCLUDED.sample_frame, m.sample_frame),
         first_seen_at = least(m.first_seen_at, EXCLUDED.first_seen_at), last_seen_at = greatest(m.last_seen_at, EXCLUDED.last_seen_at),
         found_at = CASE WHEN m.state = 'found' THEN NULL ELSE m.found_at END,
         state = CASE
           WHEN m.state = 'ignored' AND (m.ignore_rule_id IS NULL OR EXCLUDED.ignore_rule_id IS NOT NULL) THEN 'ignored'
           WHEN m.state = 'open' AND m.waiting_crashes > 0 THEN 'open'
           ELSE EXCLUDED.state END,
         ignore_rule_id = CASE WHEN m.state = 'ignored' AND m.ignore_rule_id IS NULL THEN NULL ELSE EXCLUDED.ignore_rule_id END
       RETURNING m.id, m.project_id, m.file_key, m.state
     ), row AS (
       INSERT INTO crash_missing_files AS w (crash_id, missing_file_id, organization_id, file_key, needs, own, open, checked_at, issue_id)
       SELECT i.crash_id, f.id, i.organization_id, i.file_key, i.needs, i.own, true, i.claimed_at, i.issue_id FROM file f JOIN input i USING (project_id, file_key)
       ON CONFLICT (crash_id, missing_file_id) DO UPDATE SET needs = EXCLUDED.needs, own = EXCLUDED.own, open = true, checked_at = EXCLUDED.checked_at, closed_at = NULL,
         issue_id = EXCLUDED.issue_id
     )
     SELECT i.crash_id, count(*) FILTER (WHERE i.own AND f.state <> 'ignored')::int AS blocking FROM file f JOIN input i USING (project_id, file_key) GROUP BY 1`,
    [JSON.stringify(input)],
  );
  return new Map(rows.map((row) => [row.crash_id, row.blocking]));
}

/** Closes the crashes' open rows of keys that their new reports do not lack. A file that nobody waits for any more counts as found. */
export async function closeMissing(sql: Sql, lacking: readonly Lacking[]): Promise<void> {
  const closing = lacking.flatMap(({ crash, missing, before }) => {
    const still = new Set(missing.map((file) => file.fileKey));
    return [...before].filter((key) => !still.has(key)).map((key) => ({ crash, key }));
  });
  if (closing.length === 0) return;
  await sql.run(
    `WITH closed AS (
       UPDATE crash_missing_files w SET open = false, closed_at = now(), checked_at = n.checked_at
       FROM unnest($1::uuid[], $2::text[], $3::timestamptz[]) AS n(crash_id, file_key, checked_at)
       WHERE w.crash_id = n.crash_id AND w.file_key = n.file_key AND w.open RETURNING w.missing_file_id
     ), gone AS (
       SELECT missing_file_id AS id, count(*)::int AS crashes FROM closed GROUP BY 1
     ), file AS MATERIALIZED (
       SELECT id FROM missing_files WHERE id IN (SELECT id FROM gone) ORDER BY file_key, project_id FOR UPDATE
     )
     UPDATE missing_files m SET waiting_crashes = greatest(0, waiting_crashes - gone.crashes),
       found_at = CASE WHEN state = 'open' AND waiting_crashes <= gone.crashes THEN now() ELSE found_at END,
       state = CASE WHEN state = 'open' AND waiting_crashes <= gone.crashes THEN 'found' ELSE state END
     FROM file JOIN gone USING (id) WHERE m.id = file.id`,
    [closing.map(({ crash }) => crash.id), closing.map(({ key }) => key), closing.map(({ crash }) => crash.claimed_at)],
  );
}

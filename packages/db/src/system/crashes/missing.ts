/** A report's missing files: rows per crash and per project, counted as they open and close. */
import { only, type Sql } from "../../shared/sql.ts";
import { likeOfPattern, storableText, storableTextOrNull } from "../../shared/text.ts";
import type { FinishedCrash, MissingFileInput } from "../ports.ts";
import type { LockedCrash } from "./finish.ts";

/** SQL: the first ignore rule of project $2 that covers a file `name` of a crash of release $4. */
const coveringRule = `SELECT r.id FROM ignore_rules r WHERE r.project_id = $2::bigint
  AND (r.version = $4::text OR lower(i.name) LIKE ${likeOfPattern("r.pattern")}) ORDER BY r.created_at LIMIT 1`;

/**
 * Opens (or keeps open) a row per missing file. Files are made once per project and key, ignored when a rule says so; one that
 * a rule of another version ignored, or that was found and is missing again, opens.
 * @returns how many of them hold the crash provisional: own and not ignored
 */
export async function openMissing(
  sql: Sql,
  crash: LockedCrash,
  missing: readonly MissingFileInput[],
  before: ReadonlySet<string>,
  result: Pick<FinishedCrash, "os" | "cpu"> & { issueId: string },
): Promise<number> {
  const input = missing.map((file) => ({
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
  }));
  const { blocking } = only(
    await sql.rows<{ blocking: number }>(
      `WITH input AS (
         SELECT i.*, rule.id AS rule_id
         FROM jsonb_to_recordset($1::jsonb) AS i(file_key text, name text, debug_file text, code_file text, debug_id text, code_id text, needs text, own boolean,
           sample_frame text, is_new boolean)
         LEFT JOIN LATERAL (${coveringRule}) rule ON true
       ), file AS (
         INSERT INTO missing_files AS m (id, organization_id, project_id, file_key, name, code_file, debug_file, debug_id, code_id, os, cpu, own, state, needs,
           versions, waiting_crashes, sample_frame, first_seen_at, last_seen_at, ignore_rule_id)
         SELECT gen_random_uuid(), $3::uuid, $2::bigint, i.file_key, i.name, i.code_file, i.debug_file, i.debug_id, i.code_id, $6, $7, i.own,
           CASE WHEN i.rule_id IS NULL THEN 'open' ELSE 'ignored' END, i.needs, CASE WHEN $4::text IS NULL THEN '{}'::text[] ELSE ARRAY[$4::text] END, 1, i.sample_frame,
           $5::timestamptz, $5::timestamptz, i.rule_id
         FROM input i ORDER BY i.file_key
         ON CONFLICT (project_id, file_key) DO UPDATE SET
           own = m.own OR EXCLUDED.own, needs = EXCLUDED.needs,
           versions = CASE WHEN $4::text IS NULL OR $4 = ANY (m.versions) OR cardinality(m.versions) >= 50 THEN m.versions ELSE m.versions || $4::text END,
           waiting_crashes = m.waiting_crashes + (SELECT n.is_new FROM input n WHERE n.file_key = m.file_key)::int,
           sample_frame = coalesce(EXCLUDED.sample_frame, m.sample_frame),
           first_seen_at = least(m.first_seen_at, EXCLUDED.first_seen_at), last_seen_at = greatest(m.last_seen_at, EXCLUDED.last_seen_at),
           found_at = CASE WHEN m.state = 'found' THEN NULL ELSE m.found_at END,
           state = CASE
             WHEN m.state = 'ignored' AND (m.ignore_rule_id IS NULL OR EXCLUDED.ignore_rule_id IS NOT NULL) THEN 'ignored'
             WHEN m.state = 'open' AND m.waiting_crashes > 0 THEN 'open'
             ELSE EXCLUDED.state END,
           ignore_rule_id = CASE WHEN m.state = 'ignored' AND m.ignore_rule_id IS NULL THEN NULL ELSE EXCLUDED.ignore_rule_id END
         RETURNING m.id, m.file_key, m.state
       ), row AS (
         INSERT INTO crash_missing_files AS w (crash_id, missing_file_id, organization_id, file_key, needs, own, open, checked_at, issue_id)
         SELECT $8::uuid, f.id, $3::uuid, f.file_key, i.needs, i.own, true, $9::timestamptz, $10::uuid FROM file f JOIN input i USING (file_key)
         ON CONFLICT (crash_id, missing_file_id) DO UPDATE SET needs = EXCLUDED.needs, own = EXCLUDED.own, open = true, checked_at = EXCLUDED.checked_at, closed_at = NULL,
           issue_id = EXCLUDED.issue_id
       )
       SELECT count(*) FILTER (WHERE i.own AND f.state <> 'ignored')::int AS blocking FROM file f JOIN input i USING (file_key)`,
      [
        JSON.stringify(input),
        crash.project_id,
        crash.organization_id,
        crash.release,
        crash.received_at,
        storableTextOrNull(result.os, 100),
        storableTextOrNull(result.cpu, 100),
        crash.id,
        crash.claimed_at,
        result.issueId,
      ],
    ),
  );
  return blocking;
}

/** Closes the crash's open rows of all other keys. A file that nobody waits for any more counts as found. */
export async function closeMissing(sql: Sql, crash: LockedCrash, keysStillMissing: readonly string[]): Promise<void> {
  await sql.run(
    `WITH closed AS (
       UPDATE crash_missing_files SET open = false, closed_at = now(), checked_at = $3
       WHERE crash_id = $1 AND open AND file_key <> ALL ($2::text[]) RETURNING missing_file_id
     ), file AS (
       SELECT id FROM missing_files WHERE id IN (SELECT missing_file_id FROM closed) ORDER BY file_key FOR UPDATE
     )
     UPDATE missing_files m SET waiting_crashes = greatest(0, waiting_crashes - 1),
       found_at = CASE WHEN state = 'open' AND waiting_crashes <= 1 THEN now() ELSE found_at END,
       state = CASE WHEN state = 'open' AND waiting_crashes <= 1 THEN 'found' ELSE state END
     FROM file WHERE m.id = file.id`,
    [crash.id, keysStillMissing, crash.claimed_at],
  );
}

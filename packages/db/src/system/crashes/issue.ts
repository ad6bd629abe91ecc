/**
 * Issues own grouping keys. A crash goes to the issue that owns its key. A new key of a crash that has an issue (an upgrade
 * brought names) joins that issue; a key that another issue owns moves the crash there, and an issue emptied by such moves
 * leaves a redirect, so that its link leads on.
 */
import { only, type Sql } from "../../shared/sql.ts";
import { storableText, storableTextOrNull } from "../../shared/text.ts";
import type { FinishedCrash } from "../ports.ts";
import type { LockedCrash } from "./finish.ts";

export type Joined = { issueId: string; newIssue: boolean; regressed: boolean; movedFromIssueId: string | null };

/** A merge may remove an issue between finding and locking it; the next look finds where its keys went. */
const maxLooks = 5;

export async function joinIssue(sql: Sql, crash: LockedCrash, result: FinishedCrash): Promise<Joined> {
  let found = crash.key_issue_id;
  for (let look = 0; look < maxLooks; look++) {
    if (found === null) {
      // Two crashes with the same new key: the second waits here and then finds the first one's issue.
      await sql.rows("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", [`${crash.project_id} ${result.groupingKey}`]);
      found = await ownerOf(sql, crash, result.groupingKey);
    }
    if (found === null && crash.issue_id === null) {
      return { issueId: await createIssue(sql, crash, result), newIssue: true, regressed: false, movedFromIssueId: null };
    }
    if (found === null && crash.issue_id !== null) {
      await sql.run("INSERT INTO issue_keys (project_id, grouping_key, issue_id, organization_id) VALUES ($1, $2, $3, $4)", [
        crash.project_id,
        result.groupingKey,
        crash.issue_id,
        crash.organization_id,
      ]);
      found = crash.issue_id;
    }
    const issueId: string = found ?? "";
    const moves = crash.issue_id !== null && crash.issue_id !== issueId;
    if (moves) await sql.rows("SELECT 1 FROM issues WHERE id = ANY ($1::uuid[]) ORDER BY id FOR UPDATE", [[issueId, crash.issue_id]]);
    const regressed = await countIn(sql, issueId, crash, result);
    if (regressed !== null) {
      if (moves && crash.issue_id !== null) await countOut(sql, crash.issue_id, issueId, crash);
      return { issueId, newIssue: false, regressed, movedFromIssueId: moves ? crash.issue_id : null };
    }
    found = await ownerOf(sql, crash, result.groupingKey);
  }
  throw new Error(`crash ${crash.id}: its issue kept moving`);
}

async function ownerOf(sql: Sql, crash: LockedCrash, groupingKey: string): Promise<string | null> {
  const [row] = await sql.rows<{ issue_id: string }>("SELECT issue_id FROM issue_keys WHERE project_id = $1 AND grouping_key = $2", [
    crash.project_id,
    groupingKey,
  ]);
  return row?.issue_id ?? null;
}

async function createIssue(sql: Sql, crash: LockedCrash, result: FinishedCrash): Promise<string> {
  const { id } = only(
    await sql.rows<{ id: string }>(
      `WITH issue AS (
         INSERT INTO issues (id, organization_id, project_id, signature, cause, provisional, crash_count, first_seen_at, last_seen_at, versions)
         VALUES (gen_random_uuid(), $1, $2, $3, $4, $5, 1, $6, $6, CASE WHEN $7::text IS NULL THEN '{}'::text[] ELSE ARRAY[$7::text] END)
         RETURNING id, organization_id, project_id
       ), key AS (
         INSERT INTO issue_keys (project_id, grouping_key, issue_id, organization_id) SELECT project_id, $8, id, organization_id FROM issue
       )
       SELECT id FROM issue`,
      [
        crash.organization_id,
        crash.project_id,
        storableText(result.signature, 500),
        storableTextOrNull(result.cause, 1000),
        result.groupingProvisional,
        crash.received_at,
        crash.release,
        result.groupingKey,
      ],
    ),
  );
  return id;
}

/** Counts the crash in (once) and takes over what its report says. Null: the issue is gone. True: it was resolved before the crash came. */
async function countIn(sql: Sql, issueId: string, crash: LockedCrash, result: FinishedCrash): Promise<boolean | null> {
  const [row] = await sql.rows<{ regressed: boolean }>(
    `WITH before AS (
       SELECT id, $2::boolean AND state = 'resolved' AND $3::timestamptz > resolved_at AS regressed FROM issues WHERE id = $1 FOR UPDATE
     )
     UPDATE issues i SET crash_count = crash_count + $2::boolean::int, first_seen_at = least(first_seen_at, $3::timestamptz),
       last_seen_at = greatest(last_seen_at, $3::timestamptz),
       signature = CASE WHEN i.provisional THEN $4 ELSE signature END, cause = CASE WHEN i.provisional OR cause IS NULL THEN $5 ELSE cause END,
       provisional = i.provisional AND $6::boolean,
       versions = CASE WHEN $7::text IS NULL OR $7 = ANY (versions) OR cardinality(versions) >= 50 THEN versions ELSE versions || $7::text END,
       state = CASE WHEN before.regressed THEN 'regressed' ELSE state END, state_changed_at = CASE WHEN before.regressed THEN now() ELSE state_changed_at END,
       resolved_at = CASE WHEN before.regressed THEN NULL ELSE resolved_at END
     FROM before WHERE i.id = before.id RETURNING before.regressed`,
    [
      issueId,
      crash.issue_id !== issueId,
      crash.received_at,
      storableText(result.signature, 500),
      storableTextOrNull(result.cause, 1000),
      result.groupingProvisional,
      crash.release,
    ],
  );
  return row === undefined ? null : row.regressed === true;
}

/** Counts the crash out of the issue it leaves; when it was the last one, the issue becomes a redirect to `toIssueId`. */
async function countOut(sql: Sql, fromIssueId: string, toIssueId: string, crash: LockedCrash): Promise<void> {
  // The crash's own row must not hold on to an issue that goes.
  await sql.run("UPDATE crashes SET issue_id = $2 WHERE id = $1", [crash.id, toIssueId]);
  await sql.run("UPDATE issues SET crash_count = greatest(0, crash_count - 1) WHERE id = $1", [fromIssueId]);
  // The rows decide, not the counter: an issue that a crash still points to cannot go.
  const [left] = await sql.rows("SELECT 1 FROM crashes WHERE issue_id = $1 LIMIT 1", [fromIssueId]);
  if (left !== undefined) return;
  await sql.run("UPDATE issue_keys SET issue_id = $2 WHERE issue_id = $1", [fromIssueId, toIssueId]);
  await sql.run("UPDATE issue_redirects SET to_issue_id = $2 WHERE to_issue_id = $1", [fromIssueId, toIssueId]);
  await sql.run("INSERT INTO issue_redirects (from_issue_id, organization_id, to_issue_id) VALUES ($1, $2, $3)", [
    fromIssueId,
    crash.organization_id,
    toIssueId,
  ]);
  await sql.run("DELETE FROM issues WHERE id = $1", [fromIssueId]);
}

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

/** A crash and the issue that owns its key. */
export type Joining = { crash: LockedCrash; result: FinishedCrash; issueId: string };

/** A merge may remove an issue between finding and locking it; the next look finds where its keys went. */
const maxLooks = 5;

/** One crash, whoever owns its key. */
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
    const joined = (await joinIssues(sql, [{ crash, result, issueId: found ?? "" }])).get(crash.id);
    if (joined !== undefined) return joined;
    found = await ownerOf(sql, crash, result.groupingKey);
  }
  throw new Error(`crash ${crash.id}: its issue kept moving`);
}

/** Many crashes whose keys have owners, as if one came after the other. @returns by crash; one whose issue is gone is absent */
export async function joinIssues(sql: Sql, joining: readonly Joining[]): Promise<Map<string, Joined>> {
  const byIssue = Map.groupBy(joining, ({ issueId }) => issueId);
  const leaving = joining.filter(({ crash, issueId }) => crash.issue_id !== null && crash.issue_id !== issueId);
  const regressedById = await countIn(sql, byIssue, new Set(leaving.map(({ crash }) => crash.issue_id ?? "")));
  const joined = new Map<string, Joined>();
  for (const [issueId, members] of byIssue) {
    const regressed = regressedById.get(issueId);
    if (regressed === undefined) continue;
    const latest = regressed ? latestOf(members.filter(isCounted)) : undefined;
    for (const { crash } of members) {
      const movedFromIssueId = crash.issue_id === issueId ? null : crash.issue_id;
      joined.set(crash.id, { issueId, newIssue: false, regressed: crash === latest?.crash, movedFromIssueId });
    }
  }
  await countOut(
    sql,
    leaving.filter(({ crash }) => joined.has(crash.id)),
    new Set(regressedById.keys()),
  );
  return joined;
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

/** The issue has not counted this crash yet. */
function isCounted({ crash, issueId }: Joining): boolean {
  return crash.issue_id !== issueId;
}

function latestOf(members: readonly Joining[]): Joining | undefined {
  return members.toSorted((a, b) => b.crash.received_at.getTime() - a.crash.received_at.getTime())[0];
}

/**
 * Counts each crash in (once), and issues take over what the reports say. All issues, those that crashes leave too, are locked first, by id.
 * @returns by issue: true: it was resolved before a crash came. An issue that is gone is absent.
 */
async function countIn(
  sql: Sql,
  byIssue: ReadonlyMap<string, readonly Joining[]>,
  alsoLocked: ReadonlySet<string>,
): Promise<Map<string, boolean>> {
  const input = [...byIssue].map(([id, members]) => {
    const times = members.map(({ crash }) => crash.received_at.getTime());
    const counted = members.filter(isCounted);
    // The first that knows its names titles an issue that did not; else the last.
    const says = members.find(({ result }) => !result.groupingProvisional) ?? members.at(-1);
    const releases = new Set(members.map(({ crash }) => crash.release).filter((release) => release !== null));
    return {
      id,
      counted: counted.length,
      newest_counted_at: latestOf(counted)?.crash.received_at ?? null,
      first_at: new Date(Math.min(...times)),
      last_at: new Date(Math.max(...times)),
      signature: storableText(says?.result.signature ?? "", 500),
      cause: storableTextOrNull(says?.result.cause ?? members.find(({ result }) => result.cause !== null)?.result.cause ?? null, 1000),
      provisional: says?.result.groupingProvisional ?? false,
      releases: [...releases],
    };
  });
  const rows = await sql.rows<{ id: string; regressed: boolean }>(
    `WITH locked AS MATERIALIZED (
       SELECT id, state = 'resolved' AS resolved, resolved_at FROM issues WHERE id = ANY ($2::uuid[]) ORDER BY id FOR UPDATE
     ), input AS MATERIALIZED (
       SELECT i.*, l.resolved AND i.newest_counted_at > l.resolved_at AS regressed
       FROM jsonb_to_recordset($1::jsonb) AS i(id uuid, counted int, newest_counted_at timestamptz, first_at timestamptz, last_at timestamptz, signature text,
         cause text, provisional boolean, releases text[]) JOIN locked l ON l.id = i.id
     )
     UPDATE issues i SET crash_count = crash_count + n.counted, first_seen_at = least(first_seen_at, n.first_at), last_seen_at = greatest(last_seen_at, n.last_at),
       signature = CASE WHEN i.provisional THEN n.signature ELSE i.signature END,
       cause = CASE WHEN i.provisional OR i.cause IS NULL THEN n.cause ELSE i.cause END, provisional = i.provisional AND n.provisional,
       versions = CASE WHEN i.versions @> n.releases THEN i.versions
         ELSE (i.versions || ARRAY(SELECT r FROM unnest(n.releases) WITH ORDINALITY AS u(r, place) WHERE r <> ALL (i.versions) ORDER BY place))[1:50] END,
       state = CASE WHEN n.regressed THEN 'regressed' ELSE state END, state_changed_at = CASE WHEN n.regressed THEN now() ELSE state_changed_at END,
       resolved_at = CASE WHEN n.regressed THEN NULL ELSE resolved_at END
     FROM input n WHERE i.id = n.id AND i.id = ANY ($2::uuid[]) RETURNING i.id, coalesce(n.regressed, false) AS regressed`,
    [JSON.stringify(input), [...new Set([...byIssue.keys(), ...alsoLocked])]],
  );
  return new Map(rows.map((row) => [row.id, row.regressed]));
}

/**
 * Counts crashes out of the issues they leave; one whose last crash left becomes a redirect to where that one went.
 * @param joined issues that crashes join or stay in: their rows may not say so yet
 */
async function countOut(sql: Sql, leaving: readonly Joining[], joined: ReadonlySet<string>): Promise<void> {
  if (leaving.length === 0) return;
  // The crashes' own rows must not hold on to an issue that goes.
  await sql.run("UPDATE crashes c SET issue_id = n.issue_id FROM unnest($1::uuid[], $2::uuid[]) AS n(id, issue_id) WHERE c.id = n.id", [
    leaving.map(({ crash }) => crash.id),
    leaving.map(({ issueId }) => issueId),
  ]);
  for (const [fromIssueId, members] of Map.groupBy(leaving, ({ crash }) => crash.issue_id ?? "")) {
    await sql.run("UPDATE issues SET crash_count = greatest(0, crash_count - $2) WHERE id = $1", [fromIssueId, members.length]);
    const last = members.at(-1);
    if (last !== undefined && !joined.has(fromIssueId)) await redirectWhenEmpty(sql, fromIssueId, last);
  }
}

async function redirectWhenEmpty(sql: Sql, fromIssueId: string, last: Joining): Promise<void> {
  // The rows decide, not the counter: an issue that a crash still points to cannot go.
  const [left] = await sql.rows("SELECT 1 FROM crashes WHERE issue_id = $1 LIMIT 1", [fromIssueId]);
  if (left !== undefined) return;
  await sql.run("UPDATE issue_keys SET issue_id = $2 WHERE issue_id = $1", [fromIssueId, last.issueId]);
  await sql.run("UPDATE issue_redirects SET to_issue_id = $2 WHERE to_issue_id = $1", [fromIssueId, last.issueId]);
  await sql.run("INSERT INTO issue_redirects (from_issue_id, organization_id, to_issue_id) VALUES ($1, $2, $3)", [
    fromIssueId,
    last.crash.organization_id,
    last.issueId,
  ]);
  await sql.run("DELETE FROM issues WHERE id = $1", [fromIssueId]);
}

/**
 * Which crashes a list shows, newest first: of a project or an issue, of a state, found by a search. However many crashes there are, each
 * way reads its page from an index in the list's own order. A search asks first which of the project's issues and releases match (few rows),
 * then where the newest crash of each lies: only those with the newest can have a crash on the page. Row-level security keeps patterns away
 * from indexes, so nothing here matches a pattern against crashes, but for those of one issue.
 */
import type { CrashState } from "@salvage/contracts";
import type { Cursor } from "../shared/page.ts";
import type { Sql } from "../shared/sql.ts";
import { asUuid, containsPattern, storableText } from "../shared/text.ts";

export type CrashQuestion = {
  projectId: bigint;
  organizationId: string;
  issueId: string | null;
  state: CrashState | null;
  /** Empty: all. */
  search: string;
  after: Cursor | null;
  limit: number;
};

const newestFirst = "ORDER BY c.received_at DESC, c.id DESC LIMIT $3::int";

/** @returns ids in no order: the newest `limit` that the question asks for */
export async function crashIds(sql: Sql, question: CrashQuestion): Promise<string[]> {
  const { projectId, organizationId, limit, issueId, state, search, after } = question;
  const values: unknown[] = [projectId, organizationId, limit];
  const value = (given: unknown, type: string) => `$${values.push(given)}::${type}`;
  const conditions = ["c.project_id = $1::bigint", "c.organization_id = $2::uuid"];
  // A deleted crash has left its issue; not asking again keeps the question within the index.
  const living = "c.deleted_at IS NULL";
  const ofIssue = issueId === null ? null : `c.issue_id = ${value(issueId, "uuid")}`;
  if (state !== null) conditions.push(`c.state = ${value(state, "text")}`);
  if (after !== null) conditions.push(`(c.received_at, c.id) < (${value(after.value, "timestamptz")}, ${value(after.id, "uuid")})`);
  const listed = (...more: string[]) =>
    `SELECT c.id, c.received_at FROM crashes c WHERE ${[...conditions, ...more].join(" AND ")} ${newestFirst}`;
  const ids = async (text: string) => (await sql.rows<{ id: string }>(text, values)).map((row) => row.id);
  if (search === "") return ids(listed(ofIssue ?? living));

  const pattern = value(containsPattern(search), "text");
  const user = value(storableText(search, 250), "text");
  const id = value(asUuid(search), "uuid");
  if (ofIssue !== null) {
    return ids(
      listed(
        ofIssue,
        `(c.signature ILIKE ${pattern} OR c.release ILIKE ${pattern} OR c.user_label = ${user} OR c.id = ${id} OR c.event_id = ${id}::text)`,
      ),
    );
  }
  return ids(
    `WITH RECURSIVE matching_issue AS MATERIALIZED (
       SELECT i.id FROM issues i WHERE i.project_id = $1::bigint AND i.organization_id = $2::uuid AND i.signature ILIKE ${pattern}
     ), release AS (
       (SELECT c.release FROM crashes c WHERE c.project_id = $1::bigint AND c.release IS NOT NULL AND c.deleted_at IS NULL ORDER BY c.release LIMIT 1)
       UNION ALL
       SELECT (SELECT c.release FROM crashes c WHERE c.project_id = $1::bigint AND c.release > r.release AND c.deleted_at IS NULL ORDER BY c.release LIMIT 1)
       FROM release r WHERE r.release IS NOT NULL
     ), matching_release AS MATERIALIZED (
       SELECT r.release FROM release r WHERE r.release ILIKE ${pattern}
     )
     SELECT c.id FROM (
       ${newestOfEach("matching_issue m", "m.id", listed("c.issue_id = m.id"))}
       UNION ${newestOfEach("matching_release m", "m.release", listed("c.release = m.release", living))}
       UNION (${listed(`c.user_label = ${user}`, living)})
       UNION (${listed(`c.id = ${id}`, living)})
       UNION (${listed(`c.event_id = ${id}::text`, living)})
     ) c ${newestFirst}`,
  );
}

/** The newest crashes of those groups whose newest crash is among the newest. `crashes` is a list of the crashes of group m. */
function newestOfEach(groups: string, key: string, crashes: string): string {
  const newest = crashes.replace(newestFirst, newestFirst.replace("$3::int", "1"));
  return `(SELECT c.id, c.received_at FROM (
     SELECT ${key} FROM ${groups} CROSS JOIN LATERAL (${newest}) c ${newestFirst}) m CROSS JOIN LATERAL (${crashes}) c ${newestFirst})`;
}

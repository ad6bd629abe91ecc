/** Issues: lists by any of three orders, one by id (redirects followed), and their state. */
import { type IssueSummary, issueState } from "@salvage/contracts";
import { pageSize, toPage, unpackCursor } from "../shared/page.ts";
import { asUuid, containsPattern } from "../shared/text.ts";
import type { OrgIssues } from "./ports.ts";
import { crashesByDay, findProject, type OrgScope, validIds } from "./scope.ts";

type IssueRow = {
  id: string;
  signature: string;
  cause: string | null;
  state: string;
  provisional: boolean;
  crash_count: number;
  by_day: number[];
  first_seen_at: Date;
  last_seen_at: Date;
  versions: string[];
};

const sorts = {
  crashes: { column: "i.crash_count", cast: "int", kind: "number", value: (row: IssueRow) => row.crash_count },
  lastSeen: { column: "i.last_seen_at", cast: "timestamptz", kind: "time", value: (row: IssueRow) => row.last_seen_at },
  firstSeen: { column: "i.first_seen_at", cast: "timestamptz", kind: "time", value: (row: IssueRow) => row.first_seen_at },
} as const;

const columns = `i.id, i.signature, i.cause, i.state, i.provisional, i.crash_count, ${crashesByDay("c.issue_id = i.id")} AS by_day, i.first_seen_at,
  i.last_seen_at, i.versions`;

export function createOrgIssues(scope: OrgScope): OrgIssues {
  const { organizationId } = scope;
  return {
    list({ projectSlug, state, search, sort = "lastSeen", cursor, limit }) {
      return scope.run(async (tx) => {
        const project = await findProject(scope, tx, projectSlug);
        if (project === null) return null;
        const { column, cast, kind, value } = sorts[sort];
        const after = unpackCursor(cursor, kind);
        const size = pageSize(limit);
        const rows = await tx.sql.rows<IssueRow>(
          `SELECT ${columns} FROM issues i
           WHERE i.project_id = $1::bigint AND i.organization_id = $2::uuid AND i.crash_count > 0 AND ($3::text IS NULL OR i.state = $3 OR ($3 = 'open' AND i.state NOT IN ('resolved', 'ignored')))
             AND ($4::text IS NULL OR i.signature ILIKE $4) AND ($5::text IS NULL OR (${column}, i.id) < ($5::${cast}, $6::uuid))
           ORDER BY ${column} DESC, i.id DESC LIMIT $7::int`,
          [
            project.id,
            organizationId,
            state ?? null,
            search ? containsPattern(search) : null,
            after?.value ?? null,
            after?.id ?? null,
            size + 1,
          ],
        );
        return toPage(rows, size, (row) => ({ value: value(row), id: row.id }), issueSummary);
      });
    },

    async byId({ issueId }) {
      const asked = asUuid(issueId);
      if (asked === null) return null;
      return scope.run(async ({ sql }) => {
        const [row] = await sql.rows<IssueRow & { project_slug: string; newest_crash_id: string | null }>(
          `SELECT ${columns}, p.slug AS project_slug,
             (SELECT c.id FROM crashes c WHERE c.issue_id = i.id AND c.deleted_at IS NULL ORDER BY c.received_at DESC, c.id DESC LIMIT 1) AS newest_crash_id
           FROM issues i JOIN projects p ON p.id = i.project_id
           WHERE i.organization_id = $2::uuid AND p.deleted_at IS NULL
             AND i.id = coalesce((SELECT r.to_issue_id FROM issue_redirects r WHERE r.from_issue_id = $1::uuid AND r.organization_id = $2::uuid), $1::uuid)`,
          [asked, organizationId],
        );
        if (row === undefined) return null;
        return {
          ...issueSummary(row),
          projectSlug: row.project_slug,
          newestCrashId: row.newest_crash_id,
          redirectedFrom: row.id === asked ? null : asked,
        };
      });
    },

    setState({ issueIds, state }) {
      return scope.run(async (tx) => {
        // In order of id, as everywhere: two bulk changes at once must not lock each other out.
        const changed = await tx.sql.rows<{ id: string }>(
          `WITH locked AS (SELECT id FROM issues WHERE id = ANY ($1::uuid[]) AND organization_id = $2::uuid AND state <> $3::text ORDER BY id FOR UPDATE)
           UPDATE issues i SET state = $3::text, state_changed_at = now(), resolved_at = CASE WHEN $3::text = 'resolved' THEN now() ELSE NULL END
           FROM locked WHERE i.id = locked.id RETURNING i.id`,
          [validIds(issueIds), organizationId, state],
        );
        for (const { id } of changed) await scope.audit(tx, "issue.set_state", id, { state });
        return { changed: changed.length };
      });
    },
  };
}

function issueSummary(row: IssueRow): IssueSummary {
  return {
    id: row.id,
    signature: row.signature,
    cause: row.cause,
    state: issueState.parse(row.state),
    provisional: row.provisional,
    crashes: row.crash_count,
    crashesByDay: row.by_day,
    firstSeenAt: row.first_seen_at.toISOString(),
    lastSeenAt: row.last_seen_at.toISOString(),
    versions: row.versions,
  };
}

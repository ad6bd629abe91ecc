/**
 * Processing Issues: missing files of a project, ranked by how many crashes wait, and ignoring those that will never come.
 * An ignored file holds no crash: what waited for nothing else becomes complete, and un-ignoring takes that back.
 * Row locks in the order of crashes/finish.ts: crashes by id, then missing files by key.
 */
import { fileNeed, type MissingFilesFilter, type MissingFileView, missingFileState } from "@salvage/contracts";
import type { Tx } from "../scope.ts";
import { pageSize, toPage, unpackCursor } from "../shared/page.ts";
import { asUuid, likeOfPattern, storableText } from "../shared/text.ts";
import { waitingTables, waits } from "../shared/waiting.ts";
import { nearFiles } from "./near-files.ts";
import type { OrgIgnoreRules, OrgMissingFiles } from "./ports.ts";
import { findProject, type OrgScope, validIds } from "./scope.ts";

type FileRow = {
  id: string;
  file_key: string;
  name: string;
  code_file: string;
  debug_id: string | null;
  code_id: string | null;
  os: string | null;
  cpu: string | null;
  own: boolean;
  state: string;
  needs: string;
  needs_names: boolean;
  needs_unwind: boolean;
  versions: string[];
  waiting_crashes: number;
  issues: number;
  sample_frame: string | null;
  first_seen_at: Date;
  last_seen_at: Date;
  found_at: Date | null;
  done: number | null;
  total: number | null;
  rank: number;
};

const filters: Record<MissingFilesFilter, string> = {
  blocking: "m.state = 'open' AND m.own AND m.waiting_crashes > 0",
  other: "m.state = 'open' AND NOT m.own AND m.waiting_crashes > 0",
  ignored: "m.state = 'ignored'",
  resolved: "m.state = 'found'",
};

/** Found ones by time, newest first; the others by how many wait. */
function rankOf(filter: MissingFilesFilter): string {
  return filter === "resolved" ? "coalesce(extract(epoch FROM m.found_at), 0)::bigint" : "m.waiting_crashes::bigint";
}

export function createOrgMissingFiles(scope: OrgScope): OrgMissingFiles {
  const { organizationId } = scope;
  return {
    list({ projectSlug, filter, cursor, limit }) {
      return scope.run(async (tx) => {
        const project = await findProject(scope, tx, projectSlug);
        if (project === null) return null;
        const after = unpackCursor(cursor, "number");
        const size = pageSize(limit);
        const rank = rankOf(filter);
        const waiting = "FROM crash_missing_files w WHERE w.missing_file_id = m.id AND w.open";
        // What is counted over the crashes that wait is counted for the page's files only.
        const rows = await tx.sql.rows<FileRow>(
          `WITH page AS MATERIALIZED (
             SELECT m.*, (${rank})::float8 AS rank FROM missing_files m
             WHERE m.project_id = $1::bigint AND m.organization_id = $2::uuid AND ${filters[filter]}
               AND ($3::bigint IS NULL OR (${rank}, m.id) < ($3::bigint, $4::uuid))
             ORDER BY ${rank} DESC, m.id DESC LIMIT $5::int)
           SELECT m.id, m.file_key, m.name, m.code_file, m.debug_id, m.code_id, m.os, m.cpu, m.own, m.state, m.needs, m.versions, m.waiting_crashes,
             (SELECT count(DISTINCT w.issue_id)::int ${waiting}) AS issues, EXISTS (SELECT 1 ${waiting} AND w.needs <> 'unwind') AS needs_names,
             EXISTS (SELECT 1 ${waiting} AND w.needs <> 'names') AS needs_unwind,
             m.sample_frame, m.first_seen_at, m.last_seen_at, m.found_at, a.done, a.total, m.rank
           FROM page m
           LEFT JOIN arrival_progress a ON a.organization_id = m.organization_id AND a.file_key = m.file_key AND a.done < a.total
             AND a.updated_at > now() - interval '1 hour'
           ORDER BY m.rank DESC, m.id DESC`,
          [project.id, organizationId, after === null ? null : BigInt(after.value), after?.id ?? null, size + 1],
        );
        return toPage(rows, size, (row) => ({ value: row.rank, id: row.id }), missingFileView);
      });
    },

    count({ projectSlug }) {
      return scope.run(async (tx) => {
        const project = await findProject(scope, tx, projectSlug);
        if (project === null) return null;
        const [row] = await tx.sql.rows<{ count: number }>(
          `SELECT count(*)::int AS count FROM missing_files m WHERE m.project_id = $1::bigint AND ${filters.blocking}`,
          [project.id],
        );
        return { blocking: row?.count ?? 0 };
      });
    },

    async near({ missingFileId }) {
      const id = asUuid(missingFileId);
      return id === null ? null : scope.run((tx) => nearFiles(tx, organizationId, id));
    },

    ignore(input) {
      return scope.run(async (tx) => {
        if ("missingFileIds" in input) {
          const ignored = await ignoreFiles(scope, tx, validIds(input.missingFileIds), null);
          if (ignored > 0) await scope.audit(tx, "missing_file.ignore", `${ignored} files`);
          return { ignored };
        }
        const project = await findProject(scope, tx, input.projectSlug);
        if (project === null) return "not found";
        const pattern = "pattern" in input ? storableText(input.pattern, 260) : null;
        const version = "version" in input ? storableText(input.version, 250) : null;
        const rule = await tx.models.ignoreRule.create({
          data: { organizationId, projectId: project.id, pattern, version, createdBy: scope.label },
        });
        // A file that a version not ignored wants too stays open.
        const files = await tx.sql.rows<{ id: string }>(
          pattern !== null
            ? `SELECT m.id FROM missing_files m WHERE m.project_id = $1::bigint AND m.state = 'open' AND lower(m.name) LIKE ${likeOfPattern("$2::text")}`
            : `SELECT m.id FROM missing_files m WHERE m.project_id = $1::bigint AND m.state = 'open' AND $2::text = ANY (m.versions)
                 AND m.versions <@ ARRAY(SELECT r.version FROM ignore_rules r WHERE r.project_id = $1::bigint AND r.version IS NOT NULL)`,
          [project.id, pattern ?? version],
        );
        const ignored = await ignoreFiles(
          scope,
          tx,
          files.map((file) => file.id),
          rule.id,
        );
        await scope.audit(tx, "missing_file.ignore", `${project.slug}: ${pattern ?? version}`, { files: ignored });
        return { ignored };
      });
    },

    unignore({ missingFileIds }) {
      return scope.run(async (tx) => {
        const opened = await openFiles(scope, tx, validIds(missingFileIds));
        if (opened.length > 0) await scope.audit(tx, "missing_file.unignore", `${opened.length} files`);
        return { opened: opened.length, ready: await readyFiles(scope, tx, opened) };
      });
    },
  };
}

export function createOrgIgnoreRules(scope: OrgScope): OrgIgnoreRules {
  const { organizationId } = scope;
  return {
    list({ projectSlug }) {
      return scope.run(async (tx) => {
        const project = await findProject(scope, tx, projectSlug);
        if (project === null) return null;
        const rules = await tx.models.ignoreRule.findMany({
          where: { projectId: project.id },
          orderBy: [{ createdAt: "desc" }, { id: "asc" }],
        });
        return rules.map((rule) => ({
          id: rule.id,
          pattern: rule.pattern,
          version: rule.version,
          createdBy: rule.createdBy,
          createdAt: rule.createdAt.toISOString(),
        }));
      });
    },
    async delete({ ruleId }) {
      const id = asUuid(ruleId);
      if (id === null) return "not found";
      return scope.run(async (tx) => {
        const rule = await tx.models.ignoreRule.findFirst({ where: { id, organizationId } });
        if (rule === null) return "not found";
        await tx.models.ignoreRule.deleteMany({ where: { id, organizationId } });
        const files = await tx.models.missingFile.findMany({ where: { organizationId, ignoreRuleId: id }, select: { id: true } });
        const opened = await openFiles(
          scope,
          tx,
          files.map((file) => file.id),
        );
        await scope.audit(tx, "ignore_rule.delete", rule.pattern ?? rule.version ?? id, { opened: opened.length });
        return "done";
      });
    },
  };
}

/** Locks the crashes that wait for the files, before the files themselves. */
async function lockWaiting({ organizationId }: OrgScope, tx: Tx, fileIds: readonly string[]): Promise<void> {
  await tx.sql.rows(
    `SELECT 1 AS locked FROM crashes WHERE organization_id = $2::uuid
       AND id IN (SELECT w.crash_id FROM crash_missing_files w WHERE w.missing_file_id = ANY ($1::uuid[]) AND w.open)
     ORDER BY id FOR UPDATE`,
    [fileIds, organizationId],
  );
}

async function ignoreFiles(scope: OrgScope, tx: Tx, fileIds: readonly string[], ruleId: string | null): Promise<number> {
  if (fileIds.length === 0) return 0;
  await lockWaiting(scope, tx, fileIds);
  const ignored = await tx.sql.rows<{ id: string }>(
    `WITH locked AS (SELECT id FROM missing_files WHERE id = ANY ($1::uuid[]) AND organization_id = $3::uuid AND state = 'open' ORDER BY file_key FOR UPDATE)
     UPDATE missing_files m SET state = 'ignored', ignore_rule_id = $2::uuid FROM locked WHERE m.id = locked.id RETURNING m.id`,
    [fileIds, ruleId, scope.organizationId],
  );
  await settleCrashes(
    tx,
    ignored.map((file) => file.id),
  );
  return ignored.length;
}

async function openFiles(scope: OrgScope, tx: Tx, fileIds: readonly string[]): Promise<string[]> {
  if (fileIds.length === 0) return [];
  await lockWaiting(scope, tx, fileIds);
  const opened = await tx.sql.rows<{ id: string }>(
    `WITH locked AS (SELECT id FROM missing_files WHERE id = ANY ($1::uuid[]) AND organization_id = $2::uuid AND state = 'ignored' ORDER BY file_key FOR UPDATE)
     UPDATE missing_files m SET state = 'open', ignore_rule_id = NULL FROM locked WHERE m.id = locked.id RETURNING m.id`,
    [fileIds, scope.organizationId],
  );
  const ids = opened.map((file) => file.id);
  await settleCrashes(tx, ids);
  return ids;
}

/** Provisional or complete, counted anew, for the crashes that wait for the files; the dump's time follows the state. */
async function settleCrashes(tx: Tx, fileIds: readonly string[]): Promise<void> {
  if (fileIds.length === 0) return;
  await tx.sql.run(
    `WITH affected AS (SELECT DISTINCT crash_id FROM crash_missing_files WHERE missing_file_id = ANY ($1::uuid[]) AND open),
     counted AS (
       SELECT a.crash_id, count(*) FILTER (WHERE w.own AND m.state <> 'ignored')::int AS missing
       FROM affected a JOIN crash_missing_files w ON w.crash_id = a.crash_id AND w.open JOIN missing_files m ON m.id = w.missing_file_id GROUP BY 1)
     UPDATE crashes c SET missing_count = n.missing, state = CASE WHEN n.missing = 0 THEN 'complete' ELSE 'provisional' END,
       dump_delete_after = CASE WHEN c.dump_state = 'deleted' THEN NULL WHEN n.missing > 0 THEN c.received_at + p.wait_for_symbols_days * interval '1 day'
         ELSE now() + p.keep_dump_days * interval '1 day' END
     FROM counted n, projects p
     WHERE c.id = n.crash_id AND p.id = c.project_id AND c.state IN ('provisional', 'complete') AND (c.state = 'complete') <> (n.missing = 0)`,
    [fileIds],
  );
  await tx.sql.run(
    `WITH affected AS (SELECT DISTINCT crash_id FROM crash_missing_files WHERE missing_file_id = ANY ($1::uuid[]) AND open)
     UPDATE crashes c SET missing_count = (SELECT count(*) FROM crash_missing_files w JOIN missing_files m ON m.id = w.missing_file_id
       WHERE w.crash_id = c.id AND w.open AND w.own AND m.state <> 'ignored')
     FROM affected a WHERE c.id = a.crash_id`,
    [fileIds],
  );
}

/** Files that came while they were ignored. */
async function readyFiles(scope: OrgScope, tx: Tx, fileIds: readonly string[]): Promise<{ organizationId: string; fileKey: string }[]> {
  if (fileIds.length === 0) return [];
  const rows = await tx.sql.rows<{ file_key: string }>(
    `SELECT DISTINCT w.file_key FROM ${waitingTables} WHERE m.id = ANY ($1::uuid[]) AND ${waits}`,
    [fileIds],
  );
  return rows.map((row) => ({ organizationId: scope.organizationId, fileKey: row.file_key }));
}

function missingFileView(row: FileRow): MissingFileView {
  const both = row.needs_names && row.needs_unwind;
  const one = row.needs_names ? "names" : row.needs_unwind ? "unwind" : row.needs;
  return {
    id: row.id,
    fileKey: row.file_key,
    name: row.name,
    codeFile: row.code_file,
    debugId: row.debug_id,
    codeId: row.code_id,
    os: row.os,
    cpu: row.cpu,
    own: row.own,
    state: missingFileState.parse(row.state),
    needs: fileNeed.parse(both ? "both" : one),
    versions: row.versions,
    waitingCrashes: row.waiting_crashes,
    issues: row.issues,
    sampleFrame: row.sample_frame,
    firstSeenAt: row.first_seen_at.toISOString(),
    lastSeenAt: row.last_seen_at.toISOString(),
    foundAt: row.found_at?.toISOString() ?? null,
    arrival: row.done === null || row.total === null ? null : { done: row.done, total: row.total },
  };
}

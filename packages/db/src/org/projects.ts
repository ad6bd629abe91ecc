/** Projects and their client keys. */
import { type ClientKeyView, mostCrashesCounted, type ProjectName, type ProjectSettings } from "@salvage/contracts";
import { isUniqueViolation } from "../scope.ts";
import { newPublicKey } from "../shared/secrets.ts";
import { isSlug, slugOfName } from "../shared/slugs.ts";
import { only } from "../shared/sql.ts";
import { asProjectId, asUuid, storableText } from "../shared/text.ts";
import type { OrgClientKeys, OrgProjects } from "./ports.ts";
import { crashesByDay, findProject, type OrgScope } from "./scope.ts";

type SummaryRow = {
  id: string;
  slug: string;
  name: string;
  created_at: Date;
  crashes_24h: number;
  by_day: number[];
  open_issues: number;
  missing_files: number;
  waiting_crashes: number;
  last_crash_at: Date | null;
};

/** SQL: how many crashes c fulfil `condition`, counted no further than `mostCrashesCounted`. */
function countSome(condition: string): string {
  return `(SELECT count(*)::int FROM (SELECT 1 FROM crashes c WHERE ${condition} LIMIT ${mostCrashesCounted}) counted)`;
}

const summarySql = `SELECT p.id::text, p.slug, p.name, p.created_at,
    (SELECT count(*)::int FROM crashes c WHERE c.project_id = p.id AND c.deleted_at IS NULL AND c.received_at > now() - interval '24 hours') AS crashes_24h,
    ${crashesByDay("c.project_id = p.id AND c.deleted_at IS NULL")} AS by_day,
    (SELECT count(*)::int FROM issues i WHERE i.project_id = p.id AND i.crash_count > 0 AND i.state IN ('new', 'ongoing', 'regressed')) AS open_issues,
    (SELECT count(*)::int FROM missing_files m WHERE m.project_id = p.id AND m.state = 'open' AND m.own AND m.waiting_crashes > 0) AS missing_files,
    ${countSome("c.project_id = p.id AND c.state = 'provisional' AND c.deleted_at IS NULL")} AS waiting_crashes,
    (SELECT max(c.received_at) FROM crashes c WHERE c.project_id = p.id AND c.deleted_at IS NULL) AS last_crash_at
  FROM projects p WHERE p.organization_id = $1::uuid AND p.deleted_at IS NULL ORDER BY lower(p.name), p.id`;

export function createOrgProjects(scope: OrgScope): OrgProjects {
  const { organizationId } = scope;
  return {
    async list() {
      const rows = await scope.run(({ sql }) => sql.rows<SummaryRow>(summarySql, [organizationId]));
      return rows.map((row) => ({
        id: row.id,
        slug: row.slug,
        name: row.name,
        crashes24h: row.crashes_24h,
        crashesByDay: row.by_day,
        openIssues: row.open_issues,
        missingFiles: row.missing_files,
        waitingCrashes: row.waiting_crashes,
        lastCrashAt: row.last_crash_at?.toISOString() ?? null,
        createdAt: row.created_at.toISOString(),
      }));
    },

    names() {
      return scope.run(({ sql }) =>
        sql.rows<ProjectName>(
          "SELECT slug, name FROM projects p WHERE p.organization_id = $1::uuid AND p.deleted_at IS NULL ORDER BY lower(p.name), p.id",
          [organizationId],
        ),
      );
    },

    async create({ name, slug: wanted }) {
      const slug = wanted ?? slugOfName(name);
      if (slug === null || !isSlug(slug)) return "bad slug";
      try {
        return await scope.run(async (tx) => {
          const project = await tx.models.project.create({ data: { organizationId, slug, name: storableText(name, 80) } });
          const key = await tx.models.clientKey.create({
            data: { organizationId, projectId: project.id, name: "Default", publicKey: newPublicKey() },
          });
          await scope.audit(tx, "project.create", slug);
          return { id: project.id.toString(), slug, publicKey: key.publicKey };
        });
      } catch (error) {
        if (isUniqueViolation(error)) return "slug taken";
        throw error;
      }
    },

    bySlug({ projectSlug }) {
      return scope.run(async ({ models, sql }) => {
        const project = await models.project.findFirst({
          where: { organizationId, slug: storableText(projectSlug, 100), deletedAt: null },
        });
        if (project === null) return null;
        const { crashes } = only(
          await sql.rows<{ crashes: number }>(`SELECT ${countSome("c.project_id = $1::bigint AND c.deleted_at IS NULL")} AS crashes`, [
            project.id,
          ]),
        );
        const settings: ProjectSettings = {
          id: project.id.toString(),
          slug: project.slug,
          name: project.name,
          ownPatterns: project.ownPatterns,
          notOwnPatterns: project.notOwnPatterns,
          waitForSymbolsDays: project.waitForSymbolsDays,
          keepDumpDays: project.keepDumpDays,
          reportRetentionDays: project.reportRetentionDays,
        };
        return { ...settings, crashCount: crashes };
      });
    },

    async byId({ projectId }) {
      const id = asProjectId(projectId);
      if (id === null) return null;
      const project = await scope.run(({ models }) => models.project.findFirst({ where: { id, organizationId, deletedAt: null } }));
      return project === null ? null : { id: project.id.toString(), slug: project.slug, name: project.name };
    },

    async update({ projectSlug, ...change }) {
      if (change.slug !== undefined && !isSlug(change.slug)) return "bad slug";
      try {
        return await scope.run(async (tx) => {
          const project = await findProject(scope, tx, projectSlug);
          if (project === null) return "not found";
          const data = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
          await tx.models.project.update({ where: { id_organizationId: { id: project.id, organizationId } }, data });
          // Dumps held now go by the new times too.
          if (change.waitForSymbolsDays !== undefined || change.keepDumpDays !== undefined) {
            await tx.sql.run(
              `UPDATE crashes c SET dump_delete_after = CASE c.state WHEN 'complete' THEN c.finished_at + p.keep_dump_days * interval '1 day'
                 ELSE c.received_at + p.wait_for_symbols_days * interval '1 day' END
               FROM projects p WHERE p.id = $1::bigint AND c.project_id = p.id AND c.dump_state = 'held' AND c.state IN ('provisional', 'complete', 'rejected')`,
              [project.id],
            );
          }
          await scope.audit(tx, "project.update", project.slug, { changed: Object.keys(data) });
          return "done";
        });
      } catch (error) {
        if (isUniqueViolation(error)) return "slug taken";
        throw error;
      }
    },

    async delete({ projectSlug, confirmSlug }) {
      return scope.run(async (tx) => {
        const project = await findProject(scope, tx, projectSlug);
        if (project === null) return "not found";
        if (confirmSlug !== project.slug) return "not confirmed";
        // The slug is free again at once; "~" cannot be in one.
        await tx.models.project.update({
          where: { id_organizationId: { id: project.id, organizationId } },
          data: { deletedAt: new Date(), slug: `${project.slug}~${project.id}` },
        });
        await scope.audit(tx, "project.delete", project.slug);
        return "done";
      });
    },
  };
}

export function createOrgClientKeys(scope: OrgScope): OrgClientKeys {
  const { organizationId } = scope;
  return {
    list({ projectSlug }) {
      return scope.run(async (tx) => {
        const project = await findProject(scope, tx, projectSlug);
        if (project === null) return null;
        const keys = await tx.models.clientKey.findMany({
          where: { projectId: project.id },
          orderBy: [{ createdAt: "asc" }, { id: "asc" }],
        });
        return keys.map(clientKeyView);
      });
    },
    create({ projectSlug, name }) {
      return scope.run(async (tx) => {
        const project = await findProject(scope, tx, projectSlug);
        if (project === null) return null;
        const key = await tx.models.clientKey.create({
          data: { organizationId, projectId: project.id, name: storableText(name, 80), publicKey: newPublicKey() },
        });
        await scope.audit(tx, "client_key.create", `${project.slug}: ${key.name}`);
        return clientKeyView(key);
      });
    },
    async update({ keyId, ...change }) {
      const id = asUuid(keyId);
      if (id === null) return "not found";
      return scope.run(async (tx) => {
        const data = {
          ...(change.name === undefined ? {} : { name: storableText(change.name, 80) }),
          ...(change.disabled === undefined ? {} : { disabled: change.disabled }),
          ...(change.rateLimitPerMinute === undefined ? {} : { rateLimitPerMinute: change.rateLimitPerMinute }),
        };
        const changed = await tx.models.clientKey.updateMany({ where: { id, organizationId }, data });
        if (changed.count === 0) return "not found";
        await scope.audit(tx, "client_key.update", id, { changed: Object.keys(data) });
        return "done";
      });
    },
    async delete({ keyId }) {
      const id = asUuid(keyId);
      if (id === null) return "not found";
      return scope.run(async (tx) => {
        const deleted = await tx.models.clientKey.deleteMany({ where: { id, organizationId } });
        if (deleted.count === 0) return "not found";
        await scope.audit(tx, "client_key.delete", id);
        return "done";
      });
    },
  };
}

function clientKeyView(key: {
  id: string;
  name: string;
  publicKey: string;
  disabled: boolean;
  rateLimitPerMinute: number | null;
  createdAt: Date;
  lastUsedAt: Date | null;
}): ClientKeyView {
  return {
    id: key.id,
    name: key.name,
    publicKey: key.publicKey,
    disabled: key.disabled,
    rateLimitPerMinute: key.rateLimitPerMinute,
    createdAt: key.createdAt.toISOString(),
    lastUsedAt: key.lastUsedAt?.toISOString() ?? null,
  };
}

/** What posts of a project and of the whole organization may have; ingest applies it within seconds. */
import { organizationLimits, projectLimits } from "@salvage/contracts";
import type { OrgLimits } from "./ports.ts";
import { findProject, type OrgScope } from "./scope.ts";

type LimitsRow = {
  rate: number | null;
  max_dump_bytes: number | null;
  max_attachment_bytes: number | null;
  max_attachments: number | null;
  organization_rate: number | null;
  storage_quota_bytes: number | null;
  used_bytes: number;
};

export function createOrgLimits(scope: OrgScope): OrgLimits {
  const { organizationId } = scope;
  return {
    ofProject({ projectSlug }) {
      return scope.run(async (tx) => {
        const project = await findProject(scope, tx, projectSlug);
        if (project === null) return null;
        const [row] = await tx.sql.rows<LimitsRow>(
          `SELECT p.rate_limit_per_minute AS rate, p.max_dump_bytes::float8 AS max_dump_bytes, p.max_attachment_bytes::float8 AS max_attachment_bytes,
             p.max_attachments, o.rate_limit_per_minute AS organization_rate, o.storage_quota_bytes::float8 AS storage_quota_bytes,
             coalesce(u.used_bytes, 0)::float8 AS used_bytes
           FROM projects p JOIN organizations o ON o.id = p.organization_id LEFT JOIN storage_usage u ON u.organization_id = o.id
           WHERE p.id = $1::bigint AND p.organization_id = $2::uuid`,
          [project.id, organizationId],
        );
        if (row === undefined) return null;
        return {
          project: projectLimits.parse({
            rateLimitPerMinute: row.rate,
            maxDumpBytes: row.max_dump_bytes,
            maxAttachmentBytes: row.max_attachment_bytes,
            maxAttachments: row.max_attachments,
          }),
          organization: organizationLimits.parse({ rateLimitPerMinute: row.organization_rate, storageQuotaBytes: row.storage_quota_bytes }),
          storageUsedBytes: row.used_bytes,
        };
      });
    },
    setProject({ projectSlug, ...change }) {
      return scope.run(async (tx) => {
        const project = await findProject(scope, tx, projectSlug);
        if (project === null) return "not found";
        const data = given(change);
        await tx.models.project.update({ where: { id_organizationId: { id: project.id, organizationId } }, data });
        await scope.audit(tx, "project.limits", project.slug, { changed: Object.keys(data) });
        return "done";
      });
    },
    setOrganization({ rateLimitPerMinute }) {
      return scope.run<"done">(async (tx) => {
        const data = given({ rateLimitPerMinute });
        await tx.models.organization.update({ where: { id: organizationId }, data });
        await scope.audit(tx, "organization.limits", scope.organizationId, { changed: Object.keys(data) });
        return "done";
      });
    },
  };
}

/** What was given, with its nulls: null goes back to the default. */
const given = (change: object) => Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));

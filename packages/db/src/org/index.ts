/** One organization's repositories. Only the gate calls this: an OrgDb is proof that somebody was let in. */
import { roleMay, tokenScope } from "@salvage/contracts";
import type { AppDatabase } from "../scope.ts";
import { createOrgCrashes } from "./crashes.ts";
import { createOrgDebugFiles, createOrgUploads } from "./debug-files.ts";
import { createOrgIssues } from "./issues.ts";
import { createOrgLimits } from "./limits.ts";
import { createOrgInvitations, createOrgMembers, createOrgTokens } from "./members.ts";
import { createOrgIgnoreRules, createOrgMissingFiles } from "./missing-files.ts";
import type { OrgActor, OrgDb } from "./ports.ts";
import { createOrgClientKeys, createOrgProjects } from "./projects.ts";
import { createOrgScope } from "./scope.ts";
import { createOrgAudit, createOrgRefusals, createOrgWebhooks } from "./webhooks.ts";

/** @param input.label the actor as the audit log names it */
export function createOrgDb(
  database: AppDatabase,
  input: { organization: { id: string; slug: string; name: string }; actor: OrgActor; label: string },
): OrgDb {
  const { organization, actor, label } = input;
  const scope = createOrgScope(database, { organizationId: organization.id, actor, label });
  const repositories: Omit<OrgDb, symbol> = {
    organization: { id: organization.id, slug: organization.slug, name: organization.name },
    actor,
    may(permission) {
      if (actor.kind === "member") return roleMay(actor.role, permission);
      const scopeOfPermission = tokenScope.safeParse(permission);
      return scopeOfPermission.success && actor.scopes.includes(scopeOfPermission.data);
    },
    projects: createOrgProjects(scope),
    clientKeys: createOrgClientKeys(scope),
    issues: createOrgIssues(scope),
    crashes: createOrgCrashes(scope),
    missingFiles: createOrgMissingFiles(scope),
    ignoreRules: createOrgIgnoreRules(scope),
    debugFiles: createOrgDebugFiles(scope),
    uploads: createOrgUploads(scope),
    tokens: createOrgTokens(scope),
    members: createOrgMembers(scope),
    invitations: createOrgInvitations(scope),
    webhooks: createOrgWebhooks(scope),
    refusals: createOrgRefusals(scope),
    limits: createOrgLimits(scope),
    audit: createOrgAudit(scope),
  };
  return repositories as OrgDb;
}

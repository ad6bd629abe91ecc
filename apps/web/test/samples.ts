/**
 * A sample input for every procedure that is not public. A procedure without one fails the tenancy test: writing it down here is how a
 * new procedure gets its cover.
 */
import { randomBytes } from "node:crypto";
import type { Permission } from "@salvage/contracts";
import type { Tenant } from "./world.ts";

export type Sample = {
  /** What the procedure must ask for. Stated here once more, so that a permission is not weakened by a slip. */
  access: "authed" | Permission;
  /** An input that names rows of this tenant (or, where `names` is "nothing", no row at all). */
  input(tenant: Tenant): Record<string, unknown>;
  /**
   * What the input names besides the organization. "rows": asked with another organization's rows the answer is NOT_FOUND or empty.
   * "nothing": then it answers about the caller's own organization, or about the caller.
   */
  names: "rows" | "nothing";
};

type Access = Sample["access"];
const rows = (access: Access, input: (tenant: Tenant) => Record<string, unknown>): Sample => ({ access, input, names: "rows" });
const nothing = (access: Access, input: () => Record<string, unknown> = () => ({})): Sample => ({ access, input, names: "nothing" });

const project = ({ projectSlug }: Tenant) => ({ projectSlug });
const crash = ({ crashId }: Tenant) => ({ crashId });
const fresh = () => `new-${randomBytes(4).toString("hex")}`;

export const samples: Readonly<Record<string, Sample>> = {
  "account.changePassword": nothing("authed", () => ({ currentPassword: "wrong password", newPassword: "another long password" })),
  "account.me": nothing("authed"),
  "account.revokeSession": rows("authed", ({ people }) => ({ sessionId: people.viewer.sessionId })),
  "account.sessions": nothing("authed"),
  "deviceCodes.approve": rows("authed", ({ orgSlug }) => ({ userCode: "BCDF-GHJK", organizationSlug: orgSlug })),
  "deviceCodes.deny": rows("authed", () => ({ userCode: "BCDF-GHJK" })),
  "deviceCodes.find": rows("authed", () => ({ userCode: "BCDF-GHJK" })),
  "organizations.create": nothing("authed", () => ({ name: "New", slug: fresh() })),
  "organizations.mine": nothing("authed"),

  "audit.list": nothing("organization:admin"),
  "clientKeys.create": rows("project:write", (tenant) => ({ ...project(tenant), name: "New" })),
  "clientKeys.delete": rows("project:write", ({ keyId }) => ({ keyId })),
  "clientKeys.list": rows("project:read", project),
  "clientKeys.update": rows("project:write", ({ keyId }) => ({ keyId, disabled: true, name: "Changed", rateLimitPerMinute: 5 })),
  "crashes.byId": rows("crash:read", crash),
  "crashes.delete": rows("crash:delete", crash),
  "crashes.dumpTicket": rows("dump:download", crash),
  "crashes.list": rows("crash:read", project),
  "crashes.processAgain": rows("crash:write", crash),
  "crashes.report": rows("crash:read", crash),
  "crashes.status": rows("crash:read", crash),
  "debugFiles.delete": rows("debug-file:write", ({ debugFileId }) => ({ debugFileId })),
  "debugFiles.list": nothing("debug-file:read"),
  "ignoreRules.delete": rows("crash:write", ({ ruleId }) => ({ ruleId })),
  "ignoreRules.list": rows("crash:read", project),
  "invitations.create": nothing("organization:admin", () => ({ email: `${fresh()}@example.org`, role: "member" })),
  "invitations.list": nothing("organization:admin"),
  "invitations.revoke": rows("organization:admin", ({ invitationId }) => ({ invitationId })),
  "issues.byId": rows("crash:read", ({ issueId }) => ({ issueId })),
  "issues.list": rows("crash:read", project),
  "issues.setState": rows("crash:write", ({ issueId }) => ({ issueIds: [issueId], state: "resolved" })),
  "members.leave": nothing("organization:read"),
  "members.list": nothing("organization:read"),
  "members.remove": rows("organization:admin", ({ guest }) => ({ userId: guest.userId })),
  "members.setRole": rows("organization:admin", ({ guest }) => ({ userId: guest.userId, role: "member" })),
  "missingFiles.count": rows("crash:read", project),
  "missingFiles.ignore": rows("crash:write", ({ missingFileId }) => ({ missingFileIds: [missingFileId] })),
  "missingFiles.list": rows("crash:read", (tenant) => ({ ...project(tenant), filter: "blocking" })),
  "missingFiles.near": rows("crash:read", ({ missingFileId }) => ({ missingFileId })),
  "missingFiles.unignore": rows("crash:write", ({ ignoredFileId }) => ({ missingFileIds: [ignoredFileId] })),
  "projects.bySlug": rows("project:read", project),
  "projects.create": nothing("project:write", () => ({ name: "New", slug: fresh() })),
  "projects.delete": rows("organization:admin", (tenant) => ({ ...project(tenant), confirmSlug: tenant.projectSlug })),
  "projects.list": nothing("project:read"),
  "projects.names": nothing("project:read"),
  "projects.update": rows("project:write", (tenant) => ({ ...project(tenant), name: "Changed", waitForSymbolsDays: 3 })),
  "limits.ofProject": rows("project:read", project),
  "limits.setOrganization": nothing("organization:admin", () => ({ rateLimitPerMinute: 77 })),
  "limits.setProject": rows("project:write", (tenant) => ({ ...project(tenant), maxAttachments: 7 })),
  "refusals.list": rows("project:read", project),
  "tokens.create": nothing("organization:admin", () => ({ name: "New", scopes: ["crash:read"], expiresInDays: 30 })),
  "tokens.list": nothing("organization:admin"),
  "tokens.revoke": rows("organization:admin", ({ tokenId }) => ({ tokenId })),
  "uploads.byId": rows("debug-file:read", ({ uploadId }) => ({ uploadId })),
  "uploads.byIds": rows("debug-file:read", ({ uploadId }) => ({ uploadIds: [uploadId] })),
  "uploads.recent": nothing("debug-file:read"),
  "uploads.ticket": rows("debug-file:write", project),
  "webhooks.create": rows("project:write", (tenant) => ({ ...project(tenant), url: "https://hooks.example/", events: ["issue.new"] })),
  "webhooks.delete": rows("project:write", ({ webhookId }) => ({ webhookId })),
  "webhooks.list": rows("project:read", project),
  "webhooks.redeliver": rows("project:write", ({ deliveryId }) => ({ deliveryId })),
  "webhooks.update": rows("project:write", ({ webhookId }) => ({ webhookId, disabled: true })),
};

/** Inputs that name rows of both sides, or rows by another way than the sample of the same procedure: all must find nothing. */
export const mixedInputs: readonly { path: string; input(own: Tenant, other: Tenant): Record<string, unknown> }[] = [
  { path: "crashes.list", input: (own, other) => ({ projectSlug: own.projectSlug, issueId: other.issueId }) },
  { path: "crashes.list", input: (own, other) => ({ projectSlug: own.projectSlug, search: other.crashId }) },
  { path: "missingFiles.ignore", input: (_, other) => ({ projectSlug: other.projectSlug, pattern: `${other.marker}*` }) },
  { path: "missingFiles.ignore", input: (_, other) => ({ projectSlug: other.projectSlug, version: `${other.marker}-1.0` }) },
];

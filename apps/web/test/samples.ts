/**
 * A sample input for every procedure that is not public. A procedure without one fails the tenancy test: writing it down here is how a
 * new procedure gets its cover.
 */
import { randomBytes } from "node:crypto";
import type { Tenant } from "./world.ts";

export type Sample = {
  /** An input that names rows of this tenant (or, where `names` is "nothing", no row at all). */
  input(tenant: Tenant): Record<string, unknown>;
  /**
   * What the input names besides the organization. "rows": asked with another organization's rows the answer is NOT_FOUND or empty.
   * "nothing": then it answers about the caller's own organization, or about the caller.
   */
  names: "rows" | "nothing";
};

const rows = (input: (tenant: Tenant) => Record<string, unknown>): Sample => ({ input, names: "rows" });
const nothing = (input: () => Record<string, unknown> = () => ({})): Sample => ({ input, names: "nothing" });

const project = ({ projectSlug }: Tenant) => ({ projectSlug });
const crash = ({ crashId }: Tenant) => ({ crashId });
const fresh = () => `new-${randomBytes(4).toString("hex")}`;

export const samples: Readonly<Record<string, Sample>> = {
  "account.changePassword": nothing(() => ({ currentPassword: "wrong password", newPassword: "another long password" })),
  "account.me": nothing(),
  "account.revokeSession": rows(({ people }) => ({ sessionId: people.viewer.sessionId })),
  "account.sessions": nothing(),
  "organizations.create": nothing(() => ({ name: "New", slug: fresh() })),
  "organizations.mine": nothing(),

  "audit.list": nothing(),
  "clientKeys.create": rows((tenant) => ({ ...project(tenant), name: "New" })),
  "clientKeys.delete": rows(({ keyId }) => ({ keyId })),
  "clientKeys.list": rows(project),
  "clientKeys.update": rows(({ keyId }) => ({ keyId, disabled: true, name: "Changed", rateLimitPerMinute: 5 })),
  "crashes.byId": rows(crash),
  "crashes.delete": rows(crash),
  "crashes.dumpTicket": rows(crash),
  "crashes.list": rows(project),
  "crashes.processAgain": rows(crash),
  "crashes.report": rows(crash),
  "crashes.status": rows(crash),
  "debugFiles.delete": rows(({ debugFileId }) => ({ debugFileId })),
  "debugFiles.list": nothing(),
  "ignoreRules.delete": rows(({ ruleId }) => ({ ruleId })),
  "ignoreRules.list": rows(project),
  "invitations.create": nothing(() => ({ email: `${fresh()}@example.org`, role: "member" })),
  "invitations.list": nothing(),
  "invitations.revoke": rows(({ invitationId }) => ({ invitationId })),
  "issues.byId": rows(({ issueId }) => ({ issueId })),
  "issues.list": rows(project),
  "issues.setState": rows(({ issueId }) => ({ issueIds: [issueId], state: "resolved" })),
  "members.leave": nothing(),
  "members.list": nothing(),
  "members.remove": rows(({ guest }) => ({ userId: guest.userId })),
  "members.setRole": rows(({ guest }) => ({ userId: guest.userId, role: "member" })),
  "missingFiles.count": rows(project),
  "missingFiles.ignore": rows(({ missingFileId }) => ({ missingFileIds: [missingFileId] })),
  "missingFiles.list": rows((tenant) => ({ ...project(tenant), filter: "blocking" })),
  "missingFiles.unignore": rows(({ ignoredFileId }) => ({ missingFileIds: [ignoredFileId] })),
  "projects.bySlug": rows(project),
  "projects.create": nothing(() => ({ name: "New", slug: fresh() })),
  "projects.delete": rows((tenant) => ({ ...project(tenant), confirmSlug: tenant.projectSlug })),
  "projects.list": nothing(),
  "projects.update": rows((tenant) => ({ ...project(tenant), name: "Changed", waitForSymbolsDays: 3 })),
  "refusals.list": rows(project),
  "tokens.create": nothing(() => ({ name: "New", scopes: ["crash:read"], expiresInDays: 30 })),
  "tokens.list": nothing(),
  "tokens.revoke": rows(({ tokenId }) => ({ tokenId })),
  "uploads.byId": rows(({ uploadId }) => ({ uploadId })),
  "uploads.recent": nothing(),
  "uploads.ticket": rows(project),
  "webhooks.create": rows((tenant) => ({ ...project(tenant), url: "https://hooks.example/", events: ["issue.new"] })),
  "webhooks.delete": rows(({ webhookId }) => ({ webhookId })),
  "webhooks.list": rows(project),
  "webhooks.redeliver": rows(({ deliveryId }) => ({ deliveryId })),
  "webhooks.update": rows(({ webhookId }) => ({ webhookId, disabled: true })),
};

/** Inputs that name rows of both sides, or rows by another way than the sample of the same procedure: all must find nothing. */
export const mixedInputs: readonly { path: string; input(own: Tenant, other: Tenant): Record<string, unknown> }[] = [
  { path: "crashes.list", input: (own, other) => ({ projectSlug: own.projectSlug, issueId: other.issueId }) },
  { path: "crashes.list", input: (own, other) => ({ projectSlug: own.projectSlug, search: other.crashId }) },
  { path: "missingFiles.ignore", input: (_, other) => ({ projectSlug: other.projectSlug, pattern: `${other.marker}*` }) },
  { path: "missingFiles.ignore", input: (_, other) => ({ projectSlug: other.projectSlug, version: `${other.marker}-1.0` }) },
];

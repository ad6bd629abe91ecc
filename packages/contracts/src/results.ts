/** Answers of single procedures that are more than one view of views.ts. */
import { z } from "zod";
import { role } from "./permissions.ts";
import { crashState } from "./states.ts";
import { apiTokenView, invitationView, issueSummary, projectSettings, webhookView } from "./views.ts";

const time = z.string();

/** `publicKey`: of the client key that every project begins with. */
export const projectCreated = z.object({ id: z.string(), slug: z.string(), publicKey: z.string() });
export type ProjectCreated = z.infer<typeof projectCreated>;

/** `crashCount`: at most `mostCrashesCounted`. */
export const projectDetail = projectSettings.extend({ crashCount: z.number().int() });
export type ProjectDetail = z.infer<typeof projectDetail>;

export const issueDetail = issueSummary.extend({
  projectSlug: z.string(),
  newestCrashId: z.string().nullable(),
  /** The id that was asked for, when that issue has been joined with this one. */
  redirectedFrom: z.string().nullable(),
});
export type IssueDetail = z.infer<typeof issueDetail>;

export const crashStatus = z.object({ state: crashState, revision: z.number().int(), missingFiles: z.number().int() });
export type CrashStatus = z.infer<typeof crashStatus>;

/** Where the dump can be fetched once, within 60 seconds. A path of the public origin. */
export const dumpTicketView = z.object({ url: z.string() });
export type DumpTicketView = z.infer<typeof dumpTicketView>;

/** A machine that waits to be signed in, as it calls itself. */
export const deviceCodeRequest = z.object({ clientName: z.string(), createdAt: time });
export type DeviceCodeRequest = z.infer<typeof deviceCodeRequest>;

export const deviceCodeApproved = z.object({ organizationSlug: z.string() });

/** Either by pattern or by version. */
export const ignoreRuleView = z.object({
  id: z.string(),
  pattern: z.string().nullable(),
  version: z.string().nullable(),
  createdBy: z.string(),
  createdAt: time,
});
export type IgnoreRuleView = z.infer<typeof ignoreRuleView>;

export const uploadTicket = z.object({ ticket: z.string(), expiresAt: time });
export type UploadTicket = z.infer<typeof uploadTicket>;

/** `token` is shown this once. */
export const apiTokenCreated = z.object({ token: z.string(), view: apiTokenView });
export type ApiTokenCreated = z.infer<typeof apiTokenCreated>;

/** `url` is the link to hand over; it and `token` are shown this once. */
export const invitationCreated = z.object({ token: z.string(), url: z.string(), view: invitationView });
export type InvitationCreated = z.infer<typeof invitationCreated>;

/** What a person who holds an invitation's link may see of it. */
export const invitationPreview = z.object({
  organizationName: z.string(),
  organizationSlug: z.string(),
  email: z.string().nullable(),
  role,
  expiresAt: time,
});
export type InvitationPreview = z.infer<typeof invitationPreview>;

/** `secret` signs the deliveries; shown this once. */
export const webhookCreated = z.object({ secret: z.string(), view: webhookView });
export type WebhookCreated = z.infer<typeof webhookCreated>;

export const sessionView = z.object({
  id: z.string(),
  userAgent: z.string().nullable(),
  createdAt: time,
  lastSeenAt: time,
  expiresAt: time,
  current: z.boolean(),
});
export type SessionView = z.infer<typeof sessionView>;

export const invitationAccepted = z.object({ organizationSlug: z.string() });
export type InvitationAccepted = z.infer<typeof invitationAccepted>;

/** The signed-in user. */
export const userView = z.object({ userId: z.string(), email: z.string(), name: z.string() });
export type UserView = z.infer<typeof userView>;

/**
 * Inputs of the dashboard's procedures, shared by tRPC (apps/web/src/server) and by the forms that fill them.
 * Every input of an organization's procedure is extended with `orgSlug` by the procedure builder, never here.
 * Messages are written for the person at the form.
 */
import { z } from "zod";
import { role, tokenScope } from "./permissions.ts";
import { crashState, issueState } from "./states.ts";
import { missingFilesFilter, webhookEvent } from "./views.ts";

/** Row id of everything but projects (whose ids are decimal strings and who are named by slug here). */
export const rowId = z.guid("Not an id");

/** Lower-case words joined by single hyphens; appears in addresses. */
export const slug = z
  .string()
  .min(2, "At least 2 characters")
  .max(40, "At most 40 characters")
  .regex(/^[a-z0-9]+(?:-[a-z0-9]+)*$/, "Lower-case letters, digits and single hyphens");

export const displayName = z.string().trim().min(1, "Give a name").max(80, "At most 80 characters");
/**
 * E-mail addresses are ASCII: what looks like one of its letters, or is made one by folding (a Kelvin sign, a full-width letter), would be another
 * person's twin. International domains have their ASCII form (xn--…).
 */
export const email = z
  .string()
  .trim()
  .max(254, "At most 254 characters")
  .regex(/^[\x21-\x7e]*$/, "Not an e-mail address: letters without accents only")
  .toLowerCase()
  .pipe(z.email("Not an e-mail address"));
/** Any characters; length is what counts. The upper end bounds the cost of hashing. */
export const newPassword = z.string().min(10, "At least 10 characters").max(200, "At most 200 characters");
export const currentPassword = z.string().min(1, "Give your password").max(200, "At most 200 characters");

const cursor = z.string().max(512).nullish();
const search = z.string().trim().max(200, "At most 200 characters").optional();
/** A bulk action touches one page of rows at most. */
const rowIds = z.array(rowId).min(1, "Choose at least one").max(200, "At most 200 at once");

export const orgInput = z.object({ orgSlug: z.string().min(1).max(40) });
export const projectInput = z.object({ projectSlug: z.string().min(1).max(40) });

// Account
export const signInInput = z.object({ email, password: currentPassword });
export const changePasswordInput = z.object({ currentPassword, newPassword });
export const sessionInput = z.object({ sessionId: rowId });

// Organizations, members, invitations
export const organizationCreateInput = z.object({ name: displayName, slug });
export const memberInput = z.object({ userId: rowId });
export const memberSetRoleInput = z.object({ userId: rowId, role });
export const invitationCreateInput = z.object({
  /** Named: only this address may accept. */
  email: email.optional(),
  role,
});
export const invitationInput = z.object({ invitationId: rowId });
export const invitationToken = z.string().min(20).max(200);
export const newAccountInput = z.object({ email, name: displayName, password: newPassword });
/** Signed in: without `account`. New: with it. */
export const invitationAcceptInput = z.object({ token: invitationToken, account: newAccountInput.optional() });

// Machines that are signed in through a browser
/** As it was typed. */
export const userCodeInput = z.object({ userCode: z.string().trim().min(1, "Type the code").max(40, "At most 40 characters") });
export const deviceCodeApproveInput = userCodeInput.extend({ organizationSlug: orgInput.shape.orgSlug });

// Projects
export const projectCreateInput = z.object({ name: displayName, slug: slug.optional() });
const modulePatterns = z
  .array(z.string().trim().min(1, "Empty pattern").max(260, "At most 260 characters"))
  .max(100, "At most 100 patterns");
export const projectUpdateInput = projectInput.extend({
  name: displayName.optional(),
  slug: slug.optional(),
  ownPatterns: modulePatterns.optional(),
  notOwnPatterns: modulePatterns.optional(),
  waitForSymbolsDays: z.number().int().min(0).max(90, "At most 90 days").optional(),
  keepDumpDays: z.number().int().min(0).max(90, "At most 90 days").optional(),
  reportRetentionDays: z.number().int().min(1, "At least 1 day").max(3650, "At most 3650 days").optional(),
});
export const projectDeleteInput = projectInput.extend({ confirmSlug: z.string().max(40) });

// Client keys
const rateLimitPerMinute = z.number().int().min(1, "At least 1").max(1_000_000, "At most 1,000,000").nullable();
export const clientKeyCreateInput = projectInput.extend({ name: displayName });
export const clientKeyUpdateInput = z.object({
  keyId: rowId,
  name: displayName.optional(),
  disabled: z.boolean().optional(),
  /** null: the server's default. */
  rateLimitPerMinute: rateLimitPerMinute.optional(),
});
export const clientKeyInput = z.object({ keyId: rowId });

// Limits; what is left out stays, null goes back to the server's default
const byteLimit = z
  .number()
  .int()
  .min(1024, "At least 1 KiB")
  .max(2 ** 50, "At most 1 PiB")
  .nullable();
export const projectLimitsInput = projectInput.extend({
  rateLimitPerMinute: rateLimitPerMinute.optional(),
  maxDumpBytes: byteLimit.optional(),
  maxAttachmentBytes: byteLimit.optional(),
  maxAttachments: z.number().int().min(0).max(100, "At most 100").nullable().optional(),
});
/** The storage quota is the operator's to set. */
export const organizationLimitsInput = z.object({ rateLimitPerMinute: rateLimitPerMinute.optional() });

// Issues
export const issueSort = z.enum(["crashes", "lastSeen", "firstSeen"]);
export type IssueSort = z.infer<typeof issueSort>;
/** A state, or `open`: all that are neither resolved nor ignored. */
export const issueStateFilter = z.enum(["open", ...issueState.options]);
export type IssueStateFilter = z.infer<typeof issueStateFilter>;
export const issuesListInput = projectInput.extend({
  state: issueStateFilter.optional(),
  search,
  sort: issueSort.optional(),
  cursor,
});
export const issueInput = z.object({ issueId: rowId });
export const issueSetStateInput = z.object({ issueIds: rowIds, state: z.enum(["resolved", "ignored", "ongoing"]) });

// Crashes
export const crashesListInput = projectInput.extend({ issueId: rowId.optional(), state: crashState.optional(), search, cursor });
export const crashInput = z.object({ crashId: rowId });
/** Of the dump, or of one attachment. */
export const dumpTicketInput = crashInput.extend({ attachmentId: rowId.optional() });

// Missing files
export const missingFilesListInput = projectInput.extend({ filter: missingFilesFilter, cursor });
export const missingFilesIgnoreInput = z.union([
  z.object({ missingFileIds: rowIds }),
  projectInput.extend({ pattern: z.string().trim().min(1, "Give a pattern").max(260, "At most 260 characters") }),
  projectInput.extend({ version: z.string().trim().min(1, "Give a version").max(200, "At most 200 characters") }),
]);
export const missingFilesInput = z.object({ missingFileIds: rowIds });
export const missingFileInput = z.object({ missingFileId: rowId });
export const ignoreRuleInput = z.object({ ruleId: rowId });

// Debug files and uploads
export const debugFilesListInput = z.object({ search, cursor });
export const debugFileInput = z.object({ debugFileId: rowId });
export const uploadTicketInput = z.object({ projectSlug: projectInput.shape.projectSlug.optional() });
export const uploadInput = z.object({ uploadId: rowId });
export const uploadsInput = z.object({ uploadIds: rowIds });

// API tokens
export const tokenCreateInput = z.object({
  name: displayName,
  scopes: z.array(tokenScope).min(1, "Choose at least one scope").max(tokenScope.options.length),
  /** Absent: does not expire. */
  expiresInDays: z.number().int().min(1, "At least 1 day").max(3650, "At most 3650 days").optional(),
});
export const tokenInput = z.object({ tokenId: rowId });

// Webhooks
export const webhookCreateInput = projectInput.extend({
  url: z.url({ protocol: /^https?$/, error: "An http or https address" }).max(2000, "At most 2000 characters"),
  events: z.array(webhookEvent).min(1, "Choose at least one event").max(webhookEvent.options.length),
});
export const webhookUpdateInput = z.object({ webhookId: rowId, disabled: z.boolean() });
export const webhookIdInput = z.object({ webhookId: rowId });
export const webhookRedeliverInput = z.object({ deliveryId: rowId });

// Audit log
export const auditListInput = z.object({ cursor });

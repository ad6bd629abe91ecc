/**
 * What the screens and /api/v1 show: one schema per view. packages/db's repositories return these shapes, tRPC
 * declares them as outputs. Times are ISO 8601 strings, sizes and counts are numbers, ids are strings.
 */
import { z } from "zod";
import { permission, role, tokenScope } from "./permissions.ts";
import {
  crashState,
  debugFileFeature,
  debugFileKind,
  dumpDeletedReason,
  dumpState,
  fileNeed,
  issueState,
  limitKnob,
  missingFileState,
  refusalReason,
  revisionKind,
  uploadState,
} from "./states.ts";

const time = z.string();
const count = z.number().int();

/** One page of a list; `next` is the cursor of the following page, null at the end. */
export const page = <T extends z.ZodType>(item: T) => z.object({ items: z.array(item), next: z.string().nullable() });
export type Page<T> = { items: T[]; next: string | null };

export const organizationView = z.object({ id: z.string(), slug: z.string(), name: z.string(), role, permissions: z.array(permission) });
export type OrganizationView = z.infer<typeof organizationView>;

/** Crashes of a whole project are counted up to here and no further: a million of them take longer to count than a page to show. */
export const mostCrashesCounted = 10_000;

export const projectSummary = z.object({
  id: z.string(),
  slug: z.string(),
  name: z.string(),
  crashes24h: count,
  /** Crashes per day, oldest first, 14 numbers. */
  crashesByDay: z.array(count),
  openIssues: count,
  missingFiles: count,
  /** At most `mostCrashesCounted`. */
  waitingCrashes: count,
  lastCrashAt: time.nullable(),
  createdAt: time,
});
export type ProjectSummary = z.infer<typeof projectSummary>;

/** What navigation shows of a project. */
export const projectName = projectSummary.pick({ slug: true, name: true });
export type ProjectName = z.infer<typeof projectName>;

export const projectSettings = z.object({
  id: z.string(),
  slug: z.string(),
  name: z.string(),
  /** Patterns with * and ?, matched without case against the module's full path or base name; they override the own rule. */
  ownPatterns: z.array(z.string()),
  notOwnPatterns: z.array(z.string()),
  /** How long a provisional crash keeps its dump; 0 = delete after the first report. */
  waitForSymbolsDays: z.number().int().min(0).max(90),
  /** How long a complete crash keeps its dump for download; 0 = delete when complete. */
  keepDumpDays: z.number().int().min(0).max(90),
  reportRetentionDays: z.number().int().min(1).max(3650),
});
export type ProjectSettings = z.infer<typeof projectSettings>;

/** What posts may have; null: the server's default, which is also the most. Rates are crashes a minute. */
export const projectLimits = z.object({
  rateLimitPerMinute: z.number().int().nullable(),
  maxDumpBytes: z.number().int().nullable(),
  maxAttachmentBytes: z.number().int().nullable(),
  maxAttachments: z.number().int().nullable(),
});
export type ProjectLimits = z.infer<typeof projectLimits>;

/** Of all projects together. */
export const organizationLimits = z.object({
  rateLimitPerMinute: z.number().int().nullable(),
  storageQuotaBytes: z.number().int().nullable(),
});
export type OrganizationLimits = z.infer<typeof organizationLimits>;

export const limitsView = z.object({ project: projectLimits, organization: organizationLimits, storageUsedBytes: count });
export type LimitsView = z.infer<typeof limitsView>;

/** What the operator of a server allows, by the setting of ingest: bytes, numbers of files, crashes a minute; null: no limit. */
export const serverLimits = z.object({
  MAX_DUMP_BYTES: count,
  MAX_REQUEST_BYTES: count,
  MAX_ATTACHMENT_BYTES: count,
  MAX_ATTACHMENTS: count,
  MAX_DEBUG_FILE_BYTES: count,
  ORGANIZATION_STORAGE_BYTES: count.nullable(),
  DEFAULT_RATE_LIMIT_PER_MINUTE: count,
  PROJECT_RATE_LIMIT_PER_MINUTE: count.nullable(),
  ORGANIZATION_RATE_LIMIT_PER_MINUTE: count.nullable(),
});
export type ServerLimits = z.infer<typeof serverLimits>;

export const clientKeyView = z.object({
  id: z.string(),
  name: z.string(),
  publicKey: z.string(),
  disabled: z.boolean(),
  rateLimitPerMinute: z.number().int().nullable(),
  createdAt: time,
  lastUsedAt: time.nullable(),
});
export type ClientKeyView = z.infer<typeof clientKeyView>;

export const issueSummary = z.object({
  id: z.string(),
  signature: z.string(),
  cause: z.string().nullable(),
  state: issueState,
  provisional: z.boolean(),
  crashes: count,
  crashesByDay: z.array(count),
  firstSeenAt: time,
  lastSeenAt: time,
  versions: z.array(z.string()),
});
export type IssueSummary = z.infer<typeof issueSummary>;

export const crashSummary = z.object({
  id: z.string(),
  projectId: z.string(),
  issueId: z.string().nullable(),
  state: crashState,
  signature: z.string().nullable(),
  crashReason: z.string().nullable(),
  os: z.string().nullable(),
  cpu: z.string().nullable(),
  release: z.string().nullable(),
  environment: z.string().nullable(),
  receivedAt: time,
  finishedAt: time.nullable(),
  revision: count,
  missingFiles: count,
});
export type CrashSummary = z.infer<typeof crashSummary>;

/** Something that happened before the crash, as the program noted it; oldest first in a crash's list. */
export const breadcrumb = z.object({
  at: time.nullable(),
  type: z.string().nullable(),
  category: z.string().nullable(),
  level: z.string().nullable(),
  message: z.string().nullable(),
  data: z.record(z.string(), z.unknown()),
});
export type Breadcrumb = z.infer<typeof breadcrumb>;

/** A user's own words about a crash; at least one of the three is given. */
export const feedbackView = z.object({
  name: z.string().nullable(),
  email: z.string().nullable(),
  comments: z.string().nullable(),
  receivedAt: time,
});
export type FeedbackView = z.infer<typeof feedbackView>;

/** A file that came with a crash, or after it; deleted with its dump. */
export const attachmentView = z.object({
  id: z.string(),
  fileName: z.string(),
  /** As the sender named it; never trusted. */
  contentType: z.string().nullable(),
  sizeBytes: count,
});
export type AttachmentView = z.infer<typeof attachmentView>;

export const crashDetail = crashSummary.extend({
  projectSlug: z.string(),
  rejection: z.object({ reason: z.string(), offset: z.number().int().nullable() }).nullable(),
  /** Its process died again and again: it is left with the report that it has, or rejected, until somebody has it processed again. */
  givenUp: z.object({ reason: z.string().nullable() }).nullable(),
  dump: z.object({
    state: dumpState,
    sizeBytes: count,
    sha256: z.string(),
    /** While held: when it will be deleted at the latest. */
    deleteAfter: time.nullable(),
    deletedAt: time.nullable(),
    deletedReason: dumpDeletedReason.nullable(),
  }),
  /** In the order of their names. */
  attachments: z.array(attachmentView),
  /** Fields the sender added, scrubbed. */
  extra: z.record(z.string(), z.unknown()),
  tags: z.record(z.string(), z.string()),
  user: z.string().nullable(),
  dist: z.string().nullable(),
  /** What the sender knew of device, system, app, user, …; by name. */
  contexts: z.record(z.string(), z.record(z.string(), z.unknown())),
  breadcrumbs: z.array(breadcrumb),
  /** What users of the program wrote about it, oldest first. */
  feedback: z.array(feedbackView),
  /** What became of parts of the post that were not kept as they were sent. */
  intakeNotes: z.array(z.string()),
  missing: z.array(
    z.object({
      /** Of the project's missing file. */
      id: z.string(),
      fileKey: z.string(),
      name: z.string(),
      needs: fileNeed,
      own: z.boolean(),
      state: missingFileState,
    }),
  ),
  revisions: z.array(z.object({ revision: count, kind: revisionKind, at: time })),
  hasReport: z.boolean(),
});
export type CrashDetail = z.infer<typeof crashDetail>;

export const missingFileView = z.object({
  id: z.string(),
  fileKey: z.string(),
  /** The file to look for: debug file name where the module has one, else the code file's name. */
  name: z.string(),
  codeFile: z.string(),
  debugId: z.string().nullable(),
  codeId: z.string().nullable(),
  os: z.string().nullable(),
  cpu: z.string().nullable(),
  own: z.boolean(),
  state: missingFileState,
  needs: fileNeed,
  versions: z.array(z.string()),
  waitingCrashes: count,
  issues: count,
  /** A frame as it looks now, e.g. "engine.dll + 0x1a2f". */
  sampleFrame: z.string().nullable(),
  firstSeenAt: time,
  lastSeenAt: time,
  foundAt: time.nullable(),
  /** A running upgrade of the crashes that waited for it. */
  arrival: z.object({ done: count, total: count }).nullable(),
});
export type MissingFileView = z.infer<typeof missingFileView>;

export const missingFilesFilter = z.enum(["blocking", "other", "ignored", "resolved"]);
export type MissingFilesFilter = z.infer<typeof missingFilesFilter>;

/** A held debug file that is near a missing one, nearest first: of the very build, of its GUID with another age, or of its name only. */
export const nearFile = z.object({
  id: z.string(),
  match: z.enum(["same_key", "same_guid", "same_name"]),
  name: z.string(),
  kind: debugFileKind,
  debugId: z.string().nullable(),
  codeId: z.string().nullable(),
  cpu: z.string().nullable(),
  features: z.array(debugFileFeature),
  hasNames: z.boolean(),
  hasUnwind: z.boolean(),
  uploadedAt: time,
});
export type NearFile = z.infer<typeof nearFile>;

/** What the organization holds that is near a missing file. */
export const nearFilesView = z.object({
  files: z.array(nearFile),
  /** Crashes that wait for it, and those of them whose dump is deleted: new unwind data cannot help these. */
  waitingCrashes: count,
  waitingWithoutDump: count,
});
export type NearFilesView = z.infer<typeof nearFilesView>;

/** A lookup file is what makes a debug file fast. Without one crashes read the debug file itself. */
export const lookupFileState = z.enum(["ready", "being_made", "impossible"]);
export type LookupFileState = z.infer<typeof lookupFileState>;

export const debugFileView = z.object({
  id: z.string(),
  fileKey: z.string(),
  name: z.string(),
  kind: debugFileKind,
  debugId: z.string().nullable(),
  codeId: z.string().nullable(),
  cpu: z.string().nullable(),
  features: z.array(debugFileFeature),
  sizeBytes: count,
  lookupFile: lookupFileState,
  uploadedBy: z.string(),
  uploadedAt: time,
});
export type DebugFileView = z.infer<typeof debugFileView>;

/** One line per file found in an upload. */
export const uploadVerdict = z.object({
  name: z.string(),
  state: z.enum(["ready", "rejected", "duplicate"]),
  kind: debugFileKind.nullable(),
  debugId: z.string().nullable(),
  codeId: z.string().nullable(),
  cpu: z.string().nullable(),
  features: z.array(debugFileFeature),
  /** What the file does not have, in words; null reasons may come with some. */
  lacks: z.array(z.string()).default([]),
  reason: z.string().nullable(),
  offset: z.number().int().nullable(),
  /** Crashes that waited for this file when it was published. */
  waitingCrashes: count,
});
export type UploadVerdict = z.infer<typeof uploadVerdict>;

export const uploadView = z.object({
  id: z.string(),
  fileName: z.string(),
  sizeBytes: count,
  state: uploadState,
  reason: z.string().nullable(),
  verdicts: z.array(uploadVerdict),
  createdAt: time,
  finishedAt: time.nullable(),
  /** Crashes upgraded so far by the files of this upload, and how many waited. */
  upgraded: z.object({ done: count, total: count }),
});
export type UploadView = z.infer<typeof uploadView>;

/** An upload without the verdicts of a long archive: made for lists and for polling. */
export const uploadSummary = uploadView.extend({
  uploadedBy: z.string(),
  /** The first few. */
  verdicts: z.array(uploadVerdict),
  /** All verdicts so far, by state. */
  counts: z.object({ ready: count, duplicate: count, rejected: count }),
});
export type UploadSummary = z.infer<typeof uploadSummary>;

export const apiTokenView = z.object({
  id: z.string(),
  name: z.string(),
  /** Last four characters, to tell tokens apart. */
  hint: z.string(),
  scopes: z.array(tokenScope),
  createdBy: z.string(),
  createdAt: time,
  expiresAt: time.nullable(),
  lastUsedAt: time.nullable(),
});
export type ApiTokenView = z.infer<typeof apiTokenView>;

export const memberView = z.object({ userId: z.string(), name: z.string(), email: z.string(), role, joinedAt: time, you: z.boolean() });
export type MemberView = z.infer<typeof memberView>;

export const invitationView = z.object({
  id: z.string(),
  email: z.string().nullable(),
  role,
  createdBy: z.string(),
  createdAt: time,
  expiresAt: time,
});
export type InvitationView = z.infer<typeof invitationView>;

export const webhookEvent = z.enum(["issue.new", "issue.regressed"]);
export type WebhookEvent = z.infer<typeof webhookEvent>;

export const webhookDeliveryView = z.object({
  id: z.string(),
  event: webhookEvent,
  state: z.enum(["pending", "delivered", "failed"]),
  attempts: count,
  lastStatus: z.number().int().nullable(),
  lastError: z.string().nullable(),
  createdAt: time,
});
export type WebhookDeliveryView = z.infer<typeof webhookDeliveryView>;

export const webhookView = z.object({
  id: z.string(),
  url: z.string(),
  events: z.array(webhookEvent),
  disabled: z.boolean(),
  createdAt: time,
  deliveries: z.array(webhookDeliveryView),
});
export type WebhookView = z.infer<typeof webhookView>;

/** Posts refused or dropped, per reason, last 30 days. */
/** Posts that were refused for one reason; limit, value and knob are the last one's, null where the reason has none. */
export const refusalView = z.object({
  reason: refusalReason,
  count,
  lastAt: time,
  example: z.string().nullable(),
  limit: z.number().nullable(),
  seen: z.number().nullable(),
  knob: limitKnob.nullable(),
});
export type RefusalView = z.infer<typeof refusalView>;

export const auditEntryView = z.object({
  id: z.string(),
  at: time,
  actor: z.string(),
  action: z.string(),
  subject: z.string(),
  detail: z.record(z.string(), z.unknown()),
});
export type AuditEntryView = z.infer<typeof auditEntryView>;

/**
 * The interface of OrgDb: everything a signed-in member or an API token may do inside one organization. The organization
 * and the actor are closed over; no method takes an organization id, and ids of other organizations answer as absent.
 * Permissions were checked at the gate; the one named at each method is what the caller must have asked for.
 * Views are the contracts' views. Malformed ids and cursors count as absent; they never throw.
 */
import type {
  ApiTokenView,
  AuditEntryView,
  ClientKeyView,
  CoverageView,
  CrashDetail,
  CrashState,
  CrashSummary,
  DebugFileFeature,
  DebugFileKind,
  DebugFileView,
  HeldView,
  ImageIds,
  InvitationView,
  IssueStateFilter,
  IssueSummary,
  LimitsView,
  MemberView,
  MissingFilesFilter,
  MissingFileView,
  NearFilesView,
  OrganizationLimits,
  Page,
  Permission,
  ProjectLimits,
  ProjectName,
  ProjectSettings,
  ProjectSummary,
  RefusalView,
  Role,
  TokenScope,
  UploadSummary,
  UploadView,
  WebhookEvent,
  WebhookView,
} from "@salvage/contracts";

/** How a change ended; "not found" also for rows of other organizations. */
export type Changed = "done" | "not found";

export interface OrgProjects {
  /** project:read. By name. */
  list(): Promise<ProjectSummary[]>;
  /** project:read. By name, nothing counted. */
  names(): Promise<ProjectName[]>;
  /** project:write. Makes a first client key too. The slug is made from the name when left out. */
  create(input: { name: string; slug?: string }): Promise<{ id: string; slug: string; publicKey: string } | "slug taken" | "bad slug">;
  /** project:read. `crashCount`: at most `mostCrashesCounted`. */
  bySlug(input: { projectSlug: string }): Promise<(ProjectSettings & { crashCount: number }) | null>;
  /** project:read. For routes that carry the id. */
  byId(input: { projectId: string }): Promise<{ id: string; slug: string; name: string } | null>;
  /** project:write. Only what is given changes. */
  update(
    input: { projectSlug: string; name?: string; slug?: string } & Partial<
      Pick<ProjectSettings, "ownPatterns" | "notOwnPatterns" | "waitForSymbolsDays" | "keepDumpDays" | "reportRetentionDays">
    >,
  ): Promise<Changed | "slug taken" | "bad slug">;
  /** organization:admin. Hides it at once; retention erases it. */
  delete(input: { projectSlug: string; confirmSlug: string }): Promise<Changed | "not confirmed">;
}

export interface OrgClientKeys {
  /** project:read */
  list(input: { projectSlug: string }): Promise<ClientKeyView[] | null>;
  /** project:write */
  create(input: { projectSlug: string; name: string }): Promise<ClientKeyView | null>;
  /** project:write */
  update(input: { keyId: string; name?: string; disabled?: boolean; rateLimitPerMinute?: number | null }): Promise<Changed>;
  /** project:write */
  delete(input: { keyId: string }): Promise<Changed>;
}

export interface OrgIssues {
  /** crash:read. Null when there is no such project. `search` matches the signature. Default sort: lastSeen. */
  list(input: {
    projectSlug: string;
    state?: IssueStateFilter;
    search?: string;
    sort?: "crashes" | "lastSeen" | "firstSeen";
    cursor?: string | null;
    limit?: number;
  }): Promise<Page<IssueSummary> | null>;
  /** crash:read. Follows redirects of merged issues: then `redirectedFrom` is the id asked for. */
  byId(input: {
    issueId: string;
  }): Promise<(IssueSummary & { projectSlug: string; newestCrashId: string | null; redirectedFrom: string | null }) | null>;
  /** crash:write. Returns how many changed. */
  setState(input: { issueIds: readonly string[]; state: "resolved" | "ignored" | "ongoing" }): Promise<{ changed: number }>;
}

export type DownloadableDump = {
  organizationId: string;
  projectId: string;
  crashId: string;
  blobKey: string;
  wrappedKey: Uint8Array;
  keyId: string;
  sizeBytes: number;
  sha256: string;
};

export type DownloadableAttachment = Omit<DownloadableDump, "sha256"> & { fileName: string };

export interface OrgCrashes {
  /** crash:read. Newest first. `search`: part of a signature or of a release, a user as a whole, or an id. Null when there is no such project. */
  list(input: {
    projectSlug: string;
    issueId?: string;
    state?: CrashState;
    search?: string;
    cursor?: string | null;
    limit?: number;
  }): Promise<Page<CrashSummary> | null>;
  /** crash:read */
  byId(input: { crashId: string }): Promise<CrashDetail | null>;
  /** crash:read. Where the newest report lies; null when the crash has none. */
  reportBlob(input: { crashId: string }): Promise<{ blobKey: string; revision: number } | null>;
  /** crash:read. Cheap: made for polling. */
  status(input: { crashId: string }): Promise<{ state: CrashState; revision: number; missingFiles: number } | null>;
  /** crash:write. Queues it; the caller pokes the project's lane (the sweep does otherwise). "nothing to process": neither dump nor report is left. */
  processAgain(input: { crashId: string }): Promise<{ projectId: string } | "not found" | "nothing to process">;
  /** crash:delete. Gone from every list at once; retention erases rows and blobs. */
  delete(input: { crashId: string }): Promise<Changed>;
  /** dump:download. A single-use ticket for 60 s. "no dump": it was deleted. */
  dumpTicket(input: { crashId: string }): Promise<{ ticket: string; expiresAt: string } | "not found" | "no dump">;
  /** dump:download. Audited: call only when the bytes are about to be sent. */
  dumpForDownload(input: { crashId: string }): Promise<DownloadableDump | "not found" | "no dump">;
  /** dump:download. Audited like the dump, with which attachments come and go. */
  attachmentForDownload(input: { crashId: string; attachmentId: string }): Promise<DownloadableAttachment | "not found" | "no dump">;
}

export interface OrgMissingFiles {
  /** crash:read. Ranked by waiting crashes. blocking: own and open; other: not own and open. Null when there is no such project. */
  list(input: {
    projectSlug: string;
    filter: MissingFilesFilter;
    cursor?: string | null;
    limit?: number;
  }): Promise<Page<MissingFileView> | null>;
  /** crash:read. For the badge. */
  count(input: { projectSlug: string }): Promise<{ blocking: number } | null>;
  /** crash:read. At most 5 held files, nearest first. Null when there is no such missing file. */
  near(input: { missingFileId: string }): Promise<NearFilesView | null>;
  /** crash:write. By file, by pattern (* and ?, on the name) or all of a version; pattern and version stay as rules for later files. */
  ignore(
    input: { missingFileIds: readonly string[] } | { projectSlug: string; pattern: string } | { projectSlug: string; version: string },
  ): Promise<{ ignored: number } | "not found">;
  /** crash:write. Files that became ready meanwhile are picked up: poke `ready` (the sweep does otherwise). */
  unignore(input: { missingFileIds: readonly string[] }): Promise<{ opened: number; ready: { organizationId: string; fileKey: string }[] }>;
}

export type IgnoreRuleView = { id: string; pattern: string | null; version: string | null; createdBy: string; createdAt: string };

export interface OrgIgnoreRules {
  /** crash:read */
  list(input: { projectSlug: string }): Promise<IgnoreRuleView[] | null>;
  /** crash:write. What it hid is opened again. */
  delete(input: { ruleId: string }): Promise<Changed>;
}

/** A ready debug file and where its bytes lie. */
export type AnsweringFile = {
  id: string;
  name: string;
  kind: DebugFileKind;
  /** Breakpad form. */
  debugId: string | null;
  codeId: string | null;
  cpu: string | null;
  os: string | null;
  features: readonly DebugFileFeature[];
  hasUnwind: boolean;
  sizeBytes: number;
  sha256: string;
  sourceBlobKey: string;
  symcacheBlobKey: string | null;
  /** It has no lookup file yet. */
  symcacheBeingMade: boolean;
};

export interface OrgDebugFiles {
  /** debug-file:read. Newest first. `search` matches name, debug id and code id. */
  list(input: { search?: string; cursor?: string | null; limit?: number }): Promise<Page<DebugFileView>>;
  /** debug-file:read or :write. In the order asked: what the ready files of each image have together. */
  coverage(input: { images: readonly ImageIds[] }): Promise<CoverageView["images"]>;
  /** debug-file:read. Files that answer to any of the file keys, newest first, a few dozen at most. */
  answering(input: { fileKeys: readonly string[] }): Promise<AnsweringFile[]>;
  /** debug-file:read. Where a file's own bytes lie. */
  source(input: { debugFileId: string }): Promise<{ name: string; sizeBytes: number; sourceBlobKey: string } | null>;
  /** debug-file:write. Crashes whose report was made with it keep their reports. */
  delete(input: { debugFileId: string }): Promise<Changed>;
}

export interface OrgUploads {
  /** debug-file:write. Valid 15 minutes for any number of uploads. "not found": no such project. */
  ticket(input: { projectSlug?: string }): Promise<{ ticket: string; expiresAt: string } | "not found">;
  /** debug-file:read or :write. Those of the files that were uploaded before under their name and not refused, by their place in the question. */
  held(input: { files: readonly { sha256: string; name: string }[] }): Promise<HeldView["held"]>;
  /** debug-file:read. With all verdicts. */
  byId(input: { uploadId: string }): Promise<UploadView | null>;
  /** debug-file:read. Those of the ids that are uploads. Cheap: made for polling. */
  byIds(input: { uploadIds: readonly string[] }): Promise<UploadSummary[]>;
  /** debug-file:read. The last 20. */
  recent(): Promise<UploadSummary[]>;
}

export interface OrgTokens {
  /** organization:admin */
  list(): Promise<ApiTokenView[]>;
  /** organization:admin. The token itself is shown this once. */
  create(input: { name: string; scopes: readonly TokenScope[]; expiresInDays?: number }): Promise<{ token: string; view: ApiTokenView }>;
  /** organization:admin */
  revoke(input: { tokenId: string }): Promise<Changed>;
}

export interface OrgMembers {
  /** organization:read */
  list(): Promise<MemberView[]>;
  /** organization:admin; making, changing or removing an owner needs an owner ("forbidden"). */
  setRole(input: { userId: string; role: Role }): Promise<Changed | "forbidden" | "last owner">;
  /** organization:admin */
  remove(input: { userId: string }): Promise<Changed | "forbidden" | "last owner">;
  /** organization:read */
  leave(): Promise<Changed | "last owner">;
}

export interface OrgInvitations {
  /** organization:admin. Open ones. */
  list(): Promise<InvitationView[]>;
  /** organization:admin; inviting an owner needs an owner. The token is shown this once; valid 7 days, single use. */
  create(input: { email?: string; role: Role }): Promise<{ token: string; view: InvitationView } | "forbidden">;
  /** organization:admin */
  revoke(input: { invitationId: string }): Promise<Changed>;
}

export interface OrgWebhooks {
  /** project:read. With the last 10 deliveries each. */
  list(input: { projectSlug: string }): Promise<WebhookView[] | null>;
  /** project:write. The secret is shown this once. */
  create(input: {
    projectSlug: string;
    url: string;
    events: readonly WebhookEvent[];
  }): Promise<{ secret: string; view: WebhookView } | null>;
  /** project:write */
  update(input: { webhookId: string; disabled?: boolean; url?: string; events?: readonly WebhookEvent[] }): Promise<Changed>;
  /** project:write */
  delete(input: { webhookId: string }): Promise<Changed>;
  /** project:write. Queues the delivery again from its first attempt; the caller starts its workflow (the sweep does otherwise). */
  redeliver(input: { deliveryId: string }): Promise<Changed>;
}

export interface OrgLimits {
  /** project:read */
  ofProject(input: { projectSlug: string }): Promise<LimitsView | null>;
  /** project:write. Only what is given changes; null goes back to the server's default. */
  setProject(input: { projectSlug: string } & Partial<ProjectLimits>): Promise<Changed>;
  /** organization:admin. Likewise; the storage quota is the operator's to set. */
  setOrganization(input: Partial<Pick<OrganizationLimits, "rateLimitPerMinute">>): Promise<Changed>;
}

export interface OrgRefusals {
  /** project:read. Last 30 days, most first. */
  list(input: { projectSlug: string }): Promise<RefusalView[] | null>;
}

export interface OrgAudit {
  /** organization:admin. Newest first. */
  list(input: { cursor?: string | null; limit?: number }): Promise<Page<AuditEntryView>>;
}

/** Who acts. */
export type OrgActor =
  | { kind: "member"; userId: string; name: string; role: Role }
  | { kind: "token"; tokenId: string; name: string; scopes: readonly TokenScope[] };

declare const orgDbBrand: unique symbol;

/** The repositories of one organization. Only the gate makes one: the brand cannot be written elsewhere. */
export interface OrgDb {
  readonly [orgDbBrand]: true;
  readonly organization: { id: string; slug: string; name: string };
  readonly actor: OrgActor;
  /** True when the actor holds the permission (members by role, tokens by scope). */
  may(permission: Permission): boolean;
  readonly projects: OrgProjects;
  readonly clientKeys: OrgClientKeys;
  readonly issues: OrgIssues;
  readonly crashes: OrgCrashes;
  readonly missingFiles: OrgMissingFiles;
  readonly ignoreRules: OrgIgnoreRules;
  readonly debugFiles: OrgDebugFiles;
  readonly uploads: OrgUploads;
  readonly tokens: OrgTokens;
  readonly members: OrgMembers;
  readonly invitations: OrgInvitations;
  readonly webhooks: OrgWebhooks;
  readonly refusals: OrgRefusals;
  readonly limits: OrgLimits;
  readonly audit: OrgAudit;
}

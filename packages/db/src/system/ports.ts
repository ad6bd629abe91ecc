/**
 * The interface of the system repositories: what ingest and worker do with rows of all organizations.
 * Cross-tenant by design, and named so: only `createSystemDbAcrossOrganizations` gives one out, and only ingest, the
 * worker and the launcher may import `@salvage/db/system` (a dependency rule says so). Web never does.
 *
 * Ids are strings: organizations, crashes, uploads … are UUIDs with dashes; projects are decimal numbers from 1.
 * Times are `Date`, sizes are numbers of bytes, keys of blobs are what packages/blobs/keys.ts makes.
 */
import type {
  Breadcrumb,
  CrashState,
  DebugFileFeature,
  DebugFileKind,
  DumpDeletedReason,
  FileNeed,
  LimitKnob,
  RefusalReason,
  RevisionKind,
  UploadState,
  UploadVerdict,
  WebhookEvent,
} from "@salvage/contracts";
import type { NamedFile, SystemChunks, SystemTransfers } from "./chunk-ports.ts";

/** One encrypted blob and the wrapped key that opens it. */
export type SealedBlobRef = {
  blobKey: string;
  /** The blob's data key, wrapped by the key that `keyId` names. */
  wrappedKey: Uint8Array;
  keyId: string;
  /** Size of the plain bytes. */
  sizeBytes: number;
};

// ─── ingest ───────────────────────────────────────────────────────────────────────────────────────────────────────────

export type FoundClientKey = {
  organizationId: string;
  projectId: string;
  keyId: string;
  disabled: boolean;
  /** Limits that were set; null: the deployment's default applies. Rates are crashes a minute. */
  rateLimitPerMinute: number | null;
  projectRateLimitPerMinute: number | null;
  organizationRateLimitPerMinute: number | null;
  maxDumpBytes: number | null;
  maxAttachmentBytes: number | null;
  maxAttachments: number | null;
  storageUsedBytes: number;
  /** Null: no quota. */
  storageQuotaBytes: number | null;
};

export type ClientKeyAnswer =
  | { found: "key"; key: FoundClientKey }
  /** The project exists and the key is not one of its keys: the refusal is counted there, the answer is as for an unknown project. */
  | { found: "project"; organizationId: string; projectId: string }
  | { found: "nothing" };

export type ReceivedAttachment = SealedBlobRef & { id: string; fileName: string; contentType: string | null };

export type ReceivedCrash = {
  /** UUID made by ingest; the blobs lie under it. */
  id: string;
  organizationId: string;
  projectId: string;
  clientKeyId: string;
  receivedAt: Date;
  dump: SealedBlobRef;
  /** Lower-case hex of the plain dump. */
  sha256: string;
  /** Lower-case hex over all other fields, in a fixed order. */
  fieldsSha256: string;
  /** The sender's event or report id; unique per project. Never `guid`. */
  eventId: string | null;
  release: string | null;
  environment: string | null;
  user: string | null;
  tags: Readonly<Record<string, string>>;
  /** Everything else the sender added, already scrubbed. */
  extra: Readonly<Record<string, unknown>>;
  dist: string | null;
  contexts: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  breadcrumbs: readonly Breadcrumb[];
  /** What became of parts of the post that were not kept as they were sent. */
  intakeNotes: readonly string[];
  attachments: readonly ReceivedAttachment[];
};

/** The crash that a sender means by an id. */
export type CrashByEvent = {
  crashId: string;
  /** False: the dump is gone, and its attachments with it. */
  dumpHeld: boolean;
  attachments: number;
  attachmentsBytes: number;
};

/** `no dump`: the crash, or its dump, is gone meanwhile. */
export type AddedFiles = "added" | "no dump" | "too many";

/** What a user of the crashed program wrote; at least one of the three texts, already scrubbed. */
export type ReceivedFeedback = {
  organizationId: string;
  projectId: string;
  /** UUID: the crash's event id, or the id that the sender was answered. */
  eventId: string;
  name: string | null;
  email: string | null;
  comments: string | null;
  receivedAt: Date;
};

/** A file that is sent before the crash it belongs to, in pieces or whole. Bound to project and client key. */
export type ResumableUpload = {
  id: string;
  organizationId: string;
  projectId: string;
  clientKeyId: string;
  sizeBytes: number;
  receivedBytes: number;
  /** Sealed blobs in their order. */
  partBlobKeys: string[];
  wrappedKey: Uint8Array;
  keyId: string;
  /** The crash it waits for, where the sender has said that; else it is found by its address alone. */
  waitsFor: { eventId: string; fileName: string | null; contentType: string | null } | null;
};

export type RefusalCount = {
  projectId: string;
  reason: RefusalReason;
  count: number;
  /** The last one's message, without secrets; and the limit that it met, where there is one. */
  example: string | null;
  met: { limit: number; seen: number; knob: LimitKnob } | null;
  at: Date;
};

export type ReceivedUpload = {
  id: string;
  organizationId: string;
  projectId: string | null;
  /** Who uploaded, for people: a member's name or `token <name>`. */
  actor: string;
  fileName: string;
  blobKey: string;
  sizeBytes: number;
  sha256: string;
  /** Set when its sender names files by it. Lower-case hex. */
  sha1?: string | null;
  /** The debug id that the sender gave, in Breakpad form. */
  claimedDebugId?: string | null;
};

// ─── worker: intake and upgrades ──────────────────────────────────────────────────────────────────────────────────────

/** What a module wants: the ids and names of one entry of the dump's module list. */
export type WantedModule = { codeFile: string; debugFile: string | null; debugId: string | null; codeId: string | null };

/** A debug file that answers for a module: its lookup file, and the file itself, which can be read while there is no lookup file. */
export type ImageFileRef = {
  debugFileId: string;
  symcache: { blobKey: string; formatVersion: number } | null;
  sourceBlobKey: string;
  debugId: string | null;
  hasNames: boolean;
  hasUnwind: boolean;
};

export type ClaimedCrash = {
  crashId: string;
  organizationId: string;
  projectId: string;
  state: CrashState;
  /** Revision of the newest report; 0 when there is none. */
  revision: number;
  /** Blob of the newest report, null when there is none. */
  reportBlobKey: string | null;
  /** The held minidump; null when it was deleted. */
  dump: SealedBlobRef | null;
  release: string | null;
  receivedAt: Date;
  ownPatterns: readonly string[];
  notOwnPatterns: readonly string[];
  /** It killed a process before: it came alone and must run alone. */
  alone: boolean;
  /** What the newest report still lacks and a ready file may bring. Empty for a crash without a report. */
  waiting: readonly { fileKey: string; needs: FileNeed }[];
};

/** `sealedOtherwise`: nothing was claimed, and crashes wait that are sealed under none of the keys. */
export type ClaimedBatch = { claimToken: string; crashes: ClaimedCrash[]; sealedOtherwise: boolean };

export type MissingFileInput = {
  fileKey: string;
  /** Base name to look for: the debug file's, or the code file's where there is none. */
  name: string;
  debugFile: string | null;
  codeFile: string;
  debugId: string | null;
  codeId: string | null;
  needs: FileNeed;
  own: boolean;
  /** A frame as it looks now, e.g. "engine.dll + 0x1a2f". */
  sampleFrame: string | null;
};

export type FinishedCrash = {
  /** The claimed crash's `revision`; the new report is this plus one. */
  revisionBase: number;
  kind: RevisionKind;
  reportBlobKey: string;
  reportSizeBytes: number;
  coreVersion: string;
  signature: string;
  groupingKey: string;
  groupingProvisional: boolean;
  crashReason: string | null;
  crashAddress: string | null;
  os: string | null;
  cpu: string | null;
  cause: string | null;
  /** Everything a stack touched and no ready file has; own or not. */
  missing: readonly MissingFileInput[];
};

export type FinishOutcome = {
  outcome: "finished";
  /** `provisional` while an own file is missing and not ignored, `complete` otherwise. */
  state: "complete" | "provisional";
  revision: number;
  issueId: string;
  newIssue: boolean;
  regressed: boolean;
  /** Set when the crash's new grouping key belonged to another issue and the crash moved there. */
  movedFromIssueId: string | null;
  /** File keys that are missing in this report although a ready file has come meanwhile: poke their arrivals. */
  readyNow: string[];
  /** Blobs that the transaction let go (complete and not to be kept): delete them now; orphan collection finds them otherwise. */
  releasedBlobKeys: string[];
  /** Webhook deliveries that were queued: start their workflows. */
  webhookDeliveryIds: string[];
};

/** The lease had ended and somebody else has the crash, or its revision moved on: drop the work, it is done elsewhere. */
export type LostClaim = { outcome: "lost claim" };

// ─── import and arrival ───────────────────────────────────────────────────────────────────────────────────────────────

export type StoredUpload = {
  id: string;
  organizationId: string;
  projectId: string | null;
  actor: string;
  fileName: string;
  blobKey: string;
  sizeBytes: number;
  sha256: string;
  claimedDebugId: string | null;
  state: UploadState;
  verdicts: UploadVerdict[];
};

export type PublishedDebugFile = {
  id: string;
  organizationId: string;
  uploadId: string;
  name: string;
  /** Base name of the executable or library, which a code id goes with. */
  codeFile: string;
  kind: DebugFileKind;
  debugId: string | null;
  /** What the file says itself where crashes ask by another (a PDB's age may be another than its program's). */
  statedDebugId?: string | null;
  codeId: string | null;
  cpu: string | null;
  os: string | null;
  features: readonly DebugFileFeature[];
  sizeBytes: number;
  /** Of the debug file's own bytes (a member of a zip has its own). */
  sha256: string;
  sourceBlobKey: string;
  hasNames: boolean;
  hasUnwind: boolean;
  /** Null while its lookup file is being made: until then crashes read the file itself. */
  symcache: StoredSymcache | null;
};

export type StoredSymcache = { blobKey: string; formatVersion: number; sizeBytes: number };

/** `keys`: what the file and the others of its image answer to, and who waits for that. */
export type PublishOutcome =
  | { outcome: "published"; debugFileId: string; keys: AwaitedKey[] }
  /** The organization has a ready file of the same bytes; nothing was written: delete the new blobs. */
  | { outcome: "duplicate"; debugFileId: string; keys: AwaitedKey[] }
  /** Neither debug id nor code id: nothing could ever ask for it. */
  | { outcome: "no ids" };

export type AwaitedKey = { fileKey: string; waitingCrashes: number };

export type WaitingCrash = { crashId: string; needs: FileNeed };

// ─── sweep, retention, webhooks ───────────────────────────────────────────────────────────────────────────────────────

export type DueDump = { crashId: string; organizationId: string; projectId: string; reason: DumpDeletedReason };

export type StoredWebhookDelivery = {
  id: string;
  organizationId: string;
  projectId: string;
  projectSlug: string;
  organizationSlug: string;
  url: string;
  /** HMAC key for the signature. */
  secret: string;
  disabled: boolean;
  event: WebhookEvent;
  attempts: number;
  state: "pending" | "delivered" | "failed";
  issue: { id: string; signature: string; cause: string | null; crashes: number; firstSeenAt: Date };
  crash: { id: string; release: string | null; crashReason: string | null } | null;
  createdAt: Date;
};

// ─── the repositories ─────────────────────────────────────────────────────────────────────────────────────────────────

export interface SystemKeys {
  /** Looks a client key up. Callers cache the answer for a few seconds. */
  find(projectId: string, publicKey: string): Promise<ClientKeyAnswer>;
  /** The project that a client key belongs to; null for an unknown one. */
  projectOf(publicKey: string): Promise<string | null>;
  /** Notes that keys were used, at most once a minute per key by the caller. */
  touch(keyIds: readonly string[]): Promise<void>;
}

export interface SystemCrashes {
  /**
   * Stores an accepted crash as `received` and queues it for its lane. Committed when the promise resolves.
   * Twice the same (project and event id; else same bytes and fields within 10 minutes): nothing is written, `duplicate`
   * is true, `crashId` is the first one's, and the caller deletes its blobs.
   */
  insertReceived(crash: ReceivedCrash): Promise<{ crashId: string; duplicate: boolean }>;
  /** The living crash of a project with this event id, or with this id. */
  findByEvent(projectId: string, eventId: string): Promise<CrashByEvent | null>;
  /** Adds files to a crash whose dump is held. Limits count what it has already. Unless "added", the caller deletes its blobs. */
  addAttachments(
    crashId: string,
    attachments: readonly ReceivedAttachment[],
    limits: { maxAttachments: number; maxBytes: number },
  ): Promise<AddedFiles>;
  /**
   * Takes up to `limit` queued crashes of a project, oldest first, for `leaseMs`. One committed statement; nobody else gets
   * them until the lease ends. A crash that killed its process comes alone (limit 1, `alone`); one that did so twice
   * alone is rejected here (or, if it has a report, taken out of the queue) and never handed out. One whose dump is sealed under another key
   * than `keyIds` is left to a worker that has it; without them nothing is.
   */
  claimBatch(input: { projectId: string; limit: number; leaseMs: number; keyIds?: readonly string[] }): Promise<ClaimedBatch>;
  /** Counts an attempt: call right before the crash starts to run. False = lost claim. */
  startAttempt(claimToken: string, crashId: string): Promise<boolean>;
  /** Extends the lease of everything still held under the token. Returns how many crashes that is. */
  heartbeatClaim(claimToken: string, leaseMs: number): Promise<number>;
  /** Orderly shutdown: gives back what is not finished; started attempts do not count against the crash. */
  releaseClaim(claimToken: string, crashIds?: readonly string[]): Promise<void>;
  /**
   * The crash's process died, ran into the watchdog, or core threw something other than FormatError.
   * It is queued to run alone; after two failures alone it is given up with `reason`: rejected, its dump kept
   * for the waiting time, or left with the report it has. Nobody tries it until "process again".
   */
  recordFailure(claimToken: string, crashId: string, reason: string): Promise<"queued" | "rejected" | "kept report" | "lost claim">;
  /** Writes a report: revision, issue, counters, missing rows, dump's fate and webhook rows in one transaction, by compare-and-set on claim and revision. */
  finish(claimToken: string, crashId: string, result: FinishedCrash): Promise<FinishOutcome | LostClaim>;
  /** The crash will never have a report. Its dump is let go: delete `releasedBlobKeys`. One that has a report already is left to its claim: lost. */
  reject(
    claimToken: string,
    crashId: string,
    reason: string,
    offset: number | null,
  ): Promise<{ outcome: "rejected"; releasedBlobKeys: string[] } | LostClaim>;
}

export interface SystemFeedback {
  /** Keeps at most 10 per event. False: it is there already, or there are too many. */
  add(feedback: ReceivedFeedback): Promise<boolean>;
}

export interface SystemAnnounced {
  /** Keeps what was said of a crash until its dump comes, a week at most; what is there stays. */
  add(crash: { organizationId: string; projectId: string; eventId: string; event: unknown; announcedAt: Date }): Promise<void>;
  /** What `add` was given as `event`. */
  find(projectId: string, eventId: string): Promise<unknown>;
  /** Adds what was said of a crash after it was accepted: it comes before what is there, as if it had been said first. */
  addTo(
    crashId: string,
    said: Pick<ReceivedCrash, "release" | "environment" | "dist" | "user" | "tags" | "extra" | "contexts">,
  ): Promise<void>;
}

export interface SystemResumables {
  /** Not created when the project's open uploads would be more, or have more bytes together. `open`: without this one. */
  create(
    upload: Omit<ResumableUpload, "receivedBytes" | "partBlobKeys" | "waitsFor"> & Partial<Pick<ResumableUpload, "waitsFor">>,
    limits: { maxUploads: number; maxBytes: number },
  ): Promise<{ created: boolean; open: { uploads: number; bytes: number } }>;
  find(upload: { uploadId: string; projectId: string; clientKeyId: string }): Promise<ResumableUpload | null>;
  /** The complete files that wait for a crash, oldest first. */
  waitingFor(projectId: string, eventId: string): Promise<ResumableUpload[]>;
  /** Adds a part at `offset`. False: the upload is not at that offset, is gone, or would become too long; delete the blob. */
  append(uploadId: string, part: { offset: number; sizeBytes: number; blobKey: string }): Promise<boolean>;
  /** Forgets an upload. @returns its blobs, to be deleted */
  remove(uploadId: string): Promise<string[]>;
}

export interface SystemFiles {
  /** For each module the ready files that carry its ids within one organization, oldest first: core chooses the best part of each kind. */
  resolveForModules(organizationId: string, modules: readonly WantedModule[]): Promise<ImageFileRef[][]>;
  /** Base names, lower case, of debug files and code files that the organization ever uploaded (design: "own"). */
  ownNames(organizationId: string): Promise<ReadonlySet<string>>;
}

export interface SystemUploads {
  /** Twice the same bytes and name inside one organization, not rejected: nothing is written and the first one's id comes back. */
  insertReceived(upload: ReceivedUpload): Promise<{ uploadId: string; duplicate: boolean }>;
  byId(uploadId: string): Promise<StoredUpload | null>;
  /** What the organization has of files that are named by their SHA-1; absent ones left out. */
  bySha1(organizationId: string, sha1s: readonly string[]): Promise<Map<string, NamedFile>>;
  /** Bytes that the organization may still store; null = no quota. Below zero when it stores more than a quota set later. */
  storageRoomBytes(organizationId: string): Promise<number | null>;
  /** Moves the upload on; replaces the verdicts when given. `ready` and `rejected` are final and set the finish time. */
  setState(uploadId: string, input: { state: UploadState; reason?: string | null; verdicts?: readonly UploadVerdict[] }): Promise<void>;
}

export interface SystemDebugFiles {
  /** Makes a debug file resolvable: commits the row, marks the projects' missing files `found`, and counts who waits (then scan). */
  publish(file: PublishedDebugFile): Promise<PublishOutcome>;
  /**
   * A published file has its lookup file, or (`blobKey` null) cannot have one in this format and goes on being read itself. Answers whether the
   * file is still there (else delete the new blob), and the blob that was replaced (delete it).
   */
  setSymcache(
    organizationId: string,
    debugFileId: string,
    symcache: { blobKey: string | null; formatVersion: number; sizeBytes: number },
  ): Promise<{ stored: boolean; replacedBlobKey: string | null }>;
  /** Files whose lookup file is of another format than the current one, oldest first; those still being imported left out. */
  withOldSymcaches(
    formatVersion: number,
    limit: number,
  ): Promise<{ debugFileId: string; organizationId: string; sourceBlobKey: string; debugId: string | null }[]>;
}

export interface SystemArrivals {
  /** Crashes that wait for a part that a ready file of this key has; names-only ones first. `next` is opaque, null at the end. */
  waitingPage(input: {
    organizationId: string;
    fileKey: string;
    cursor: string | null;
    limit: number;
  }): Promise<{ crashes: WaitingCrash[]; next: string | null }>;
  /** How many crashes wait now, as waitingPage sees it. */
  waitingCount(organizationId: string, fileKey: string): Promise<number>;
  /** Takes one crash's claim; its attempt has started then. "busy": somebody has it, come back; "gone": deleted or it never had a report (intake will see the file). */
  claimForUpgrade(
    crashId: string,
    leaseMs: number,
  ): Promise<{ outcome: "claimed"; claimToken: string; crash: ClaimedCrash } | { outcome: "busy" | "gone" }>;
  /** Shown live on Processing Issues and on the upload; what is shown never goes back. done = total ends it. `total` null: not counted now. */
  progress(organizationId: string, fileKey: string, done: number, total: number | null): Promise<void>;
}

export interface SystemSweep {
  /** Projects with queued crashes that nobody holds. */
  projectsWithWork(): Promise<string[]>;
  /** Missing row open and a ready file exists: pokes of arrivals that got lost. */
  readyButMissing(limit: number): Promise<{ organizationId: string; fileKey: string }[]>;
  /** Uploads not finished although `olderThanMs` have passed since their last change. */
  uploadsStuck(olderThanMs: number): Promise<string[]>;
  /** Deliveries pending whose next attempt is due. */
  webhooksDue(limit: number): Promise<string[]>;
  /** new → ongoing and regressed → ongoing after 7 days. Returns how many. */
  ageIssues(): Promise<number>;
  /** Removes expired sessions, tickets, invitations, throttle rows and old refusal counts. Returns how many rows. */
  removeExpired(): Promise<number>;
  /** Crashes in the queue whose dump is sealed under none of these keys. */
  sealedOtherwise(keyIds: readonly string[]): Promise<number>;
  /** For /metrics: rows by state over all organizations. */
  queueSizes(): Promise<{ queuedCrashes: number; oldestQueuedSeconds: number; uploadsInWork: number; deliveriesPending: number }>;
}

export interface SystemRetention {
  /** Dumps whose time is up, oldest first. A provisional crash's dump is spared while an import in its organization, or an upgrade it waits for, runs. */
  dumpsDue(limit: number): Promise<DueDump[]>;
  /**
   * Takes the crash's claim, marks the dump deleted, commits; then the caller deletes the blobs. "busy": a worker has the crash; come back.
   * "gone": also when its time was put off.
   */
  markDumpDeleted(
    crashId: string,
    reason: DumpDeletedReason,
  ): Promise<{ outcome: "marked"; releasedBlobKeys: string[] } | { outcome: "busy" | "gone" }>;
  /** Crashes to erase with everything: deleted by a member, or older than the project keeps reports. */
  crashesDue(limit: number): Promise<string[]>;
  /** Erases the rows of crashes not busy and returns their blobs. */
  eraseCrashes(crashIds: readonly string[]): Promise<{ erased: number; releasedBlobKeys: string[] }>;
  /** Projects marked deleted: erase page by page until `done`. */
  projectsToErase(): Promise<string[]>;
  eraseProjectPage(projectId: string, limit: number): Promise<{ done: boolean; releasedBlobKeys: string[] }>;
  /** Debug files deleted by members, and the uploads' blobs that nothing needs any more. */
  eraseDebugFiles(limit: number): Promise<{ erased: number; releasedBlobKeys: string[] }>;
  /** Of these blob keys, those that no row knows. Callers only ask about blobs older than a day. */
  unknownBlobKeys(keys: readonly string[]): Promise<string[]>;
  /** Whether a backup is copying blobs, so that none may be deleted. An answer holds for a second (setup/blob-hold.ts). */
  blobDeletionsHeld(): Promise<boolean>;
}

export interface SystemWebhooks {
  delivery(deliveryId: string): Promise<StoredWebhookDelivery | null>;
  /** Records an attempt. `nextAttemptAt` null = final. */
  record(
    deliveryId: string,
    outcome: { delivered: boolean; status: number | null; error: string | null; nextAttemptAt: Date | null },
  ): Promise<void>;
}

export interface SystemRefusals {
  /** Adds to the per project, day and reason counters; callers batch. Projects that do not exist are skipped. */
  count(refusals: readonly RefusalCount[]): Promise<void>;
}

/** Everything that works on rows of all organizations. */
export interface SystemDb {
  readonly keys: SystemKeys;
  readonly refusals: SystemRefusals;
  readonly crashes: SystemCrashes;
  readonly feedback: SystemFeedback;
  readonly announced: SystemAnnounced;
  readonly resumables: SystemResumables;
  readonly files: SystemFiles;
  readonly uploads: SystemUploads;
  readonly chunks: SystemChunks;
  readonly transfers: SystemTransfers;
  readonly debugFiles: SystemDebugFiles;
  readonly arrivals: SystemArrivals;
  readonly sweep: SystemSweep;
  readonly retention: SystemRetention;
  readonly webhooks: SystemWebhooks;
  /** True when the database answers; for /ready. */
  ping(): Promise<boolean>;
  close(): Promise<void>;
}

/**
 * The states that rows go through, as the words used in the database, on the wire and on screens.
 * See docs/ARCHITECTURE.md, "States".
 */
import { z } from "zod";

export const crashState = z.enum(["received", "processing", "provisional", "complete", "rejected"]);
export type CrashState = z.infer<typeof crashState>;

/** The minidump's own state, beside the crash's state and never part of it. */
export const dumpState = z.enum(["held", "deleted"]);
export type DumpState = z.infer<typeof dumpState>;

export const dumpDeletedReason = z.enum(["complete", "waiting_time_ended", "rejected", "by_member", "crash_deleted"]);
export type DumpDeletedReason = z.infer<typeof dumpDeletedReason>;

export const missingFileState = z.enum(["open", "found", "ignored"]);
export type MissingFileState = z.infer<typeof missingFileState>;

/** What a missing debug file would bring to the crashes that wait for it. */
export const fileNeed = z.enum(["names", "unwind", "both"]);
export type FileNeed = z.infer<typeof fileNeed>;

export const uploadState = z.enum(["received", "checking", "ready", "rejected"]);
export type UploadState = z.infer<typeof uploadState>;

/** What a debug file has. `symbols`: functions; `lines`, `inlines`; `unwind`: CFI; `sources`. */
export const debugFileFeature = z.enum(["symbols", "lines", "inlines", "unwind", "sources"]);
export type DebugFileFeature = z.infer<typeof debugFileFeature>;

/** `sourcebundle`: sources of a build, as sentry-cli packs them; kept beside its debug files. */
export const debugFileKind = z.enum(["breakpad", "elf", "pe", "pdb", "macho", "sourcebundle"]);
export type DebugFileKind = z.infer<typeof debugFileKind>;

export const issueState = z.enum(["new", "ongoing", "regressed", "resolved", "ignored"]);
export type IssueState = z.infer<typeof issueState>;

/** Why a report revision was made. */
export const revisionKind = z.enum(["first", "names_only", "re_walk", "again"]);
export type RevisionKind = z.infer<typeof revisionKind>;

/** Why a post did not become a crash; each is counted per project and day. */
export const refusalReason = z.enum([
  "missing_credentials",
  "conflicting_credentials",
  "wrong_key",
  "disabled_key",
  "rate_limited",
  "storage_quota",
  "disk_full",
  "too_large",
  "malformed_multipart",
  "missing_minidump",
  "empty_body",
  "invalid_minidump",
  "invalid_compression",
  "unsupported_encoding",
  "malformed_body",
  "event_without_minidump",
  "item_not_kept",
  "file_without_crash",
  "aborted",
]);
export type RefusalReason = z.infer<typeof refusalReason>;

/**
 * What changes the limit that a refused post met: settings of the dashboard (small letters) and of the operator (environment variables of
 * ingest). Each has one unit: crashes a minute, bytes, or a number of things.
 */
export const limitKnob = z.enum([
  "key_rate",
  "project_rate",
  "organization_rate",
  "organization_storage",
  "project_dump_bytes",
  "DEFAULT_RATE_LIMIT_PER_MINUTE",
  "PROJECT_RATE_LIMIT_PER_MINUTE",
  "ORGANIZATION_RATE_LIMIT_PER_MINUTE",
  "ORGANIZATION_STORAGE_BYTES",
  "MAX_DUMP_BYTES",
  "MAX_REQUEST_BYTES",
  "MIN_FREE_DISK_BYTES",
]);
export type LimitKnob = z.infer<typeof limitKnob>;

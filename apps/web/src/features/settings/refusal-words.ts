/** The drop log's words: what each reason means, what to do, and what each limit is called. Pure. */
import type { LimitKnob, RefusalReason, RefusalView } from "@salvage/contracts";
import { formatBytes, formatCount } from "#web/ui/format.ts";

export const refusalWords: Record<RefusalReason, { title: string; remedy: string }> = {
  missing_credentials: { title: "No key", remedy: "The address lacks ?sentry_key=…; copy it from the client keys." },
  conflicting_credentials: { title: "Two different keys", remedy: "Send the key once: in the address or in a header." },
  wrong_key: { title: "Wrong key", remedy: "The key is not one of this project. Was it deleted, or is it another project's?" },
  disabled_key: { title: "Disabled key", remedy: "Enable the key, or ship an update without it." },
  rate_limited: { title: "Over the rate limit", remedy: "Look for a crash loop, or raise the limit." },
  storage_quota: { title: "Storage is full", remedy: "Delete crashes or debug files, or ask the operator for more room." },
  disk_full: { title: "The server's disk is full", remedy: "Tell the operator of this server." },
  too_large: { title: "Too large", remedy: "Send smaller dumps, or raise the limit." },
  malformed_multipart: { title: "Broken form", remedy: "The multipart body could not be read. Check the sender's boundary." },
  missing_minidump: { title: "No minidump in the form", remedy: "The field must be named upload_file_minidump." },
  empty_body: { title: "Empty body", remedy: "The sender posted nothing. Does the dump file exist?" },
  invalid_minidump: { title: "Not a minidump", remedy: "The file does not begin with MDMP. Is it the right file, sent in binary?" },
  invalid_compression: { title: "Broken compression", remedy: "The body does not match its Content-Encoding." },
  unsupported_encoding: { title: "Unknown compression", remedy: "Use gzip, deflate, or none." },
  malformed_body: { title: "Unreadable body", remedy: "The body is not what its address takes: an envelope, JSON, or App Center's logs." },
  event_without_minidump: {
    title: "Event without a minidump",
    remedy: "Salvage keeps native crashes. Errors of a script or a managed runtime belong elsewhere.",
  },
  item_not_kept: { title: "Not kept", remedy: "Sessions, traces, logs and the like are accepted and not kept. Nothing to do." },
  file_without_crash: {
    title: "File for no crash",
    remedy: "The crash it belongs to is unknown, or its dump and files are deleted. Send files with the crash, or soon after it.",
  },
  aborted: { title: "Broken off", remedy: "The sender or the network ended the request. It is usually tried again." },
};

type Unit = "bytes" | "crashes a minute";

/** `page`: the settings page that has it; null: the operator sets it in the server's environment. */
const knobs: Record<LimitKnob, { name: string; unit: Unit; page: "limits" | "client-keys" | null }> = {
  key_rate: { name: "the client key's rate", unit: "crashes a minute", page: "client-keys" },
  project_rate: { name: "the project's rate", unit: "crashes a minute", page: "limits" },
  organization_rate: { name: "the organization's rate", unit: "crashes a minute", page: "limits" },
  organization_storage: { name: "salvage organization quota", unit: "bytes", page: null },
  project_dump_bytes: { name: "the project's largest minidump", unit: "bytes", page: "limits" },
  DEFAULT_RATE_LIMIT_PER_MINUTE: { name: "the client key's rate", unit: "crashes a minute", page: "client-keys" },
  PROJECT_RATE_LIMIT_PER_MINUTE: { name: "the project's rate", unit: "crashes a minute", page: "limits" },
  ORGANIZATION_RATE_LIMIT_PER_MINUTE: { name: "the organization's rate", unit: "crashes a minute", page: "limits" },
  ORGANIZATION_STORAGE_BYTES: { name: "ORGANIZATION_STORAGE_BYTES", unit: "bytes", page: null },
  MAX_DUMP_BYTES: { name: "MAX_DUMP_BYTES", unit: "bytes", page: null },
  MAX_REQUEST_BYTES: { name: "MAX_REQUEST_BYTES", unit: "bytes", page: null },
  MIN_FREE_DISK_BYTES: { name: "MIN_FREE_DISK_BYTES", unit: "bytes", page: null },
};

export type MetLimitWords = { limit: string; seen: string; knob: string; page: "limits" | "client-keys" | null };

/** What the last post of a reason met: "200 MiB", "at least 300 MiB" and the setting; null where the reason has no limit. */
export function metLimit({ limit, seen, knob }: Pick<RefusalView, "limit" | "seen" | "knob">): MetLimitWords | null {
  if (limit === null || seen === null || knob === null) return null;
  const { name, unit, page } = knobs[knob];
  const words = (value: number) => (unit === "bytes" ? formatBytes(value) : `${formatCount(value)} ${unit}`);
  return { limit: words(limit), seen: words(seen), knob: name, page };
}

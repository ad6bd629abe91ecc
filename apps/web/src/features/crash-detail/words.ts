/** What the crash page says about a dump, a revision and a missing file. Pure. */
import type { CrashDetail, RevisionKind } from "@salvage/contracts";
import { formatBytes } from "../../ui/format.ts";

const revisionWords: Record<RevisionKind, { title: string; text: string }> = {
  first: { title: "First report", text: "The stacks were walked and named with the debug files at hand." },
  names_only: { title: "Names added", text: "A debug file arrived; frames got their names. The stacks stayed as they were." },
  re_walk: { title: "Walked again", text: "A debug file brought unwind rules; the stacks were walked anew." },
  again: { title: "Processed again", text: "Someone asked for it." },
};

export function revisionWord(kind: RevisionKind): { title: string; text: string } {
  return revisionWords[kind];
}

const deletedWords: Record<NonNullable<CrashDetail["dump"]["deletedReason"]>, string> = {
  complete: "because the crash is complete",
  waiting_time_ended: "because its waiting time ended",
  rejected: "because nothing could be read of it",
  by_member: "by a member",
  crash_deleted: "with its crash",
};

/** The privacy line without its times: what was kept, what is gone, why. */
export function dumpWords(dump: CrashDetail["dump"]): { headline: string; why: string | null } {
  if (dump.state === "held") return { headline: `The minidump (${formatBytes(dump.sizeBytes)}) is kept encrypted`, why: null };
  return { headline: "The minidump was deleted", why: dump.deletedReason === null ? null : deletedWords[dump.deletedReason] };
}

/** "driftwood", "driftwood and engine.so", "driftwood, engine.so and 3 more". */
export function nameList(names: string[]): string {
  if (names.length <= 2) return names.join(" and ");
  const rest = names.length - 2;
  return `${names.slice(0, 2).join(", ")} and ${rest} more`;
}

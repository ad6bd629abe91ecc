/** Where an upload stands, in words. Pure. */
import type { UploadSummary } from "@salvage/contracts";
import { formatCount, plural } from "../../ui/format.ts";

type Standing = Pick<UploadSummary, "state" | "reason" | "counts" | "upgraded">;

/** Of an upload that the server has. */
export type UploadStage = "checking" | "upgrading" | "done" | "unusable" | "rejected";

/** No work is left: checked, and every crash that waited is upgraded. */
export function isSettled(upload: Pick<Standing, "state" | "upgraded">): boolean {
  return upload.state === "rejected" || (upload.state === "ready" && upload.upgraded.done >= upload.upgraded.total);
}

export function stageOf(upload: Standing): UploadStage {
  if (upload.state === "rejected") return "rejected";
  if (upload.state !== "ready") return upload.upgraded.total > 0 ? "upgrading" : "checking";
  if (!isSettled(upload)) return "upgrading";
  return upload.counts.ready + upload.counts.duplicate > 0 ? "done" : "unusable";
}

/** One line under the file's name. */
export function uploadWords({ state, reason, counts, upgraded: { done, total } }: Standing): string {
  const soFar = `Upgraded ${formatCount(done)} of ${plural(total, "waiting crash", "waiting crashes")}`;
  if (state === "received") return "Received, waiting to be checked";
  if (state === "checking") {
    if (total > 0) return `${soFar}; reading goes on`;
    const checked = filesOf(counts);
    return checked === 0 ? "Checking and reading names" : `${plural(checked, "file")} checked so far`;
  }
  // Its files say why, each for itself.
  if (state === "rejected") return filesOf(counts) > 0 ? "Nothing of it can be used" : (reason ?? "Not usable");
  if (counts.ready === 0 && counts.duplicate > 0) return "Held already; nothing to do";
  if (counts.ready === 0) return "Nothing usable inside";
  if (total === 0) return "Ready. No crash waits for it now";
  return done < total ? soFar : `Ready. ${plural(total, "crash", "crashes")} upgraded`;
}

/** Files found in the upload so far. */
export function filesOf({ ready, duplicate, rejected }: UploadSummary["counts"]): number {
  return ready + duplicate + rejected;
}

/** "480 ready · 15 held already · 5 refused". */
export function countsWords(counts: UploadSummary["counts"]): string {
  return (["ready", "duplicate", "rejected"] as const)
    .filter((state) => counts[state] > 0)
    .map((state) => `${formatCount(counts[state])} ${verdictWords[state]}`)
    .join(" · ");
}

export const verdictWords = { ready: "ready", duplicate: "held already", rejected: "refused" } as const;

/** Where an upload stands, in words. Pure. */
import type { UploadView } from "@salvage/contracts";
import { plural } from "../../ui/format.ts";

/** No work is left: checked, and every crash that waited is upgraded. */
export function isSettled(view: UploadView): boolean {
  return view.state === "rejected" || (view.state === "ready" && view.upgraded.done >= view.upgraded.total);
}

/** One line under the file's name. */
export function uploadWords(view: UploadView): string {
  if (view.state === "received") return "Received, waiting to be checked";
  if (view.state === "checking") return "Checking and reading names";
  if (view.state === "rejected") return view.reason ?? "Not usable";
  const usable = view.verdicts.filter((verdict) => verdict.state === "ready").length;
  const known = view.verdicts.filter((verdict) => verdict.state === "duplicate").length;
  if (usable === 0 && known > 0) return "Held already; nothing to do";
  if (usable === 0) return "Nothing usable inside";
  const { done, total } = view.upgraded;
  if (total === 0) return "Ready. No crash waits for it now";
  if (done < total) return `Upgraded ${done.toLocaleString("en-US")} of ${plural(total, "waiting crash", "waiting crashes")}`;
  return `Ready. ${plural(total, "crash", "crashes")} upgraded`;
}

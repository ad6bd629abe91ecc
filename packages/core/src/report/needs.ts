/** What a missing file of a module would bring: names for its frames, rules to walk on from them, or both. */
import type { ImageNeeds, ImageStatus } from "./report.ts";

export function needsOf(lacksNames: boolean, lacksUnwind: boolean): ImageNeeds | null {
  if (lacksNames) return lacksUnwind ? "both" : "names";
  return lacksUnwind ? "unwind" : null;
}

/** One status for an image of two parts: found when either is; else what the names' search came to. */
export function overallStatus(names: ImageStatus, unwind: ImageStatus): ImageStatus {
  return names === "found" || unwind === "found"
    ? "found"
    : names === "missing" || names === "unused"
      ? unwind === "unused"
        ? names
        : unwind
      : names;
}

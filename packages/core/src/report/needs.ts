/** What a missing file of a module would bring: names for its frames, rules to walk on from them, or both. */
import type { ImageNeeds, ImageStatus } from "./report.ts";

/** Null when nothing is lacking, and for a module without any id: no file could ever be recognised as the missing one. */
export function needsOf(
  ids: { debugId: string | null; codeId: string | null },
  lacks: { names: boolean; unwind: boolean },
): ImageNeeds | null {
  if (ids.debugId === null && ids.codeId === null) return null;
  if (lacks.names) return lacks.unwind ? "both" : "names";
  return lacks.unwind ? "unwind" : null;
}

/** One status for an image of two parts: found when either is there; else the more telling of the two. */
export function overallStatus(names: ImageStatus, unwind: ImageStatus): ImageStatus {
  if (names === "found" || unwind === "found") return "found";
  const namesSayLittle = names === "missing" || names === "unused";
  return namesSayLittle && unwind !== "unused" ? unwind : names;
}

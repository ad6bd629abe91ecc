/** One post that came to nothing, counted: whatever its endpoint, the reason stands in the error. */
import { AppError, SenderGone } from "../http/app-error.ts";
import { Dropped } from "./dropped.ts";
import type { Refusals } from "./refusals.ts";

/** @param error what ended the post; errors that are no refusal are not counted */
export function countRefusal(refusals: Refusals, projectId: string | null, error: unknown): void {
  if (error instanceof Dropped) refusals.count(projectId, error.reason, error.message, error.met);
  else if (error instanceof SenderGone) refusals.count(projectId, "aborted", error.message);
  else if (error instanceof AppError && error.reason !== null)
    refusals.count(projectId, error.reason, [error.message, ...error.causes].join(": "), error.met);
}

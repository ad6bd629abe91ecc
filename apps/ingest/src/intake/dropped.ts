/** Over a rate or quota: the sender of a dump gets 200 and an id, since it takes any other answer for a reason to delete or to retry. */
import type { MetLimit } from "../http/app-error.ts";

export class Dropped extends Error {
  override name = "Dropped";
  readonly reason: "rate_limited" | "storage_quota";
  readonly met: MetLimit | null;
  /** @param message one sentence for the Drop log */
  constructor(reason: "rate_limited" | "storage_quota", message: string, met: MetLimit | null = null) {
    super(message);
    this.reason = reason;
    this.met = met;
  }
}

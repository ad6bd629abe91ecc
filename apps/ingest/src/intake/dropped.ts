/** Over a rate or quota: the sender of a dump gets 200 and an id, since it takes any other answer for a reason to delete or to retry. */
export class Dropped extends Error {
  override name = "Dropped";
  readonly reason: "rate_limited" | "storage_quota";
  /** @param message the limit and the value, for the Drop log */
  constructor(reason: "rate_limited" | "storage_quota", message: string) {
    super(message);
    this.reason = reason;
  }
}

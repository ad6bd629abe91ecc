/**
 * The error of this app: what the sender is told, and what is counted. Thrown anywhere below a route; the server turns it into
 * `{"detail": …, "causes": […]}`.
 */
import type { RefusalReason } from "@salvage/contracts";

export class AppError extends Error {
  override name = "AppError";
  /** HTTP status of the answer. */
  readonly status: number;
  /** Counted per project under this word; null when there is nothing to count. */
  readonly reason: RefusalReason | null;
  /** Further sentences, innermost cause last. */
  readonly causes: readonly string[];
  readonly headers: Readonly<Record<string, string>>;

  /** @param detail one sentence for the sender; the value and the limit where there is one */
  constructor(
    status: number,
    reason: RefusalReason | null,
    detail: string,
    more: { causes?: readonly string[]; headers?: Readonly<Record<string, string>>; cause?: unknown } = {},
  ) {
    super(detail, more.cause === undefined ? undefined : { cause: more.cause });
    this.status = status;
    this.reason = reason;
    this.causes = more.causes ?? [];
    this.headers = more.headers ?? {};
  }
}

/** The sender closed the connection before the body was complete: nobody is left to answer. */
export class SenderGone extends Error {
  override name = "SenderGone";
}

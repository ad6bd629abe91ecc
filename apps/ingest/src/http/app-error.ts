/**
 * The error of this app: what the sender is told, and what is counted. Thrown anywhere below a route; the server turns it into
 * `{"detail": …, "causes": […]}`.
 */
import type { LimitKnob, RefusalReason } from "@salvage/contracts";

/** A limit that was met: its value, what was seen (at least), and the setting that changes it. */
export type MetLimit = { limit: number; seen: number; knob: LimitKnob };

export class AppError extends Error {
  override name = "AppError";
  /** HTTP status of the answer. */
  readonly status: number;
  /** Counted per project under this word; null when there is nothing to count. */
  readonly reason: RefusalReason | null;
  /** Further sentences, innermost cause last. */
  readonly causes: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
  readonly met: MetLimit | null;

  /** @param detail one sentence for the sender; the value and the limit where there is one */
  constructor(
    status: number,
    reason: RefusalReason | null,
    detail: string,
    more: { causes?: readonly string[]; headers?: Readonly<Record<string, string>>; cause?: unknown; met?: MetLimit | null } = {},
  ) {
    super(detail, more.cause === undefined ? undefined : { cause: more.cause });
    this.status = status;
    this.reason = reason;
    this.causes = more.causes ?? [];
    this.headers = more.headers ?? {};
    this.met = more.met ?? null;
  }
}

/** The sender closed the connection before the body was complete: nobody is left to answer. */
export class SenderGone extends Error {
  override name = "SenderGone";
}

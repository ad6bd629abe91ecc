/** Collects what was wrong with a dump without stopping: stream, place, message. */
import { FormatError } from "../bytes/format-error.ts";
import type { ReportWarning } from "../report/report.ts";
import { MAX_WARNINGS } from "./constants.ts";

export class Warnings {
  readonly list: ReportWarning[] = [];
  #leftOut = false;

  add(stream: string, offset: number | null, message: string): void {
    if (this.list.length < MAX_WARNINGS) {
      this.list.push({ stream, offset, message });
    } else if (!this.#leftOut) {
      this.#leftOut = true;
      this.list.push({ stream: "dump", offset: null, message: "further warnings left out" });
    }
  }

  /** Runs a reader; a FormatError becomes a warning and the fallback, anything else is our own fault and passes. */
  guard<T>(stream: string, read: () => T, fallback: T): T {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      this.add(stream, error.offset, error.reason);
      return fallback;
    }
  }
}

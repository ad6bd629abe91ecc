/** Damage of a debug file that did not stop the reading: all counted, the first few with their place. */
import { FormatError } from "../bytes/format-error.ts";
import type { NameDamage } from "./name-source.ts";

const maxListed = 20;

export class DamageLog implements NameDamage {
  count = 0;
  readonly first: { offset: number; reason: string }[] = [];

  /** `offset` in the file, or in the section or stream that the reason names. */
  add(offset: number, reason: string): void {
    this.count++;
    if (this.first.length < maxListed) this.first.push({ offset, reason });
  }

  /** Runs a step whose failure costs only its own result; `offset` is the place where the failure names none. */
  guard<T>(offset: number, fallback: T, step: () => T): T {
    try {
      return step();
    } catch (error) {
      this.addCaught(offset, error);
      return fallback;
    }
  }

  /** The same for what was caught; throws what is no FormatError. */
  addCaught(offset: number, error: unknown): void {
    if (!(error instanceof FormatError)) throw error;
    this.add(error.offset ?? offset, `${error.format}: ${error.reason}`);
  }
}

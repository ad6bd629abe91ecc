/** Damage that did not stop the reading: all counted, the first few with their place. */
import { FormatError } from "../bytes/format-error.ts";
import type { NameDamage } from "../names/name-source.ts";

const maxListed = 20;

export class DamageLog implements NameDamage {
  count = 0;
  readonly first: { offset: number; reason: string }[] = [];

  /** `offset` within the section that the reason names. */
  add(offset: number, reason: string): void {
    this.count++;
    if (this.first.length < maxListed) this.first.push({ offset, reason });
  }

  /** Runs a step whose failure costs only its own result. */
  guard<T>(offset: number, fallback: T, step: () => T): T {
    try {
      return step();
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      this.add(error.offset ?? offset, `${error.format}: ${error.reason}`);
      return fallback;
    }
  }
}

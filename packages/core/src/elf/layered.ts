/** Several sources of unwind rules as one: where an earlier one has no rules, the next is asked. */
import type { UnwindRange, UnwindRow, UnwindSource } from "../unwind/rules.ts";

/** Null for none at all. */
export function layered(sources: readonly UnwindSource[]): UnwindSource | null {
  return sources.reduceRight<UnwindSource | null>((below, above) => (below === null ? above : new Layers(above, below)), null);
}

class Layers implements UnwindSource {
  readonly onlyAtCalls: boolean;
  readonly #above: UnwindSource;
  readonly #below: UnwindSource;

  constructor(above: UnwindSource, below: UnwindSource) {
    this.#above = above;
    this.#below = below;
    this.onlyAtCalls = (above.onlyAtCalls ?? false) && (below.onlyAtCalls ?? false);
  }

  find(relativeAddress: number): UnwindRow | null {
    return this.#above.find(relativeAddress) ?? this.#below.find(relativeAddress);
  }

  *ranges(): Iterable<UnwindRange> {
    const below = new Remaining(this.#below.ranges());
    for (const range of this.#above.ranges()) {
      if (range.row === null) continue;
      yield* below.before(range.start);
      yield range;
      below.skipTo(range.start + range.length);
    }
    yield* below.before(Number.POSITIVE_INFINITY);
  }
}

/** Ranges taken from the front, cut where somebody else's begin and end. */
class Remaining {
  readonly #ranges: Iterator<UnwindRange>;
  #current: UnwindRange | null;

  constructor(ranges: Iterable<UnwindRange>) {
    this.#ranges = ranges[Symbol.iterator]();
    this.#current = this.#next();
  }

  #next(): UnwindRange | null {
    const { done, value } = this.#ranges.next();
    return done ? null : value;
  }

  /** What lies below an address. */
  *before(address: number): Iterable<UnwindRange> {
    while (this.#current !== null && this.#current.start < address) {
      const { start, length, row } = this.#current;
      const part = Math.min(length, address - start);
      yield { start, length: part, row };
      this.skipTo(start + part);
    }
  }

  /** Drops what lies below an address. */
  skipTo(address: number): void {
    while (this.#current !== null && this.#current.start < address) {
      const { start, length, row } = this.#current;
      const end = start + length;
      this.#current = end > address ? { start: address, length: end - address, row } : this.#next();
    }
  }
}

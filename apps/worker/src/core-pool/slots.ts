/**
 * A counting semaphore that is fair between those for whom slots are taken (a project's crashes): who holds fewest is served next, then who waits
 * longest since its last turn. Nobody holds the last slot beside others: as long as somebody else came just now, one is kept free of the rest, so that
 * a project whose dumps take seconds each does not make another's wait. A request for all slots is not overtaken by a stream of small ones.
 */

type Waiting = { count: number; who: string; go(): void };

/** Who came within this time may come again at once. */
const justNowMs = 5_000;

export class Slots {
  readonly #total: number;
  #free: number;
  #waiting: Waiting[] = [];
  readonly #held = new Map<string, number>();
  /** When each came last; the one who was served longest ago comes first. */
  readonly #cameAt = new Map<string, number>();
  readonly #servedAt = new Map<string, number>();
  #served = 0;
  #timer: NodeJS.Timeout | null = null;

  constructor(count: number) {
    this.#total = count;
    this.#free = count;
  }

  /** Waits for `count` slots. @param who shares with the others; nobody in particular when not given */
  take(count: number, who = ""): Promise<void> {
    this.#cameAt.set(who, performance.now());
    return new Promise((resolve) => {
      this.#waiting.push({ count, who, go: resolve });
      this.#serve();
    });
  }

  give(count: number, who = ""): void {
    this.#free += count;
    const left = (this.#held.get(who) ?? 0) - count;
    if (left > 0) this.#held.set(who, left);
    else this.#held.delete(who);
    this.#serve();
  }

  #serve(): void {
    for (let next = this.#next(); next !== null && next.count <= this.#free; next = this.#next()) {
      const { count, who, go } = next;
      this.#waiting.splice(this.#waiting.indexOf(next), 1);
      this.#free -= count;
      this.#held.set(who, (this.#held.get(who) ?? 0) + count);
      this.#servedAt.set(who, ++this.#served);
      go();
    }
    this.#forget();
    this.#lookAgainLater();
  }

  /** The first request of whoever's turn it is. */
  #next(): Waiting | null {
    let next: Waiting | null = null;
    const seen = new Set<string>();
    for (const waiting of this.#waiting) {
      if (seen.has(waiting.who)) continue;
      seen.add(waiting.who);
      if (this.#leavesNone(waiting)) continue;
      if (next === null || this.#isBefore(waiting.who, next.who)) next = waiting;
    }
    return next;
  }

  #isBefore(a: string, b: string): boolean {
    const fewer = (this.#held.get(a) ?? 0) - (this.#held.get(b) ?? 0);
    return fewer !== 0 ? fewer < 0 : (this.#servedAt.get(a) ?? 0) < (this.#servedAt.get(b) ?? 0);
  }

  /** It would take the last slot beside others. */
  #leavesNone({ count, who }: Waiting): boolean {
    if (count === this.#total || (this.#held.get(who) ?? 0) + count < this.#total) return false;
    const since = performance.now() - justNowMs;
    return [...this.#cameAt].some(([other, at]) => other !== who && at > since);
  }

  /** Those who neither came just now nor hold anything have no turn to keep. */
  #forget(): void {
    const since = performance.now() - justNowMs;
    for (const [who, at] of this.#cameAt) {
      if (at > since || this.#held.has(who) || this.#waiting.some((waiting) => waiting.who === who)) continue;
      this.#cameAt.delete(who);
      this.#servedAt.delete(who);
    }
  }

  /** A slot that is kept free for others goes to whoever waits, once they stay away. */
  #lookAgainLater(): void {
    if (this.#free === 0 || this.#waiting.length === 0 || this.#timer !== null) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#serve();
    }, justNowMs / 10);
  }
}

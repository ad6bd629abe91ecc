/**
 * Turns many "a crash was committed" calls into few signals. A signal to a lane costs 30 to 50 ms of the machine, so a
 * process may send only a small number per second, whatever the load:
 *
 *   - coalesced on the trailing edge: calls for a lane that is already queued add nothing, and every call is followed by
 *     a send that *begins after it*, so the row it announces is visible to whoever handles the signal;
 *   - one budget per process (a token bucket), spent round robin: a lane that was just served goes to the end;
 *   - a failed send is reported and dropped: the sweep finds the rows.
 */

/** What became of a poke; for metrics. */
export type PokeOutcome = "sent" | "coalesced" | "failed";

export type PokeQueueOptions = {
  /** Sends one signal; a rejection is reported to onError and dropped. */
  send(lane: string): Promise<void>;
  onError(lane: string, error: unknown): void;
  onPoke?(outcome: PokeOutcome): void;
  /** A poke waits this long for others to the same lane. */
  coalesceMs?: number;
  /** Least time between two sends to one lane. */
  laneIntervalMs?: number;
  /** The budget of the whole process. */
  sendsPerSecond?: number;
  maxInFlight?: number;
  /** Milliseconds that only grow; tests give their own clock. */
  now?: () => number;
};

export class PokeQueue {
  readonly #options: Required<PokeQueueOptions>;
  /** Waiting lanes in the order of service, with the earliest time each may be sent. */
  readonly #waiting = new Map<string, number>();
  readonly #lastSent = new Map<string, number>();
  readonly #inFlight = new Set<Promise<void>>();
  #tokens: number;
  #refilledAt: number;
  #timer: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(options: PokeQueueOptions) {
    this.#options = {
      coalesceMs: 20,
      laneIntervalMs: 400,
      sendsPerSecond: 5,
      maxInFlight: 2,
      now: () => performance.now(),
      onPoke: () => {},
      ...options,
    };
    this.#tokens = this.#options.sendsPerSecond;
    this.#refilledAt = this.#options.now();
  }

  /** Announces that a lane has work. Never blocks, never throws; ignored after close. */
  poke(lane: string): void {
    if (this.#closed) return;
    if (this.#waiting.has(lane)) {
      this.#options.onPoke("coalesced");
      return;
    }
    const now = this.#options.now();
    const again = (this.#lastSent.get(lane) ?? -Infinity) + this.#options.laneIntervalMs;
    this.#waiting.set(lane, Math.max(now + this.#options.coalesceMs, again));
    this.#schedule();
  }

  /** Sends what waits, without regard to the budget, and accepts no more. Resolves when all sends have ended. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    for (const lane of [...this.#waiting.keys()]) this.#start(lane);
    await Promise.all(this.#inFlight);
  }

  #schedule(): void {
    if (this.#timer !== null || this.#closed || this.#waiting.size === 0 || this.#inFlight.size >= this.#options.maxInFlight) return;
    const now = this.#options.now();
    this.#refill(now);
    const toToken = this.#tokens >= 1 ? 0 : ((1 - this.#tokens) * 1000) / this.#options.sendsPerSecond;
    const toLane = Math.min(...this.#waiting.values()) - now;
    this.#timer = setTimeout(() => this.#pump(), Math.max(0, Math.ceil(Math.max(toToken, toLane))));
  }

  #pump(): void {
    this.#timer = null;
    const now = this.#options.now();
    this.#refill(now);
    for (const [lane, notBefore] of this.#waiting) {
      if (this.#tokens < 1 || this.#inFlight.size >= this.#options.maxInFlight) break;
      if (notBefore > now) continue;
      this.#tokens -= 1;
      this.#start(lane);
    }
    this.#forget(now);
    this.#schedule();
  }

  #start(lane: string): void {
    this.#waiting.delete(lane);
    this.#lastSent.set(lane, this.#options.now());
    const sent = this.#options
      .send(lane)
      .then(
        () => this.#options.onPoke("sent"),
        (error: unknown) => {
          this.#options.onPoke("failed");
          this.#options.onError(lane, error);
        },
      )
      .finally(() => {
        this.#inFlight.delete(sent);
        this.#schedule();
      });
    this.#inFlight.add(sent);
  }

  #refill(now: number): void {
    const gained = ((now - this.#refilledAt) * this.#options.sendsPerSecond) / 1000;
    this.#tokens = Math.min(this.#options.sendsPerSecond, this.#tokens + Math.max(0, gained));
    this.#refilledAt = now;
  }

  /** Lanes served long enough ago no longer restrain anything. */
  #forget(now: number): void {
    for (const [lane, at] of this.#lastSent) {
      if (now - at < this.#options.laneIntervalMs) break;
      this.#lastSent.delete(lane);
    }
  }
}

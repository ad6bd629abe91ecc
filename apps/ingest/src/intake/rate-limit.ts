/**
 * Token buckets in this process's memory: a minute's worth may come at once, then the rate holds. With n ingest processes behind one
 * address the effective rate is up to n times the number set, and a process that starts anew starts with full buckets.
 */

/** One rate that a post must keep to. */
export type Rate = { id: string; perMinute: number };

export type RateLimiter<T extends Rate = Rate> = {
  /** Takes one token. @returns false when there is none left */
  take(id: string, perMinute: number): boolean;
  /**
   * Takes one token of each; none when one has none left.
   * @returns the first rate that has none left, with what was asked of it in the current minute; null when all had one
   */
  takeAll(rates: readonly T[]): { over: T; askedThisMinute: number } | null;
};

type Bucket = { tokens: number; at: number; minuteAt: number; asked: number };

/** Buckets kept; those not asked for longest are forgotten first. */
const maxBuckets = 50_000;
const minuteMs = 60_000;

export function createRateLimiter<T extends Rate = Rate>(now: () => number = Date.now): RateLimiter<T> {
  const buckets = new Map<string, Bucket>();

  function bucketOf({ id, perMinute }: Rate): Bucket {
    const time = now();
    const bucket = buckets.get(id) ?? { tokens: perMinute, at: time, minuteAt: time, asked: 0 };
    bucket.tokens = Math.min(perMinute, bucket.tokens + ((time - bucket.at) * perMinute) / minuteMs);
    bucket.at = time;
    if (time - bucket.minuteAt >= minuteMs) Object.assign(bucket, { minuteAt: time, asked: 0 });
    bucket.asked++;
    buckets.delete(id);
    if (buckets.size >= maxBuckets) for (const oldest of buckets.keys()) if (buckets.delete(oldest)) break;
    buckets.set(id, bucket);
    return bucket;
  }

  return {
    take(id, perMinute) {
      const bucket = bucketOf({ id, perMinute });
      const granted = bucket.tokens >= 1;
      if (granted) bucket.tokens--;
      return granted;
    },
    takeAll(rates) {
      const held = rates.map((rate) => ({ rate, bucket: bucketOf(rate) }));
      const empty = held.find(({ bucket }) => bucket.tokens < 1);
      if (empty !== undefined) return { over: empty.rate, askedThisMinute: empty.bucket.asked };
      for (const { bucket } of held) bucket.tokens--;
      return null;
    },
  };
}

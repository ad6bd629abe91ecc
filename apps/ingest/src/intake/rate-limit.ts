/**
 * A token bucket per client key, in this process's memory: a minute's worth may come at once, then the rate holds. With n ingest
 * processes behind one address the effective limit is up to n times the number set.
 */

export type RateLimiter = {
  /** Takes one token. @returns false when the key has none left */
  take(keyId: string, perMinute: number): boolean;
};

type Bucket = { tokens: number; at: number };

/** Buckets kept; full ones are forgotten first. */
const maxBuckets = 50_000;

export function createRateLimiter(now: () => number = Date.now): RateLimiter {
  const buckets = new Map<string, Bucket>();
  return {
    take(keyId, perMinute) {
      const time = now();
      const bucket = buckets.get(keyId) ?? { tokens: perMinute, at: time };
      const tokens = Math.min(perMinute, bucket.tokens + ((time - bucket.at) * perMinute) / 60_000);
      const granted = tokens >= 1;
      buckets.delete(keyId);
      if (buckets.size >= maxBuckets) for (const oldest of buckets.keys()) if (buckets.delete(oldest)) break;
      buckets.set(keyId, { tokens: granted ? tokens - 1 : tokens, at: time });
      return granted;
    },
  };
}

/** Whether today stands out among the days before. Pure. */

/** Fewer crashes than this in a day are no fire, whatever the days before were. */
const minCrashes = 10;
/** Today counts as a fire from this multiple of the usual day on. */
const factor = 3;

/** @param byDay crashes per day, oldest first, today last */
export function isSpike(byDay: number[]): boolean {
  const today = byDay.at(-1) ?? 0;
  const before = byDay.slice(0, -1).sort((a, b) => a - b);
  if (today < minCrashes || before.length === 0) return false;
  const middle = before[Math.floor(before.length / 2)] ?? 0;
  const high = before.at(-1) ?? 0;
  // A project without history is new, not on fire.
  return high > 0 && today >= factor * Math.max(1, middle) && today > high;
}

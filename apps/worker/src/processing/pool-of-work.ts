/** Runs a list of pieces of work, some at a time, until told to stop. */

/**
 * @param concurrency pieces under way at once
 * @param mayStart asked before each piece; false leaves the rest untouched
 * @returns the pieces that were not started. A throw from one piece keeps the others from starting, waits for those under
 *   way, and is rethrown.
 */
export async function workThrough<T>(
  items: readonly T[],
  concurrency: number,
  mayStart: () => boolean,
  work: (item: T) => Promise<void>,
): Promise<T[]> {
  let next = 0;
  const failures: unknown[] = [];
  const runner = async () => {
    while (next < items.length && failures.length === 0 && mayStart()) {
      const item = items[next] as T;
      next += 1;
      await work(item).catch((error: unknown) => failures.push(error));
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, items.length) }, runner));
  if (failures.length > 0) throw failures[0];
  return items.slice(next);
}

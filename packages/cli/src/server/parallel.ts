/** Works off a list with a few workers. The first error ends all: what is under way is finished, the rest is not begun. */
export async function inParallel<T>(items: readonly T[], workers: number, work: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items];
  let failed = false;
  const lane = async () => {
    for (let item = queue.shift(); item !== undefined && !failed; item = queue.shift()) {
      try {
        await work(item);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  const ended = await Promise.allSettled(Array.from({ length: Math.min(workers, items.length) }, lane));
  for (const lane of ended) if (lane.status === "rejected") throw lane.reason;
}

/**
 * Deletions that wait while a backup copies blobs: it took the rows first, and every blob that they name must still be there when its turn comes.
 * What is secret is deleted as soon as the backup is over; the rest, and what a process that ends leaves, is found by the collection of orphans.
 */
import { parseBlobKey } from "./keys.ts";
import type { BlobStore } from "./store.ts";

/** What a backup counts on: an answer is not used for longer (it waits three times that). */
const memoryMs = 1_000;
const retryMs = 5_000;

/** @param isHeld asks whether deletions wait now; when it fails they do */
export function withHeldDeletions(store: BlobStore, isHeld: () => Promise<boolean>): BlobStore {
  let answer = { held: Promise.resolve(true), askedAt: Number.NEGATIVE_INFINITY };
  const waiting = new Set<string>();
  let timer: NodeJS.Timeout | null = null;

  const held = () => {
    const now = performance.now();
    if (now - answer.askedAt >= memoryMs) answer = { held: isHeld().catch(() => true), askedAt: now };
    return answer.held;
  };

  const retry = async () => {
    timer = null;
    for (const key of waiting) {
      if (await held()) break;
      waiting.delete(key);
      await store.delete(key).catch(() => undefined);
    }
    schedule();
  };
  const schedule = () => {
    if (waiting.size === 0 || timer !== null) return;
    timer = setTimeout(() => void retry(), retryMs);
    timer.unref();
  };

  return {
    ...store,
    async delete(key) {
      if (!(await held())) return await store.delete(key);
      const kind = parseBlobKey(key)?.kind;
      if (kind === "dump" || kind === "attachment") waiting.add(key);
      schedule();
      return false;
    },
  };
}

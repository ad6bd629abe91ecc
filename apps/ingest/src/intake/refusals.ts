/**
 * Counts posts that did not become a crash, per project and reason, and writes the counts together: at most a second later, and at
 * shutdown. A failed write is tried again with the next one. The project comes from the URL, so it may not exist; the database
 * leaves those out.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { RefusalReason } from "@salvage/contracts";
import type { RefusalCount, SystemDb } from "@salvage/db/system";
import { type Logger, metrics, redactText } from "@salvage/telemetry";
import type { MetLimit } from "../http/app-error.ts";
import { limits } from "../limits.ts";

export type Refusals = {
  /**
   * @param example what the sender was told; secrets are cut out of it
   * @param met the limit that it ran into, where there is one
   */
  count(projectId: string | null, reason: RefusalReason, example: string, met?: MetLimit | null): void;
  /** What was counted before is written. Under a flood all who wait share the next write, which comes some milliseconds after the last one. */
  flush(): Promise<void>;
  /** Writes what is left and stops. */
  close(): Promise<void>;
};

/** Distinct (project, reason) pairs held between two writes; someone who tries project ids must not fill memory. */
const maxPending = 5_000;
const maxExampleLength = 300;

export function createRefusals(db: Pick<SystemDb, "refusals">, logger: Logger): Refusals {
  const pending = new Map<string, RefusalCount>();
  let writing: Promise<void> = Promise.resolve();
  let writtenAt = Number.NEGATIVE_INFINITY;

  function add(refusal: RefusalCount): void {
    const id = `${refusal.projectId}/${refusal.reason}`;
    const held = pending.get(id);
    if (held === undefined && pending.size >= maxPending) return;
    pending.set(id, { ...refusal, count: refusal.count + (held?.count ?? 0) });
  }

  async function write(): Promise<void> {
    if (pending.size === 0) return;
    const pause = writtenAt + limits.refusalPauseMs - performance.now();
    if (pause > 0) await sleep(pause);
    const batch = [...pending.values()];
    pending.clear();
    writtenAt = performance.now();
    await db.refusals.count(batch).catch((error: unknown) => {
      logger.warn({ error, refusals: batch.length }, "refusals could not be counted; they are kept for the next try");
      for (const refusal of batch) add(refusal);
    });
  }

  const flush = () => {
    writing = writing.then(write);
    return writing;
  };
  const timer = setInterval(flush, limits.refusalFlushMs).unref();

  return {
    count(projectId, reason, example, met = null) {
      metrics.crashesRefused.inc({ reason });
      if (projectId === null) return;
      add({ projectId, reason, count: 1, example: redactText(example).slice(0, maxExampleLength), met, at: new Date() });
    },
    flush,
    async close() {
      clearInterval(timer);
      await flush();
    },
  };
}

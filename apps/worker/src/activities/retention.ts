/** One round of retention: rows first, committed; then their blobs. */
import { setTimeout as sleep } from "node:timers/promises";
import { type BlobStore, parseBlobKey } from "@salvage/blobs";
import type { SystemChunks, SystemRetention } from "@salvage/db/system";
import { type Logger, metrics, reportError } from "@salvage/telemetry";
import { Context } from "@temporalio/activity";

export type RetentionPorts = { retention: SystemRetention; chunks: SystemChunks; blobs: BlobStore; logger: Logger };

export type RetentionActivities = ReturnType<typeof createRetentionActivities>;

const pageSize = 200;
/** Time of one kind per round: what is more waits for the next round, so that no kind starves the others. */
const maxKindMs = 4 * 60_000;
/** Walking all blobs is dear and orphans are rare. */
const orphanScanEveryMs = 6 * 60 * 60 * 1000;
/** A blob this young may belong to a transaction that is still under way. */
const orphanAgeMs = 24 * 60 * 60 * 1000;

export function createRetentionActivities({ retention, chunks, blobs, logger }: RetentionPorts) {
  let orphansScannedAt = Number.NEGATIVE_INFINITY;

  /** Blobs that no row names any more; one that cannot be deleted now is an orphan for later. */
  const drop = async (keys: readonly string[], kind?: string) => {
    for (const key of keys) {
      try {
        if (await blobs.delete(key)) metrics.blobsDeleted.inc({ kind: kind ?? parseBlobKey(key)?.kind ?? "other" });
      } catch (error) {
        reportError(logger, "retention", error);
      }
    }
  };

  /** Calls `page` until it says that nothing is left, with a pause as long as it took: half of one connection, and never more, whatever is due. */
  const pages = async (page: () => Promise<boolean>) => {
    const endsAt = performance.now() + maxKindMs;
    for (let now = performance.now(); now < endsAt; now = performance.now()) {
      Context.current().heartbeat();
      if (!(await page())) return;
      await sleep(performance.now() - now);
    }
  };

  return {
    /** Idempotent: what is gone is not found again. */
    async retainOnce(): Promise<void> {
      await pages(async () => {
        const due = await retention.dumpsDue(pageSize);
        let marked = 0;
        for (const { crashId, reason } of due) {
          const outcome = await retention.markDumpDeleted(crashId, reason);
          if (outcome.outcome !== "marked") continue;
          marked += 1;
          await drop(outcome.releasedBlobKeys);
        }
        if (marked > 0) logger.info({ marked }, "minidumps deleted");
        return due.length === pageSize && marked > 0;
      });
      await pages(async () => {
        const due = await retention.crashesDue(pageSize);
        if (due.length === 0) return false;
        const { erased, releasedBlobKeys } = await retention.eraseCrashes(due);
        await drop(releasedBlobKeys);
        return due.length === pageSize && erased > 0;
      });
      for (const projectId of await retention.projectsToErase()) {
        await pages(async () => {
          const { done, releasedBlobKeys } = await retention.eraseProjectPage(projectId, pageSize);
          await drop(releasedBlobKeys, "project");
          return !done;
        });
      }
      await pages(async () => {
        const { erased, releasedBlobKeys } = await retention.eraseDebugFiles(pageSize);
        await drop(releasedBlobKeys);
        return erased === pageSize;
      });
      await pages(async () => {
        const expired = await chunks.removeExpired(pageSize);
        await drop(expired);
        return expired.length === pageSize;
      });
      if (Date.now() - orphansScannedAt >= orphanScanEveryMs) {
        await collectOrphans();
        orphansScannedAt = Date.now();
      }
    },
  };

  async function collectOrphans(): Promise<void> {
    const before = Date.now() - orphanAgeMs;
    const collect = async (keys: string[]) => {
      Context.current().heartbeat();
      if (keys.length > 0) await drop(await retention.unknownBlobKeys(keys), "orphan");
    };
    let page: string[] = [];
    for await (const { key, modifiedAt } of blobs.list("org/")) {
      if (modifiedAt.getTime() > before) continue;
      page.push(key);
      if (page.length < pageSize) continue;
      await collect(page);
      page = [];
    }
    await collect(page);
    await blobs.removeStaleTemporaryFiles(orphanAgeMs);
  }
}

/** The disk's watermark: below it nothing is taken in, so that PostgreSQL, which shares the disk, can still write. */
import type { BlobStore } from "@salvage/blobs";
import { metrics } from "@salvage/telemetry";
import { AppError, type MetLimit } from "../http/app-error.ts";
import { limits } from "../limits.ts";

export type DiskWatermark = {
  /** @throws AppError 503 when less is free than the operator wants. Looks at most once a second */
  check(): Promise<void>;
};

export function createDiskWatermark(blobs: BlobStore, minFreeDiskBytes: number, now: () => number = Date.now): DiskWatermark {
  let checkedAt = -Infinity;
  let free: Promise<number | null> = Promise.resolve(null);
  return {
    async check() {
      if (now() - checkedAt >= limits.diskCheckMs) {
        checkedAt = now();
        free = blobs.freeBytes();
      }
      const freeBytes = await free;
      if (freeBytes === null) return;
      metrics.freeDiskBytes.set(freeBytes);
      if (freeBytes >= minFreeDiskBytes) return;
      throw diskFull([`${freeBytes} bytes are free, ${minFreeDiskBytes} are kept (MIN_FREE_DISK_BYTES)`], {
        limit: minFreeDiskBytes,
        seen: freeBytes,
        knob: "MIN_FREE_DISK_BYTES",
      });
    },
  };
}

/** The answer for a full disk; also when a write runs into it. */
export function diskFull(causes: readonly string[], met: MetLimit | null = null): AppError {
  return new AppError(503, "disk_full", "not enough disk space to keep the file", { causes, headers: { "Retry-After": "60" }, met });
}

/** True for the errors of a file system that has no room. */
export function isNoSpace(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "ENOSPC" || error.code === "EDQUOT");
}

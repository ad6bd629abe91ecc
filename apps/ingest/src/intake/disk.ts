/** Disks without room: the watermark, below which nothing is taken in, so that PostgreSQL, which shares the disk, can still write; and writes that failed for it. */
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

/**
 * The answer when the database did not do what it was asked for.
 * @param what after "not ready: "
 */
export function databaseFailed(what: string, cause: unknown): AppError {
  if (isNoSpace(cause)) return diskFull([databaseFull]);
  return new AppError(503, null, `not ready: ${what}`, { cause, headers: { "Retry-After": "10" } });
}

/** True for the errors of a file system, and of PostgreSQL, that has no room. */
export function isNoSpace(error: unknown): boolean {
  return error instanceof Error && "code" in error && noSpaceCodes.includes(error.code);
}

const databaseFull = "no space is left on the database's disk";
const databaseDiskFull = "53100";
const noSpaceCodes: readonly unknown[] = ["ENOSPC", "EDQUOT", databaseDiskFull];

export type DatabaseRoom = {
  /** Passes a write on, and notices whether the database found room for it. */
  watch<Input, Output>(write: (input: Input) => Promise<Output>): (input: Input) => Promise<Output>;
  /** In words, while the last write found none; null again after a while, so that writes are tried. */
  problem(): string | null;
};

/** A full disk of the database's is seen by its answers alone: it may be another machine's. */
export function createDatabaseRoom(now: () => number = Date.now): DatabaseRoom {
  let fullAt = -Infinity;
  return {
    watch: (write) => async (input) => {
      try {
        const output = await write(input);
        fullAt = -Infinity;
        return output;
      } catch (error) {
        if (isNoSpace(error)) fullAt = now();
        throw error;
      }
    },
    problem: () => (now() - fullAt < limits.databaseFullMs ? databaseFull : null),
  };
}

/** Lookup files of an older format are made anew after an update of Salvage; until then crashes read the debug files themselves. */
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { symcacheVersion } from "@salvage/core";
import { type Logger, reportError } from "@salvage/telemetry";
import { Context } from "@temporalio/activity";
import { type ConvertPorts, convertFile, storeSymcache } from "../imports/convert-file.ts";

export type RefreshPorts = ConvertPorts & { temporaryDir: string; logger: Logger; stopping: AbortSignal };

export type RefreshActivities = ReturnType<typeof createRefreshActivities>;

const filesPerRound = 20;
const heartbeatMs = 10_000;

export function createRefreshActivities(ports: RefreshPorts) {
  return {
    /** Makes some lookup files; answers whether more may be left. Idempotent: a file that has its lookup file is not found again. */
    async refreshSymcaches(): Promise<{ more: boolean }> {
      const activity = Context.current();
      const timer = setInterval(() => activity.heartbeat(), heartbeatMs);
      try {
        const old = await ports.debugFiles.withOldSymcaches(symcacheVersion, filesPerRound);
        for (const { debugFileId, organizationId, sourceBlobKey } of old) {
          if (ports.stopping.aborted) return { more: true };
          await refresh(ports, organizationId, debugFileId, sourceBlobKey);
        }
        return { more: old.length === filesPerRound };
      } catch (error) {
        reportError(ports.logger, "refresh", error);
        throw error;
      } finally {
        clearInterval(timer);
      }
    },
  };
}

async function refresh(ports: RefreshPorts, organizationId: string, debugFileId: string, sourceBlobKey: string): Promise<void> {
  const source = await ports.blobs.localFile(sourceBlobKey);
  const folder = join(ports.temporaryDir, `refresh-${debugFileId}`);
  try {
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    const input = { organizationId, debugFileId, path: source.path, name: "", companions: [], folder };
    const reason = await storeSymcache(ports, organizationId, debugFileId, () => convertFile(ports, input));
    ports.logger.info(
      { debugFileId, reason },
      reason === null ? "lookup file made anew" : "no lookup file can be made; the file itself is read",
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
    await source.release();
  }
}

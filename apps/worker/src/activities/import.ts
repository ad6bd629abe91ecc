/** The import of one upload, and the waking of the arrivals it causes. */
import type { ImportInput } from "@salvage/contracts";
import type { StoredUpload, SystemArrivals, SystemUploads } from "@salvage/db/system";
import type { Lanes } from "@salvage/lanes";
import { metrics, reportError } from "@salvage/telemetry";
import { Context } from "@temporalio/activity";
import { type ImportPorts, type ImportProgress, importUploadedFile } from "../imports/import-upload.ts";

export type ImportActivityPorts = ImportPorts & {
  uploads: SystemUploads;
  arrivals: SystemArrivals;
  lanes: Pick<Lanes, "pokeArrival">;
};

/** `awaitedFileKeys`: of the published files, those that some crash waits for. */
export type ImportOutcome = { organizationId: string | null; awaitedFileKeys: string[] };

export type ImportActivities = ReturnType<typeof createImportActivities>;

/** Converting one large file takes minutes, during which only the timer can say that the worker lives. */
const heartbeatMs = 10_000;

/** Verdicts are shown while an archive is worked through, but not each with a write of its own. */
const showVerdictsEveryMs = 1_000;

function progressOf({ uploads, lanes }: ImportActivityPorts, { id, organizationId }: StoredUpload, alive: () => void): ImportProgress {
  let shownAt = Date.now();
  return {
    alive,
    async verdict(verdicts) {
      alive();
      if (Date.now() - shownAt < showVerdictsEveryMs) return;
      shownAt = Date.now();
      await uploads.setState(id, { state: "checking", verdicts });
    },
    readable: (fileKey) => lanes.pokeArrival(organizationId, fileKey),
  };
}

export function createImportActivities(ports: ImportActivityPorts) {
  return {
    /** Idempotent: an upload that is finished is not imported again, a half-imported one recognises its own files. */
    async importFiles({ uploadId }: ImportInput): Promise<ImportOutcome> {
      const activity = Context.current();
      const timer = setInterval(() => activity.heartbeat(), heartbeatMs);
      const stopTimer = metrics.importSeconds.startTimer();
      try {
        const upload = await ports.uploads.byId(uploadId);
        if (upload === null || upload.state === "ready" || upload.state === "rejected")
          return { organizationId: null, awaitedFileKeys: [] };
        await ports.uploads.setState(uploadId, { state: "checking" });
        const result = await importUploadedFile(
          ports,
          upload,
          progressOf(ports, upload, () => activity.heartbeat()),
        );
        // The files are committed: whoever commits a missing row from now on finds them, whoever did before is counted here.
        const awaitedFileKeys: string[] = [];
        for (const fileKey of new Set(result.publishedFileKeys)) {
          if ((await ports.arrivals.waitingCount(upload.organizationId, fileKey)) > 0) awaitedFileKeys.push(fileKey);
        }
        const usable = result.verdicts.some((verdict) => verdict.state !== "rejected");
        const reason = usable ? null : (result.reason ?? result.verdicts[0]?.reason ?? "no file in it could be used");
        await ports.uploads.setState(uploadId, { state: usable ? "ready" : "rejected", reason, verdicts: result.verdicts });
        ports.logger.info({ uploadId, files: result.verdicts.length, usable, awaited: awaitedFileKeys.length }, "upload imported");
        return { organizationId: upload.organizationId, awaitedFileKeys };
      } catch (error) {
        reportError(ports.logger, "import", error, { uploadId });
        throw error;
      } finally {
        stopTimer();
        clearInterval(timer);
      }
    },

    /** Wakes an arrival per file. Idempotent: a woken arrival looks again, no more. */
    async wakeArrivals({ organizationId, fileKeys }: { organizationId: string; fileKeys: string[] }): Promise<void> {
      for (const fileKey of fileKeys) await ports.lanes.pokeArrival(organizationId, fileKey);
    },
  };
}

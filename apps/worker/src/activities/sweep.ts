/** One sweep: finds rows whose work has lost its worker, its poke or its workflow, and pokes again. */
import type { Keyring } from "@salvage/blobs";
import type { SystemSweep } from "@salvage/db/system";
import type { Lanes } from "@salvage/lanes";
import { type Logger, metrics } from "@salvage/telemetry";

export type SweepPorts = { sweep: SystemSweep; lanes: Lanes; keyring: Pick<Keyring, "keyIds">; logger: Logger };

export type SweepActivities = ReturnType<typeof createSweepActivities>;

/** An import that is alive touches its upload's row at its start; one that waits for a slot may take this long. */
const uploadStuckMs = 60_000;
/** Per sweep, so that one sweep stays short; the next one is half a minute away. */
const maxPokes = 100;

export function createSweepActivities({ sweep, lanes, keyring, logger }: SweepPorts) {
  return {
    /** Idempotent: every poke is only a hint. */
    async sweepOnce(): Promise<void> {
      const projects = await sweep.projectsWithWork();
      for (const projectId of projects) lanes.pokeIntake(projectId);
      const missing = await sweep.readyButMissing(maxPokes);
      for (const { organizationId, fileKey } of missing) await lanes.pokeArrival(organizationId, fileKey);
      const uploads = await sweep.uploadsStuck(uploadStuckMs);
      for (const uploadId of uploads.slice(0, maxPokes)) await lanes.startImport(uploadId);
      const deliveries = await sweep.webhooksDue(maxPokes);
      for (const deliveryId of deliveries) await lanes.startWebhook(deliveryId);
      const locked = await sweep.sealedOtherwise(keyring.keyIds);
      if (locked > 0)
        logger.error({ crashes: locked }, "crashes wait whose secret this worker lacks: SALVAGE_SECRET differs between ingest and worker");
      await sweep.ageIssues();
      await sweep.removeExpired();
      const counts = { lane: projects.length, missing_file: missing.length, upload: uploads.length, webhook: deliveries.length };
      for (const [kind, count] of Object.entries(counts)) metrics.swept.inc({ kind }, count);
      if (Object.values(counts).some((count) => count > 0)) logger.info(counts, "sweep put work back");
    },
  };
}

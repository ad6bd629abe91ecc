/**
 * The worker put together: children, activities, one Temporal worker per task queue, schedules. Takes settings and a
 * database, returns something that can be stopped; main.ts and the tests are its two users.
 */
import { existsSync } from "node:fs";
import { mkdir, readdir, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createKeyring, openBlobStore, withHeldDeletions } from "@salvage/blobs";
import { taskQueues } from "@salvage/contracts";
import type { SystemDb } from "@salvage/db/system";
import { createLanes, type PokeOutcome, type TemporalSecurity } from "@salvage/lanes";
import { type Logger, metrics, type Readiness, reportError } from "@salvage/telemetry";
import { Client } from "@temporalio/client";
import { NativeConnection, Worker, type WorkerOptions } from "@temporalio/worker";
import { createImportActivities } from "./activities/import.ts";
import { createIntakeActivities } from "./activities/intake.ts";
import { createRefreshActivities } from "./activities/refresh.ts";
import { createRetentionActivities } from "./activities/retention.ts";
import { createSweepActivities } from "./activities/sweep.ts";
import { createUpgradeActivities } from "./activities/upgrade.ts";
import { createWebhookActivities } from "./activities/webhook.ts";
import { workflowBundlePath } from "./build-workflows.ts";
import { CorePool } from "./core-pool/pool.ts";
import type { WorkerEnv } from "./env.ts";
import { createFleet } from "./fleet.ts";
import { ensureNamespace } from "./namespace.ts";
import { ensureSchedules } from "./schedules.ts";

export type WorkerAppOptions = {
  env: WorkerEnv;
  db: SystemDb;
  logger: Logger;
  /** Another child program than core's, for tests of hostile dumps. */
  childScript?: string;
};

export type WorkerApp = {
  ready(): Promise<Readiness>;
  /** Sets the gauges of what waits. */
  measure(): Promise<void>;
  /** Resolves when the worker was stopped; rejects when it cannot go on. */
  readonly running: Promise<void>;
  /** Takes no new work, lets crashes under way finish, hands back the rest. */
  stop(): Promise<void>;
};

/** Batches under way at once per kind of work. Intake's second batch of a lane overlaps the first one's ends. */
const slots = { main: 8, intake: 4, upgrade: 2, import: 1 } as const;
/** Crashes of one batch under way per child: while one is in the child, others wait for the disk, or to be written together. */
const crashesPerChild = 16;
/** A conversion reads gigabytes. */
const maxImportMs = 30 * 60_000;
/** The import child is needed seldom and is large when it was. */
const importChildIdleMs = 60_000;
/** What an orderly stop waits for work under way. */
const stopGrace = "10 seconds";
const stopForce = "15 seconds";
/** Temporal's store may be lost at any time, and the schedules with it. */
const scheduleCheckMs = 15_000;
/** The launcher starts Temporal and the worker at the same time. */
const connectTimeoutMs = 30_000;
const connectRetryMs = 500;
const leftoverAgeMs = 24 * 60 * 60_000;

/** @throws when Temporal cannot be reached within half a minute, or the workflow bundle was not built */
export async function startWorkerApp({ env, db, logger, childScript }: WorkerAppOptions): Promise<WorkerApp> {
  if (!existsSync(workflowBundlePath)) throw new Error("the workflow bundle is missing: run `pnpm --filter @salvage/worker build`");
  const connection = await connectToTemporal(env.TEMPORAL_ADDRESS, env.temporalSecurity, logger);
  const client = new Client({ connection, namespace: env.TEMPORAL_NAMESPACE });
  await ensureNamespace(client, logger);
  const store = openBlobStore({ folder: env.BLOB_DIR, url: env.BLOB_URL ?? null, maxCopyBytes: env.BLOB_COPIES_MAX_BYTES });
  const blobs = withHeldDeletions(store, () => db.retention.blobDeletionsHeld());
  const keyring = createKeyring(env.SALVAGE_SECRET, env.SALVAGE_PREVIOUS_SECRETS?.split(","));
  const onPoke = (outcome: PokeOutcome) => metrics.lanePokes.inc({ outcome });
  const lanes = createLanes({
    ...{ address: env.TEMPORAL_ADDRESS, namespace: env.TEMPORAL_NAMESPACE, security: env.temporalSecurity },
    ...{ logger, onPoke },
  });
  const onDeath = (cause: string) => metrics.childDeaths.inc({ cause });
  const child = childScript === undefined ? {} : { childScript };
  const crashPool = new CorePool({ slots: env.WORKER_CHILDREN, maxTaskRssBytes: env.MAX_CRASH_MEMORY_BYTES, onDeath, ...child });
  const importPool = new CorePool({
    slots: slots.import,
    maxTaskRssBytes: env.MAX_IMPORT_MEMORY_BYTES,
    maxTaskMs: maxImportMs,
    idleMs: importChildIdleMs,
    // A debug file has no row that counts deaths, as a crash has: it too is given up at the third.
    retriesAfterExit: 2,
    onDeath,
    ...child,
  });
  const temporaryDir = env.WORKER_TEMPORARY_DIR ?? join(dirname(env.BLOB_DIR), "worker-tmp");
  await mkdir(temporaryDir, { recursive: true, mode: 0o700 });
  await removeLeftovers(temporaryDir);
  await crashPool.warm();

  const stopping = new AbortController();
  const common = { ...db, blobs, keyring, lanes, logger, stopping: stopping.signal };
  const crashWork = { ...common, pool: crashPool, concurrency: env.WORKER_CHILDREN * crashesPerChild };
  const imports = createImportActivities({
    ...common,
    pool: importPool,
    temporaryDir,
    maxDebugFileBytes: env.MAX_DEBUG_FILE_BYTES,
  });
  const webhooks = createWebhookActivities({ ...common, publicUrl: env.PUBLIC_URL, allowPrivateWebhooks: env.ALLOW_PRIVATE_WEBHOOKS });

  const shared: Partial<WorkerOptions> = {
    connection,
    namespace: env.TEMPORAL_NAMESPACE,
    shutdownGraceTime: stopGrace,
    shutdownForceTime: stopForce,
  };
  const activityWorker = (queue: "intake" | "upgrade" | "import", activities: object) =>
    Worker.create({
      ...shared,
      taskQueue: taskQueues[queue],
      activities,
      maxConcurrentActivityTaskExecutions: slots[queue],
      maxConcurrentActivityTaskPolls: Math.min(2, slots[queue]),
    });
  const workers = await Promise.all([
    Worker.create({
      ...shared,
      taskQueue: taskQueues.main,
      workflowBundle: { codePath: workflowBundlePath },
      activities: { ...imports, ...createSweepActivities(common), ...createRetentionActivities(common), ...webhooks },
      maxConcurrentActivityTaskExecutions: slots.main,
      maxConcurrentActivityTaskPolls: 2,
      maxConcurrentWorkflowTaskExecutions: 20,
      maxConcurrentWorkflowTaskPolls: 3,
      maxCachedWorkflows: 100,
    }),
    activityWorker("intake", createIntakeActivities(crashWork, createFleet(client))),
    activityWorker("upgrade", createUpgradeActivities(crashWork)),
    activityWorker("import", { ...imports, ...createRefreshActivities({ ...common, pool: importPool, temporaryDir }) }),
  ]);

  await ensureSchedules(client);
  const scheduleTimer = setInterval(() => {
    ensureSchedules(client).catch((error: unknown) => reportError(logger, "schedules", error));
  }, scheduleCheckMs);

  const running = Promise.all(workers.map((worker) => worker.run())).then(() => {});
  running.catch(() => {}); // whoever awaits it learns; nobody may be waiting yet
  const end = async () => {
    stopping.abort();
    clearInterval(scheduleTimer);
    for (const worker of workers) if (worker.getState() === "RUNNING") worker.shutdown();
    await running.catch(() => {});
    await Promise.all([crashPool.close(), importPool.close(), lanes.close()]);
    await connection.close();
  };
  let ended: Promise<void> | null = null;
  return {
    running,
    ready: async () => ({
      database: (await db.ping().catch(() => false)) ? null : "the database does not answer",
      temporal: workers.every((worker) => worker.getState() === "RUNNING") ? null : "not polling for work",
    }),
    async measure() {
      const sizes = await db.sweep.queueSizes();
      metrics.queuedCrashes.set(sizes.queuedCrashes);
      metrics.oldestQueuedSeconds.set(sizes.oldestQueuedSeconds);
      metrics.queuedUploads.set(sizes.uploadsInWork);
      metrics.queuedDeliveries.set(sizes.deliveriesPending);
    },
    stop: () => {
      ended ??= end();
      return ended;
    },
  };
}

/** Folders of imports whose worker died; one that is alive touches its folder all the time. */
async function removeLeftovers(temporaryDir: string): Promise<void> {
  for (const name of await readdir(temporaryDir)) {
    const path = join(temporaryDir, name);
    const { mtimeMs } = await stat(path);
    if (Date.now() - mtimeMs > leftoverAgeMs) await rm(path, { recursive: true, force: true });
  }
}

async function connectToTemporal(address: string, security: TemporalSecurity, logger: Logger): Promise<NativeConnection> {
  const givesUpAt = Date.now() + connectTimeoutMs;
  for (;;) {
    try {
      return await NativeConnection.connect({ address, ...security });
    } catch (error) {
      if (Date.now() > givesUpAt) throw error;
      logger.warn({ address, error: error instanceof Error ? error.message : String(error) }, "Temporal does not answer yet");
      await sleep(connectRetryMs);
    }
  }
}

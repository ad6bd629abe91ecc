/** Composition root: settings, logger, database, worker, operations pages; ends in good order on SIGTERM and SIGINT. */
import { BlobUrlError } from "@salvage/blobs";
import { createSystemDbAcrossOrganizations } from "@salvage/db/system";
import { createLogger, EnvError, type Logger, type Readiness, reportError, startOpsServer, startProcessMetrics } from "@salvage/telemetry";
import { Runtime } from "@temporalio/worker";
import { startWorkerApp, type WorkerApp } from "./app.ts";
import { readWorkerEnv } from "./env.ts";

async function main(): Promise<void> {
  const env = readWorkerEnv();
  const logger = createLogger({ app: "worker", level: env.LOG_LEVEL });
  startProcessMetrics();
  installTemporalRuntime(logger);
  const db = createSystemDbAcrossOrganizations({ databaseSystemUrl: env.DATABASE_SYSTEM_URL });

  let app: WorkerApp | null = null;
  const ready = (): Promise<Readiness> => (app === null ? Promise.resolve({ start: "still starting" }) : app.ready());
  const ops = await startOpsServer({
    ...{ port: env.METRICS_PORT, host: env.METRICS_HOST, metricsToken: env.METRICS_TOKEN, ready },
    measure: async () => app?.measure(),
  });
  const stopped = new Promise<string>((resolve) => {
    // The next launcher asks once more what a killed one left.
    process.on("SIGTERM", resolve);
    process.once("SIGINT", resolve);
  });
  try {
    app = await startWorkerApp({ env, db, logger });
    logger.info({ metricsPort: ops.port, children: env.WORKER_CHILDREN }, "worker ready");
    const signal = await Promise.race([stopped, app.running]);
    logger.info({ signal }, "worker stops");
  } finally {
    await app?.stop();
    await Promise.all([ops.close(), db.close()]);
  }
  logger.info({}, "worker stopped");
}

/** The SDK's own lines go through our logger; its INFO is chatter to everyone else. */
function installTemporalRuntime(logger: Logger): void {
  const warn = (message: string, meta?: object) => logger.warn({ ...meta }, `temporal: ${message}`);
  const error = (message: string, meta?: object) => logger.error({ ...meta }, `temporal: ${message}`);
  const debug = (message: string, meta?: object) => logger.debug({ ...meta }, `temporal: ${message}`);
  Runtime.install({
    logger: {
      trace() {},
      debug,
      info: debug,
      warn,
      error,
      log: (level, message, meta) => (level === "ERROR" ? error : level === "WARN" ? warn : debug)(message, meta),
    },
    // Our own handlers decide when and how to stop.
    shutdownSignals: [],
  });
}

try {
  await main();
  process.exit(0);
} catch (error) {
  if (error instanceof EnvError || error instanceof BlobUrlError) process.stderr.write(`${error.message}\n`);
  else reportError(createLogger({ app: "worker" }), "main", error);
  process.exit(1);
}

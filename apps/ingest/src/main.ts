/** The composition root of ingest: builds the real parts, listens, and ends in order. */
import { BlobUrlError, createKeyring, KeyringError, openBlobStore, withHeldDeletions } from "@salvage/blobs";
import { createOrgGate } from "@salvage/db";
import { createSystemDbAcrossOrganizations } from "@salvage/db/system";
import { createLanes } from "@salvage/lanes";
import { createLogger, EnvError, metrics, reportError, startProcessMetrics } from "@salvage/telemetry";
import { readIngestEnv } from "./env.ts";
import { limits } from "./limits.ts";
import { createIngest } from "./server.ts";

/**
 * What was begun longer ago than any body may take belongs to a process that died. In a bucket the uploads of other ingests are listed as well, and
 * each looks as old as its beginning.
 */
const staleTemporaryMs = limits.maxDebugFileBodyMs + 60 * 60_000;

async function main(): Promise<void> {
  const env = readIngestEnv();
  const logger = createLogger({ app: "ingest", level: env.logLevel });
  const keyring = createKeyring(env.secret, env.previousSecrets);
  startProcessMetrics();

  const store = openBlobStore({ folder: env.blobDir, url: env.blobUrl, maxCopyBytes: env.maxCopyBytes });
  const gate = createOrgGate({ databaseUrl: env.databaseUrl });
  const db = createSystemDbAcrossOrganizations({ databaseSystemUrl: env.databaseSystemUrl });
  const blobs = withHeldDeletions(store, () => db.retention.blobDeletionsHeld());
  const lanes = createLanes({
    address: env.temporalAddress,
    namespace: env.temporalNamespace,
    security: env.temporalSecurity,
    logger,
    onPoke: (outcome) => metrics.lanePokes.inc({ outcome }),
  });
  const ingest = createIngest(
    { gate, db, blobs, keyring, lanes, logger },
    {
      limits: env.limits,
      proxy: { webUrl: env.webUrl, publicUrl: env.publicUrl, trustProxy: env.trustProxy },
      metricsToken: env.metricsToken,
    },
  );

  const removed = await blobs.removeStaleTemporaryFiles(staleTemporaryMs);
  const port = await ingest.listen(env.port, env.host);
  logger.info({ port, publicUrl: env.publicUrl, removedTemporaryFiles: removed }, "listening");

  let ending = false;
  const end = (signal: string) => {
    if (ending) return;
    ending = true;
    logger.info({ signal }, "ending: no new requests, those under way finish");
    ingest
      .close()
      .then(() => Promise.all([lanes.close(), gate.close(), db.close()]))
      .then(
        () => process.exit(0),
        (error: unknown) => {
          reportError(logger, "shutdown", error);
          process.exit(1);
        },
      );
  };
  process.on("SIGTERM", end);
  process.on("SIGINT", end);
  process.on("unhandledRejection", (error) => reportError(logger, "unhandled", error));
}

main().catch((error: unknown) => {
  const occupied = error instanceof Error && "code" in error && error.code === "EADDRINUSE";
  const sentence =
    error instanceof EnvError || error instanceof KeyringError || error instanceof BlobUrlError
      ? error.message
      : occupied
        ? `ingest cannot start: ${error.message}; end the other process or set PORT`
        : null;
  process.stderr.write(`${sentence ?? (error instanceof Error ? (error.stack ?? error.message) : String(error))}\n`);
  process.exit(1);
});

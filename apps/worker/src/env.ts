/** The worker's settings: read once, checked, and explained in one sentence when wrong. */
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { readTemporalSecurity, type TemporalSecurity } from "@salvage/lanes";
import { EnvError, envFields, readEnv } from "@salvage/telemetry";
import { z } from "zod";

const gibibyte = 1024 ** 3;

const schema = z.object({
  DATABASE_SYSTEM_URL: envFields.databaseUrl(),
  TEMPORAL_ADDRESS: envFields.text(),
  TEMPORAL_NAMESPACE: envFields.text().default("default"),
  SALVAGE_HOME: envFields.text().optional(),
  /** Folder of the blobs; with BLOB_URL, of copies for child processes. Default: blobs in SALVAGE_HOME. */
  BLOB_DIR: envFields.text().optional(),
  /** A bucket: s3://<bucket>[/<prefix>]?region=…[&endpoint=https://…]. */
  BLOB_URL: envFields.text().optional(),
  /** What unused copies of a bucket's blobs may take. */
  BLOB_COPIES_MAX_BYTES: envFields.bytes().default(10 * gibibyte),
  SALVAGE_SECRET: envFields.text(),
  /** Earlier secrets, separated by commas, while dumps wrapped with them are still held. */
  SALVAGE_PREVIOUS_SECRETS: envFields.text().optional(),
  PUBLIC_URL: envFields.httpUrl(),
  METRICS_PORT: envFields.port().default(0),
  /** Address of /health, /ready and /metrics: 0.0.0.0 where probes come from another machine. */
  METRICS_HOST: envFields.text().default("127.0.0.1"),
  METRICS_TOKEN: envFields.text().optional(),
  LOG_LEVEL: envFields.logLevel().default("info"),
  MAX_DEBUG_FILE_BYTES: envFields.bytes().default(2 * gibibyte),
  ALLOW_PRIVATE_WEBHOOKS: envFields.flag().default(false),
  /** Child processes that read crashes. */
  WORKER_CHILDREN: envFields.wholeNumber(1, 256).default(availableParallelism()),
  /** Memory that one crash, and one debug file, may take in its child. */
  MAX_CRASH_MEMORY_BYTES: envFields.bytes().default(gibibyte / 2),
  MAX_IMPORT_MEMORY_BYTES: envFields.bytes().default(2 * gibibyte),
  /** Where archives are unpacked and lookup files built; beside the blobs when not given, since it may need as much room. */
  WORKER_TEMPORARY_DIR: envFields.text().optional(),
});

export type WorkerEnv = z.infer<typeof schema> & { BLOB_DIR: string; temporalSecurity: TemporalSecurity };

/** @throws EnvError with one sentence for the operator */
export function readWorkerEnv(env: NodeJS.ProcessEnv = process.env): WorkerEnv {
  const values = readEnv("worker", schema, env);
  const BLOB_DIR = values.BLOB_DIR ?? (values.SALVAGE_HOME === undefined ? undefined : join(values.SALVAGE_HOME, "blobs"));
  if (BLOB_DIR === undefined) throw new EnvError("worker cannot start: neither BLOB_DIR nor SALVAGE_HOME is set.");
  return { ...values, BLOB_DIR, temporalSecurity: readTemporalSecurity("worker", env) };
}

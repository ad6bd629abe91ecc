/** The web process's settings, read from the environment once, at the first request (never while building). */
import { readTemporalSecurity, type TemporalSecurity } from "@salvage/lanes";
import { EnvError, envFields, readEnv } from "@salvage/telemetry";
import { z } from "zod";

const schema = z.object({
  /** The one public address, without a trailing slash; crashes may be posted below a path. */
  PUBLIC_URL: envFields.httpUrl(),
  /** Role salvage_app: row-level security applies. */
  DATABASE_URL: envFields.databaseUrl(),
  TEMPORAL_ADDRESS: envFields.text(),
  TEMPORAL_NAMESPACE: envFields.text().default("default"),
  SALVAGE_HOME: envFields.text().optional(),
  /** Default: blobs in SALVAGE_HOME. */
  BLOB_DIR: envFields.text().optional(),
  /** A bucket in place of the folder: s3://<bucket>[/<prefix>]?region=…[&endpoint=https://…]. */
  BLOB_URL: envFields.text().optional(),
  /** Encrypts the session cookie. */
  NEXTAUTH_SECRET: envFields.text(),
  /** A reverse proxy stands in front of ingest and its X-Forwarded-* headers are true. */
  TRUST_PROXY: envFields.flag().default(false),
  /** Webhooks may go to addresses of the operator's own network; the worker, which sends them, asks again. */
  ALLOW_PRIVATE_WEBHOOKS: envFields.flag().default(false),
  LOG_LEVEL: envFields.logLevel().default("info"),
});

export type WebEnv = {
  /** The public origin, where the dashboard is. */
  publicUrl: string;
  /** The public origin with the path that client keys' addresses have. */
  crashUrl: string;
  databaseUrl: string;
  temporalAddress: string;
  temporalNamespace: string;
  temporalSecurity: TemporalSecurity;
  blobDir: string;
  /** Null: blobs lie in the folder. */
  blobUrl: string | null;
  cookieSecret: string;
  trustProxy: boolean;
  allowPrivateWebhooks: boolean;
  logLevel: z.infer<typeof schema>["LOG_LEVEL"];
};

/** @throws EnvError with one sentence for the operator */
export function readWebEnv(env: NodeJS.ProcessEnv): WebEnv {
  const values = readEnv("web", schema, env);
  const blobDir = values.BLOB_DIR ?? (values.SALVAGE_HOME === undefined ? undefined : `${values.SALVAGE_HOME}/blobs`);
  if (blobDir === undefined) throw new EnvError("web cannot start: neither BLOB_DIR nor SALVAGE_HOME is set.");
  return {
    publicUrl: new URL(values.PUBLIC_URL).origin,
    crashUrl: values.PUBLIC_URL,
    databaseUrl: values.DATABASE_URL,
    temporalAddress: values.TEMPORAL_ADDRESS,
    temporalNamespace: values.TEMPORAL_NAMESPACE,
    temporalSecurity: readTemporalSecurity("web", env),
    blobDir,
    blobUrl: values.BLOB_URL ?? null,
    cookieSecret: values.NEXTAUTH_SECRET,
    trustProxy: values.TRUST_PROXY,
    allowPrivateWebhooks: values.ALLOW_PRIVATE_WEBHOOKS,
    logLevel: values.LOG_LEVEL,
  };
}

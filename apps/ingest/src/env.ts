/** The settings of ingest: the only place that reads its environment. */
import { join } from "node:path";
import { readTemporalSecurity } from "@salvage/lanes";
import { envFields, readEnv } from "@salvage/telemetry";
import { z } from "zod";

const mebibyte = 1024 * 1024;

const schema = z.object({
  SALVAGE_HOME: envFields.text(),
  PUBLIC_URL: envFields.httpUrl(),
  PORT: envFields.port().default(4680),
  /** Address to listen on; all of the machine's when absent. */
  HOST: envFields.text().optional(),
  WEB_URL: envFields
    .httpUrl()
    .refine((url) => url.startsWith("http:"), { error: "must be an http URL: the dashboard is on this side of TLS" }),
  DATABASE_URL: envFields.databaseUrl(),
  DATABASE_SYSTEM_URL: envFields.databaseUrl(),
  TEMPORAL_ADDRESS: envFields.text(),
  TEMPORAL_NAMESPACE: envFields.text().default("default"),
  BLOB_DIR: envFields.text().optional(),
  /** A bucket in place of the folder: s3://<bucket>[/<prefix>]?region=…[&endpoint=https://…]. */
  BLOB_URL: envFields.text().optional(),
  /** What unused copies of a bucket's lookup files may take in the folder. */
  BLOB_COPIES_MAX_BYTES: envFields.bytes().default(10 * 1024 * mebibyte),
  SALVAGE_SECRET: envFields.text(),
  /** Secrets that held dumps may still be wrapped with, separated by commas. */
  SALVAGE_PREVIOUS_SECRETS: envFields.text().optional(),
  LOG_LEVEL: envFields.logLevel().default("info"),
  METRICS_TOKEN: envFields.text().optional(),
  /** 1: a reverse proxy stands in front, and its X-Forwarded-* headers are believed. */
  TRUST_PROXY: envFields.flag().default(false),
  MAX_DUMP_BYTES: envFields.bytes().default(200 * mebibyte),
  MAX_REQUEST_BYTES: envFields.bytes().default(200 * mebibyte),
  MAX_DEBUG_FILE_BYTES: envFields.bytes().default(2048 * mebibyte),
  MAX_ATTACHMENT_BYTES: envFields.bytes().default(100 * mebibyte),
  MAX_ATTACHMENTS: envFields.wholeNumber(0, 100).default(30),
  MIN_FREE_DISK_BYTES: envFields.bytes().default(1024 * mebibyte),
  DEFAULT_RATE_LIMIT_PER_MINUTE: envFields.wholeNumber(0, 1_000_000).default(6000),
  PROJECT_RATE_LIMIT_PER_MINUTE: envFields.wholeNumber(0, 10_000_000).default(0),
  ORGANIZATION_RATE_LIMIT_PER_MINUTE: envFields.wholeNumber(0, 10_000_000).default(0),
  ORGANIZATION_STORAGE_BYTES: envFields.bytes().default(0),
});

export type IngestEnv = ReturnType<typeof readIngestEnv>;

/** @throws EnvError with one sentence */
export function readIngestEnv(env: NodeJS.ProcessEnv = process.env) {
  const values = readEnv("ingest", schema, env);
  return {
    publicUrl: values.PUBLIC_URL,
    port: values.PORT,
    host: values.HOST,
    webUrl: values.WEB_URL,
    databaseUrl: values.DATABASE_URL,
    databaseSystemUrl: values.DATABASE_SYSTEM_URL,
    temporalAddress: values.TEMPORAL_ADDRESS,
    temporalNamespace: values.TEMPORAL_NAMESPACE,
    temporalSecurity: readTemporalSecurity("ingest", env),
    blobDir: values.BLOB_DIR ?? join(values.SALVAGE_HOME, "blobs"),
    blobUrl: values.BLOB_URL ?? null,
    maxCopyBytes: values.BLOB_COPIES_MAX_BYTES,
    secret: values.SALVAGE_SECRET,
    previousSecrets: (values.SALVAGE_PREVIOUS_SECRETS ?? "").split(",").filter((secret) => secret !== ""),
    logLevel: values.LOG_LEVEL,
    metricsToken: values.METRICS_TOKEN,
    trustProxy: values.TRUST_PROXY,
    limits: {
      maxDumpBytes: values.MAX_DUMP_BYTES,
      maxRequestBytes: values.MAX_REQUEST_BYTES,
      maxDebugFileBytes: values.MAX_DEBUG_FILE_BYTES,
      maxAttachmentBytes: values.MAX_ATTACHMENT_BYTES,
      maxAttachments: values.MAX_ATTACHMENTS,
      minFreeDiskBytes: values.MIN_FREE_DISK_BYTES,
      defaultRateLimitPerMinute: values.DEFAULT_RATE_LIMIT_PER_MINUTE,
      projectRateLimitPerMinute: values.PROJECT_RATE_LIMIT_PER_MINUTE,
      organizationRateLimitPerMinute: values.ORGANIZATION_RATE_LIMIT_PER_MINUTE,
      organizationStorageBytes: values.ORGANIZATION_STORAGE_BYTES,
    },
  };
}

/** The launcher's settings from the environment. The children's own settings pass through untouched and are checked by each child. */
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { envFields, readEnv } from "@salvage/telemetry";
import { z } from "zod";
import { defaultMinimumFreeBytes } from "./home.ts";

const databaseUrl = envFields.databaseUrl().optional();

const schema = z.object({
  SALVAGE_HOME: z.string().optional(),
  /** The one public port. PORT means the same, for hosts that set it. */
  SALVAGE_PORT: envFields.port().optional(),
  PORT: envFields.port().default(4680),
  PUBLIC_URL: envFields.httpUrl().optional(),
  /** An own PostgreSQL server: a superuser's address alone, or all three roles' addresses. */
  DATABASE_URL: databaseUrl,
  DATABASE_SYSTEM_URL: databaseUrl,
  DATABASE_OWNER_URL: databaseUrl,
  TEMPORAL_ADDRESS: z
    .string()
    .regex(/^[^\s:/]+:\d+$/, { error: "must be host:port" })
    .optional(),
  /** The front door's watermark: below it crashes are refused, and a start is too. */
  MIN_FREE_DISK_BYTES: envFields.bytes().default(defaultMinimumFreeBytes),
  /** The longest pause before a part that died is started again; it begins with a quarter of a second and doubles. */
  RESTART_MAX_PAUSE_MS: envFields.wholeNumber(100, 600_000).default(30_000),
  /** 0: no demo project's crashes on the first start. */
  SALVAGE_DEMO: envFields.flag().default(true),
});

export type LauncherEnv = {
  home: string;
  publicPort: number;
  publicUrl: string;
  database: ExternalDatabase | null;
  temporalAddress: string | null;
  minimumFreeBytes: number;
  maxRestartPauseMs: number;
  demo: boolean;
};

export type ExternalDatabase = { adminUrl: string } | { databaseUrl: string; databaseSystemUrl: string; databaseOwnerUrl: string };

/** Name of Salvage's database on its server. */
export const databaseName = "salvage";

export const repositoryRoot = fileURLToPath(new URL("../../..", import.meta.url)).replace(/\/$/, "");

/** @throws EnvError with one sentence */
export function readLauncherEnv(env: NodeJS.ProcessEnv = process.env): LauncherEnv {
  const values = readEnv("salvage", schema, env);
  const { DATABASE_URL: url, DATABASE_SYSTEM_URL: system, DATABASE_OWNER_URL: owner } = values;
  const publicPort = values.SALVAGE_PORT ?? values.PORT;
  let database: ExternalDatabase | null = null;
  if (url !== undefined && system !== undefined && owner !== undefined) {
    database = { databaseUrl: url, databaseSystemUrl: system, databaseOwnerUrl: owner };
  } else if (url !== undefined) {
    database = { adminUrl: url };
  }
  return {
    home: resolve(values.SALVAGE_HOME ?? defaultHome()),
    publicPort,
    publicUrl: values.PUBLIC_URL ?? `http://localhost:${publicPort}`,
    database,
    temporalAddress: values.TEMPORAL_ADDRESS ?? null,
    minimumFreeBytes: values.MIN_FREE_DISK_BYTES,
    maxRestartPauseMs: values.RESTART_MAX_PAUSE_MS,
    demo: values.SALVAGE_DEMO,
  };
}

/** Under root the database's own user must be able to reach its data, which a clone below /root would prevent. */
export function defaultHome(): string {
  return process.getuid?.() === 0 ? "/var/lib/salvage" : resolve(repositoryRoot, ".salvage");
}

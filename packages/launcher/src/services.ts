/**
 * The three apps as supervised children, each with the settings it needs and no others. The dashboard never gets SALVAGE_SECRET or the system role's address.
 */
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { type AppName, appCommand } from "./app-command.ts";
import { webSessionSecret } from "./secrets.ts";
import type { Service } from "./supervisor.ts";

export type AppSettings = {
  repositoryRoot: string;
  home: string;
  blobs: string;
  publicPort: number;
  publicUrl: string;
  webPort: number;
  workerMetricsPort: number;
  temporalAddress: string;
  /** Temporal is this machine's own: what the environment says of another one's certificates and keys is not for it. */
  ownTemporal: boolean;
  databaseUrl: string;
  databaseSystemUrl: string;
  secret: string;
  previousSecrets: readonly string[];
};

/** Never handed on as they came: each child gets its own, or none. */
const withheld =
  /^(DATABASE_(SYSTEM_|OWNER_)?URL|SALVAGE_SECRET|SALVAGE_PREVIOUS_SECRETS|SALVAGE_PORT|NEXTAUTH_.*|PORT|WEB_URL|METRICS_PORT|NODE_OPTIONS|npm_.*|PNPM_.*|TEMPORAL_CLI|INIT_CWD)$/;

const ofAnotherTemporal = /^TEMPORAL_(TLS|API_KEY)/;

export function appServices(settings: AppSettings): { ingest: Service; web: Service; worker: Service } {
  const { repositoryRoot, publicUrl, webPort } = settings;
  const common: NodeJS.ProcessEnv = {
    ...Object.fromEntries(
      Object.entries(process.env).filter(([name]) => !withheld.test(name) && !(settings.ownTemporal && ofAnotherTemporal.test(name))),
    ),
    SALVAGE_HOME: settings.home,
    BLOB_DIR: process.env.BLOB_DIR ?? settings.blobs,
    PUBLIC_URL: publicUrl,
    TEMPORAL_ADDRESS: settings.temporalAddress,
    DATABASE_URL: settings.databaseUrl,
  };
  const previous = [...settings.previousSecrets, process.env.SALVAGE_PREVIOUS_SECRETS ?? ""].filter((secret) => secret !== "");
  const privileged = {
    DATABASE_SYSTEM_URL: settings.databaseSystemUrl,
    SALVAGE_SECRET: settings.secret,
    ...(previous.length === 0 ? {} : { SALVAGE_PREVIOUS_SECRETS: previous.join(",") }),
  };
  const node = (app: AppName, env: NodeJS.ProcessEnv, readyUrl: string): Service => {
    const command = appCommand(repositoryRoot, app, { host: "127.0.0.1", port: webPort });
    return {
      name: app,
      command: process.execPath,
      args: command.args,
      cwd: command.cwd,
      env: { ...common, ...command.env, ...env },
      stopSignal: "SIGTERM",
      // Ingest finishes uploads under way; web has nothing to finish, and the worker gives its claims back.
      stopPatienceMs: { ingest: 10_000, web: 2_000, worker: 4_000 }[app],
      tied: true,
      ready: () => answers(readyUrl),
      readyWithinMs: 60_000,
    };
  };
  return {
    ingest: node(
      "ingest",
      { ...privileged, PORT: String(settings.publicPort), WEB_URL: `http://127.0.0.1:${webPort}` },
      `http://127.0.0.1:${settings.publicPort}/health`,
    ),
    web: node(
      "web",
      {
        PORT: String(webPort),
        NEXTAUTH_URL: publicUrl,
        NEXTAUTH_SECRET: webSessionSecret(settings.secret),
      },
      `http://127.0.0.1:${webPort}/api/health`,
    ),
    worker: node(
      "worker",
      {
        ...privileged,
        METRICS_PORT: String(settings.workerMetricsPort),
        WORKER_CHILDREN: process.env.WORKER_CHILDREN ?? String(Math.min(availableParallelism(), 4)),
        WORKER_TEMPORARY_DIR: process.env.WORKER_TEMPORARY_DIR ?? join(settings.home, "tmp"),
      },
      `http://127.0.0.1:${settings.workerMetricsPort}/ready`,
    ),
  };
}

/** True when the page answers without a server error. */
async function answers(url: string): Promise<boolean> {
  const response = await fetch(url, { redirect: "manual", signal: AbortSignal.timeout(5_000) });
  await response.body?.cancel();
  return response.status < 500;
}

/**
 * The three apps as supervised children: `node` itself on their entry file, no package manager in between, each with the settings it
 * needs and no others. The dashboard never gets SALVAGE_SECRET or the system role's address.
 */
import { availableParallelism } from "node:os";
import { join } from "node:path";
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
  databaseUrl: string;
  databaseSystemUrl: string;
  secret: string;
};

/** Never handed on as they came: each child gets its own, or none. */
const withheld =
  /^(DATABASE_(SYSTEM_|OWNER_)?URL|SALVAGE_SECRET|SALVAGE_PORT|NEXTAUTH_.*|PORT|WEB_URL|METRICS_PORT|NODE_OPTIONS|npm_.*|PNPM_.*|TEMPORAL_CLI|INIT_CWD)$/;

/** Heap ceilings in MB: far above what each app needs when busy, low enough that a leak ends in a restart and not in swapping. */
const heapMb = { ingest: 256, web: 384, worker: 384 };
/**
 * Small nurseries: three quiet servers share a small machine. What streams through ingest lies outside of the heap and is let go when the nursery
 * is swept: a smaller one keeps an upload of gigabytes below 200 MB.
 */
const nurseryMb = { ingest: 1, web: 8, worker: 8 };
const nodeFlags = (app: keyof typeof heapMb) => [
  `--max-old-space-size=${heapMb[app]}`,
  `--max-semi-space-size=${nurseryMb[app]}`,
  "--disable-warning=ExperimentalWarning",
];

export function appServices(settings: AppSettings): { ingest: Service; web: Service; worker: Service } {
  const { repositoryRoot, publicUrl, webPort } = settings;
  const common: NodeJS.ProcessEnv = {
    ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !withheld.test(name))),
    NODE_ENV: "production",
    // Sources run as they are; their compiled form is kept between starts.
    NODE_COMPILE_CACHE: join(repositoryRoot, ".toolchain/compile-cache"),
    // glibc would otherwise keep an arena per thread.
    MALLOC_ARENA_MAX: "2",
    SALVAGE_HOME: settings.home,
    BLOB_DIR: process.env.BLOB_DIR ?? settings.blobs,
    PUBLIC_URL: publicUrl,
    TEMPORAL_ADDRESS: settings.temporalAddress,
    DATABASE_URL: settings.databaseUrl,
  };
  const privileged = { DATABASE_SYSTEM_URL: settings.databaseSystemUrl, SALVAGE_SECRET: settings.secret };
  const node = (app: keyof typeof heapMb, entry: string, args: readonly string[], env: NodeJS.ProcessEnv, readyUrl: string): Service => ({
    name: app,
    command: process.execPath,
    args: [...nodeFlags(app), entry, ...args],
    cwd: join(repositoryRoot, "apps", app),
    env: { ...common, ...env },
    stopSignal: "SIGTERM",
    // Ingest finishes uploads under way; web has nothing to finish, and the worker gives its claims back.
    stopPatienceMs: { ingest: 10_000, web: 2_000, worker: 4_000 }[app],
    ready: () => answers(readyUrl),
    readyWithinMs: 60_000,
  });
  return {
    ingest: node(
      "ingest",
      "src/main.ts",
      [],
      { ...privileged, PORT: String(settings.publicPort), WEB_URL: `http://127.0.0.1:${webPort}` },
      `http://127.0.0.1:${settings.publicPort}/health`,
    ),
    web: node(
      "web",
      "node_modules/next/dist/bin/next",
      ["start", "--hostname", "127.0.0.1", "--port", String(webPort)],
      {
        PORT: String(webPort),
        NEXTAUTH_URL: publicUrl,
        NEXTAUTH_SECRET: webSessionSecret(settings.secret),
        NEXT_TELEMETRY_DISABLED: "1",
      },
      `http://127.0.0.1:${webPort}/api/health`,
    ),
    worker: node(
      "worker",
      "src/main.ts",
      [],
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

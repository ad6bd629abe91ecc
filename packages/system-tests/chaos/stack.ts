/**
 * Salvage as an operator runs it: the launcher is a process of its own, so that it too can be killed. Everything else is looked up from outside:
 * process ids in the launcher's state file, rows by SQL, files on disk.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { createWriteStream, readFileSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { repositoryRoot } from "@salvage/launcher";
import { installationDatabases } from "@salvage/launcher/installation";
import pg from "pg";
import { freePort, until } from "../src/installation.ts";

export type ServiceName = "postgres" | "temporal" | "ingest" | "web" | "worker";

export class ChaosStack {
  readonly home: string;
  readonly failPoints: string;
  readonly publicUrl: string;
  readonly #environment: NodeJS.ProcessEnv;
  #launcher: ChildProcess | null = null;
  #said = "";
  /** Of the first start. */
  projectId = "";
  publicKey = "";
  token = "";

  private constructor(home: string, port: number) {
    this.home = home;
    this.failPoints = join(home, "fail-points");
    this.publicUrl = `http://localhost:${port}`;
    this.#environment = {
      ...process.env,
      SALVAGE_HOME: home,
      SALVAGE_PORT: String(port),
      SALVAGE_DEMO: "0",
      SALVAGE_FAIL_POINTS: this.failPoints,
      MIN_FREE_DISK_BYTES: "0",
      RESTART_MAX_PAUSE_MS: "1000",
    };
  }

  static async start(): Promise<ChaosStack> {
    const home = await mkdtemp(join(tmpdir(), "salvage-chaos-"));
    const stack = new ChaosStack(home, await freePort());
    await mkdir(stack.failPoints, { recursive: true });
    await stack.launch();
    const url = /\/api\/(\d+)\/minidump\/\?sentry_key=([0-9a-f]{32})/.exec(stack.#said);
    const token = /--token (\S+)/.exec(stack.#said)?.[1];
    if (url?.[1] === undefined || url[2] === undefined || token === undefined) throw new Error(`no addresses in:\n${stack.#said}`);
    stack.projectId = url[1];
    stack.publicKey = url[2];
    stack.token = token;
    return stack;
  }

  /** Starts the launcher; resolves when it says that Salvage is running. What it prints is kept in `launcher.log` of the home. */
  async launch(): Promise<void> {
    this.#said = "";
    const log = createWriteStream(join(this.home, "launcher.log"), { flags: "a" });
    const launcher = spawn(process.execPath, [join(repositoryRoot, "packages/launcher/src/main.ts")], {
      cwd: repositoryRoot,
      env: this.#environment,
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    this.#launcher = launcher;
    for (const stream of [launcher.stdout, launcher.stderr]) {
      stream?.on("data", (piece: Buffer) => {
        this.#said += piece.toString();
        log.write(piece);
      });
    }
    await until("the launcher says that Salvage is running", 90_000, async () => {
      if (launcher.exitCode !== null) throw new Error(`the launcher ended:\n${this.#said}`);
      return /Salvage is running at/.test(this.#said) ? true : null;
    });
  }

  /** Null while it is being started again. */
  pidOf(name: ServiceName): number | null {
    try {
      const children = JSON.parse(readFileSync(join(this.home, "run/children.json"), "utf8")) as { name: string; pid: number }[];
      return children.find((child) => child.name === name)?.pid ?? null;
    } catch {
      return null;
    }
  }

  /** `kill -9` of a service and all it started; of PostgreSQL its first process, whose children must not outlive it. @returns whether there was one */
  kill(name: ServiceName): boolean {
    const pid = this.pidOf(name);
    if (pid === null) return false;
    try {
      process.kill(name === "postgres" ? pid : -pid, "SIGKILL");
      return true;
    } catch {
      return false;
    }
  }

  /** Kills the launcher alone, and starts another that finds what the first left running. */
  async killLauncher(): Promise<void> {
    const launcher = this.#launcher;
    if (launcher?.pid !== undefined) process.kill(launcher.pid, "SIGKILL");
    await this.launch();
  }

  /** Temporal's store is gone while work is queued. */
  async loseTemporalStore(): Promise<void> {
    this.kill("temporal");
    for (const name of await readdir(join(this.home, "temporal")))
      await rm(join(this.home, "temporal", name), { recursive: true, force: true });
  }

  async answers(): Promise<boolean> {
    return await fetch(`${this.publicUrl}/ready`, { signal: AbortSignal.timeout(5_000) }).then(
      (answer) => answer.status === 200,
      () => false,
    );
  }

  async query<Row extends pg.QueryResultRow>(sql: string, values: unknown[] = []): Promise<Row[]> {
    const client = new pg.Client({ connectionString: this.databaseUrl() });
    client.on("error", () => undefined);
    await client.connect();
    try {
      return (await client.query<Row>(sql, values)).rows;
    } finally {
      await client.end().catch(() => undefined);
    }
  }

  /** Address for the system role. */
  databaseUrl(): string {
    process.env.SALVAGE_HOME = this.home;
    return installationDatabases().databaseSystemUrl;
  }

  /** Sets a fault of the blob store, or takes it away. */
  async blobFault(fault: "slow" | "failing" | "lying", on: boolean): Promise<void> {
    const path = join(this.failPoints, `blobs.${fault}`);
    if (on) await writeFile(path, "");
    else await rm(path, { force: true });
  }

  /** Stops everything in good order. */
  async stop(): Promise<void> {
    const launcher = this.#launcher;
    if (launcher?.pid !== undefined && launcher.exitCode === null) {
      process.kill(launcher.pid, "SIGTERM");
      await until("the launcher stops", 60_000, async () => (launcher.exitCode !== null || launcher.signalCode !== null ? true : null));
    }
  }

  async remove(): Promise<void> {
    await rm(this.home, { recursive: true, force: true });
  }
}

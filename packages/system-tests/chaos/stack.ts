/**
 * Salvage as an operator runs it: the launcher is a process of its own, so that it too can be killed. Everything else is looked up from outside:
 * process ids in the launcher's state file, rows by SQL, files on disk. Its home is a small disk where this user may mount one, and everything
 * that goes between senders, apps, PostgreSQL and Temporal passes through proxies that can cut it.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { createWriteStream, readdirSync, readFileSync } from "node:fs";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { repositoryRoot } from "@salvage/launcher";
import { installationDatabases } from "@salvage/launcher/installation";
import type pg from "pg";
import { freePort, queryOnce, until } from "../src/installation.ts";
import { CuttingProxy } from "./cutting-proxy.ts";
import { SmallDisk } from "./small-disk.ts";

export type ServiceName = "postgres" | "temporal" | "ingest" | "web" | "worker";
export type Connections = "postgres" | "temporal" | "senders";
export type BlobFault = "slow" | "failing" | "lying";

const diskMegabytes = 2_048;

/** Where crashes are sent. */
export type Project = { projectId: string; publicKey: string };

/** Of the first start. */
type Addresses = Project & { token: string };

export class ChaosStack {
  readonly home: string;
  readonly failPoints: string;
  readonly publicUrl: string;
  /** Null where this user may not mount one. */
  readonly disk: SmallDisk | null;
  readonly proxies: Readonly<Record<Connections, CuttingProxy>>;
  readonly #environment: NodeJS.ProcessEnv;
  #launcher: ChildProcess | null = null;
  #said = "";
  #addresses: Addresses = { projectId: "", publicKey: "", token: "" };
  /** Of an organization that may store nothing: whatever is sent there is dropped. */
  full: Project = { projectId: "", publicKey: "" };

  private constructor(
    home: string,
    disk: SmallDisk | null,
    proxies: Record<Connections, CuttingProxy>,
    port: number,
    more: NodeJS.ProcessEnv,
  ) {
    this.home = home;
    this.disk = disk;
    this.proxies = proxies;
    this.failPoints = join(home, "fail-points");
    this.publicUrl = `http://localhost:${port}`;
    this.#environment = {
      ...process.env,
      SALVAGE_HOME: home,
      SALVAGE_PORT: String(port),
      SALVAGE_DEMO: "0",
      SALVAGE_FAIL_POINTS: this.failPoints,
      // The disk runs full in earnest, not by the watermark.
      MIN_FREE_DISK_BYTES: "0",
      RESTART_MAX_PAUSE_MS: "250",
      ...more,
    };
  }

  /** @param more settings of the launcher and the apps */
  static async start(more: NodeJS.ProcessEnv = {}): Promise<ChaosStack> {
    const home = await mkdtemp(join(tmpdir(), "salvage-chaos-"));
    const disk = await SmallDisk.mount(home, diskMegabytes);
    const port = await freePort();
    const internal = (name: "postgres" | "temporal") => () => {
      try {
        return (JSON.parse(readFileSync(join(home, "run/ports.json"), "utf8")) as Record<typeof name, number>)[name];
      } catch {
        return null;
      }
    };
    const proxies = {
      postgres: await CuttingProxy.listen(internal("postgres")),
      temporal: await CuttingProxy.listen(internal("temporal")),
      senders: await CuttingProxy.listen(() => port),
    };
    const stack = new ChaosStack(home, disk, proxies, port, more);
    await mkdir(stack.failPoints, { recursive: true });
    for (const name of ["postgres", "temporal"] as const)
      await writeFile(join(stack.failPoints, `${name}.via`), String(proxies[name].port));
    if (!(await stack.#launchOnce())) {
      await stack.closeProxies();
      await stack.remove();
      throw new Error(`the launcher ended:\n${stack.#said}`);
    }
    const url = /\/api\/(\d+)\/minidump\/\?sentry_key=([0-9a-f]{32})/.exec(stack.#said);
    const token = /--token (\S+)/.exec(stack.#said)?.[1];
    if (url?.[1] === undefined || url[2] === undefined || token === undefined) throw new Error(`no addresses in:\n${stack.#said}`);
    stack.#addresses = { projectId: url[1], publicKey: url[2], token };
    await stack.#makeFullOrganization();
    return stack;
  }

  /** Another installation, with rows that once were this one's, in a home that is there already. */
  async twin(home: string): Promise<ChaosStack> {
    const port = await freePort();
    const nowhere = () => CuttingProxy.listen(() => null);
    const proxies = { postgres: await nowhere(), temporal: await nowhere(), senders: await CuttingProxy.listen(() => port) };
    const twin = new ChaosStack(home, null, proxies, port, {});
    await mkdir(twin.failPoints, { recursive: true });
    twin.#addresses = this.#addresses;
    twin.full = this.full;
    await twin.launch();
    return twin;
  }

  get token(): string {
    return this.#addresses.token;
  }

  /** Where senders reach it: through the proxy. */
  get sendersUrl(): string {
    return `http://localhost:${this.proxies.senders.port}`;
  }

  minidumpUrl({ projectId, publicKey }: Project = this.#addresses): string {
    return `${this.sendersUrl}/api/${projectId}/minidump/?sentry_key=${publicKey}`;
  }

  /**
   * Starts the launcher, again when it gives up (a full disk, a service that was killed twice within its start), as a service manager does;
   * resolves when it says that Salvage is running. What it prints is kept in `launcher.log` of the home.
   */
  async launch(): Promise<void> {
    const deadline = Date.now() + 120_000;
    while (!(await this.#launchOnce()))
      if (Date.now() > deadline) throw new Error(`the launcher did not come up within two minutes:\n${this.#said}`);
  }

  async #launchOnce(): Promise<boolean> {
    this.#said = "";
    const log = createWriteStream(join(this.home, "launcher.log"), { flags: "a" }).on("error", () => undefined);
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
        if (!log.destroyed) log.write(piece);
      });
    }
    return await until("the launcher says that Salvage is running", 90_000, async () => {
      if (launcher.exitCode !== null || launcher.signalCode !== null) return { up: false };
      return /Salvage is running at/.test(this.#said) ? { up: true } : null;
    }).then(({ up }) => up);
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
    return pid !== null && signal(name === "postgres" ? pid : -pid, "SIGKILL");
  }

  /** Kills one of the processes that the worker reads dumps and debug files in. @returns whether it had one */
  killChild(): boolean {
    const worker = this.pidOf("worker");
    const child = worker === null ? undefined : childrenOf(worker)[0];
    return child !== undefined && signal(child, "SIGKILL");
  }

  /** Kills the launcher alone, and starts another that finds what the first left running. */
  async killLauncher(): Promise<void> {
    const launcher = this.#launcher;
    if (launcher?.pid !== undefined) signal(launcher.pid, "SIGKILL");
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

  query<Row extends pg.QueryResultRow>(sql: string, values: unknown[] = []): Promise<Row[]> {
    return queryOnce<Row>(this.databaseUrl(), sql, values);
  }

  /** Address for the system role, past the proxy. */
  databaseUrl(): string {
    return installationDatabases(this.#environment).databaseSystemUrl;
  }

  /** Sets a fault of the blob store, or takes it away. */
  async blobFault(fault: BlobFault, on: boolean): Promise<void> {
    const path = join(this.failPoints, `blobs.${fault}`);
    if (on) await writeFile(path, "");
    else await rm(path, { force: true });
  }

  /** Keys that the blob store said to have kept and did not. */
  async liedAbout(): Promise<Set<string>> {
    const lines = await readFile(join(this.failPoints, "blobs.lied"), "utf8").catch(() => "");
    return new Set(lines.split("\n").filter((line) => line !== ""));
  }

  /** Stops everything in good order. */
  async stop(): Promise<void> {
    const launcher = this.#launcher;
    if (launcher?.pid !== undefined && launcher.exitCode === null && launcher.signalCode === null) {
      signal(launcher.pid, "SIGTERM");
      await until("the launcher stops", 60_000, async () => (launcher.exitCode !== null || launcher.signalCode !== null ? true : null));
    }
  }

  /** Takes the home away. @returns where a copy of it is kept, when one is wanted */
  async remove({ keep }: { keep: boolean } = { keep: false }): Promise<string> {
    const copy = `${this.home}-kept`;
    if (keep) await cp(this.home, copy, { recursive: true });
    await this.disk?.unmount();
    await rm(this.home, { recursive: true, force: true });
    return copy;
  }

  async closeProxies(): Promise<void> {
    await Promise.all(Object.values(this.proxies).map((proxy) => proxy.close()));
  }

  /** A project with a lane of its own: one whose batch was killed stands still until Temporal misses its heartbeat. */
  async addProject(): Promise<Project> {
    const [demo] = await this.query<{ id: string }>("SELECT id FROM organizations WHERE slug = 'demo'");
    return await this.#makeProject(demo?.id ?? "", `lane-${randomUUID().slice(0, 8)}`);
  }

  async #makeFullOrganization(): Promise<void> {
    const organizationId = randomUUID();
    await this.query("INSERT INTO organizations (id, slug, name, storage_quota_bytes) VALUES ($1, 'full', 'Full', 1)", [organizationId]);
    await this.query("INSERT INTO storage_usage (organization_id) VALUES ($1)", [organizationId]);
    this.full = await this.#makeProject(organizationId, "full");
  }

  async #makeProject(organizationId: string, slug: string): Promise<Project> {
    const publicKey = randomUUID().replaceAll("-", "");
    const [project] = await this.query<{ id: string }>(
      "INSERT INTO projects (organization_id, slug, name) VALUES ($1, $2, $2) RETURNING id::text",
      [organizationId, slug],
    );
    const projectId = project?.id ?? "";
    await this.query("INSERT INTO client_keys (id, organization_id, project_id, name, public_key) VALUES ($1, $2, $3, 'Default', $4)", [
      randomUUID(),
      organizationId,
      projectId,
      publicKey,
    ]);
    return { projectId, publicKey };
  }
}

/** @returns false when there is no such process any more */
function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    process.kill(pid, name);
    return true;
  } catch {
    return false;
  }
}

function childrenOf(parent: number): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const status = readFileSync(`/proc/${pid}/stat`, "utf8");
        return Number(status.slice(status.lastIndexOf(")") + 2).split(" ")[1]) === parent;
      } catch {
        return false;
      }
    });
}

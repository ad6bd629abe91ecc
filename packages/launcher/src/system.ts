/**
 * Brings the whole system up: home folder, lock, leftovers, secrets, PostgreSQL and Temporal, schema, the three apps. Everything that
 * may be missing or taken is checked before the first process starts. Stops in the reverse order.
 */
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { migrate, type RoleUrls } from "@salvage/db/setup";
import { addressVia } from "@salvage/telemetry/fail-points";
import pg from "pg";
import { startDatabase } from "./database.ts";
import { refuseHalfRestored } from "./database-only.ts";
import { type ExternalDatabase, repositoryRoot } from "./env.ts";
import { StartError } from "./errors.ts";
import { type Home, openHome } from "./home.ts";
import { takeLock } from "./lock.ts";
import { createLogFiles } from "./log-files.ts";
import { checkPublicPort, type InternalPorts, internalPorts } from "./ports.ts";
import { hasCluster } from "./postgres.ts";
import { openSecrets, type Secrets } from "./secrets.ts";
import { appServices } from "./services.ts";
import { type Steps, silentSteps } from "./steps.ts";
import { type Service, type ServiceName, type ServiceState, Supervisor, type SupervisorEvents, stopLeftovers } from "./supervisor.ts";
import { findTemporal } from "./temporal/binary.ts";
import { temporalService } from "./temporal/service.ts";

export type SystemOptions = {
  /** The folder that holds all state. */
  home: string;
  publicPort: number;
  publicUrl: string;
  minimumFreeBytes?: number;
  /** Null: the embedded PostgreSQL. */
  database: ExternalDatabase | null;
  /** Null: a local server. */
  temporalAddress: string | null;
  steps?: Steps;
  events?: SupervisorEvents;
  /** The longest pause before a child that died is started again. */
  maxRestartPauseMs?: number;
  /** Ends a start that is under way: what was started is stopped, and startSystem throws. */
  signal?: AbortSignal;
};

export type RunningSystem = {
  readonly publicUrl: string;
  readonly home: Home;
  readonly databases: RoleUrls;
  readonly temporalAddress: string;
  /** Process ids and how often each child was started again. */
  states(): ServiceState[];
  /** Starts the apps again, one after the other, with the secrets as they are now. Posts are not taken for the second that ingest needs. */
  renewSecrets(): Promise<void>;
  /** Stops every child in order and releases the lock. Takes 1 to 3 s; at the very most about 20 s, when an upload is under way. */
  stop(): Promise<void>;
};

/** Starts everything and resolves once all of it answers. Throws StartError (after stopping what was started) when it cannot. */
export async function startSystem(options: SystemOptions): Promise<RunningSystem> {
  const steps = options.steps ?? silentSteps;
  const home = openHome(options.home, options.minimumFreeBytes);
  const releaseLock = takeLock(home, options.publicUrl);
  const names: ServiceName[] = ["postgres", "temporal", "ingest", "web", "worker"];
  const logs = createLogFiles(home.logs, names);
  const supervisor = new Supervisor(home, logs, options.events, options.maxRestartPauseMs);
  let stopping: Promise<void> | null = null;
  const stop = () => {
    stopping ??= supervisor.stop([["ingest", "web"], ["worker"], ["temporal"], ["postgres"]]).finally(() => {
      logs.stop();
      releaseLock();
    });
    return stopping;
  };
  options.signal?.addEventListener("abort", () => supervisor.giveUp(), { once: true });
  try {
    const left = await stopLeftovers(home);
    if (left.length > 0) steps.say(`  Stopped what an earlier start had left running: ${left.join(", ")}.`);
    refuseHalfRestored(home);
    await checkPublicPort(options.publicPort);
    const newSecrets = !existsSync(join(home.root, "secrets.json"));
    const secrets = openSecrets(home, hasCluster(home) || existsSync(join(home.blobs, "org")));
    const ports = await internalPorts(home);

    const [temporalAddress, databases] = await settleAll(
      startTemporal(options, home, ports, supervisor, steps),
      startDatabase(options.database, home, ports, secrets, supervisor, steps),
    );
    await steps.step(
      "Database schema",
      () => migrate(databases.databaseOwnerUrl),
      (applied) => (applied.length === 0 ? "" : `${applied.length} ${applied.length === 1 ? "migration" : "migrations"}`),
    );

    if (options.database !== null && newSecrets && (await hasAccounts(databases))) {
      rmSync(join(home.root, "secrets.json"), { force: true });
      throw new StartError(
        `The database of DATABASE_URL holds an installation already, and ${home.root} has no secrets.json for it: put that file back from a backup, or set SALVAGE_HOME to the folder that holds it.`,
      );
    }

    const servicesWith = ({ secret, previousSecrets = [] }: Secrets) =>
      appServices({
        repositoryRoot,
        home: home.root,
        blobs: home.blobs,
        publicPort: options.publicPort,
        publicUrl: options.publicUrl,
        webPort: ports.web,
        workerMetricsPort: ports.workerMetrics,
        ownTemporal: options.temporalAddress === null,
        temporalAddress: addressVia("temporal", temporalAddress, ports.temporal),
        databaseUrl: addressVia("postgres", databases.databaseUrl, ports.postgres),
        databaseSystemUrl: addressVia("postgres", databases.databaseSystemUrl, ports.postgres),
        secret,
        previousSecrets,
      });
    const services = servicesWith(secrets);
    await steps.step("Worker, front door and dashboard", () =>
      settleAll(supervisor.start(services.worker), supervisor.start(services.ingest), supervisor.start(services.web)),
    );
    const renewSecrets = async () => {
      const { worker, ingest, web } = servicesWith(openSecrets(home, true));
      // The worker first: it must open what ingest seals.
      for (const service of [worker, ingest, web]) {
        await supervisor.stopOne(service.name);
        await supervisor.start(service);
      }
    };
    return { publicUrl: options.publicUrl, home, databases, temporalAddress, states: () => supervisor.states(), renewSecrets, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function hasAccounts({ databaseSystemUrl }: RoleUrls): Promise<boolean> {
  const client = new pg.Client({ connectionString: databaseSystemUrl });
  await client.connect();
  try {
    return (await client.query("SELECT 1 FROM users LIMIT 1")).rowCount !== 0;
  } finally {
    await client.end();
  }
}

/** As Promise.all, but waits for all before it throws: nothing goes on in the background of a failed start. */
async function settleAll<const T extends readonly Promise<unknown>[]>(
  ...promises: T
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  const results = await Promise.allSettled(promises);
  const failed = results.find((result) => result.status === "rejected");
  if (failed !== undefined) throw failed.reason;
  return (await Promise.all(promises)) as { -readonly [K in keyof T]: Awaited<T[K]> };
}

async function startTemporal(
  { temporalAddress, signal }: SystemOptions,
  home: Home,
  ports: InternalPorts,
  supervisor: Supervisor,
  steps: Steps,
): Promise<string> {
  if (temporalAddress !== null) return temporalAddress;
  return await steps.step("Temporal", async () => {
    const { path } = await findTemporal(join(repositoryRoot, ".toolchain"));
    const service = temporalService(home, path, ports.temporal);
    await startOrRenew(service, supervisor, signal);
    return `127.0.0.1:${ports.temporal}`;
  });
}

/** One that ends at once, or does not become ready, gets a second start without what it keeps. */
async function startOrRenew(service: Service, supervisor: Supervisor, stopping: AbortSignal | undefined): Promise<void> {
  await supervisor.start(service).catch(async (error: unknown) => {
    if (stopping?.aborted) throw error;
    await supervisor.stopOne(service.name);
    service.renew?.();
    await supervisor.start(service);
  });
}

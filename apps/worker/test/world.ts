/**
 * Everything real around a worker in tests: PostgreSQL, Temporal, a blob folder, one organization with one project. Crashes and
 * uploads come in as ingest brings them: sealed blob first, then the row, then the poke.
 */
import { createHash, randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type BlobStore, blobKeys, createDataKey, createKeyring, openBlobStore, sealStream, wrapContext } from "@salvage/blobs";
import { taskQueues, workflowTypes } from "@salvage/contracts";
import { createSystemDbAcrossOrganizations, type SystemDb } from "@salvage/db/system";
import { createLanes, type Lanes } from "@salvage/lanes";
import { createLogger } from "@salvage/telemetry";
import { startTestDatabase } from "@salvage/testkit/postgres";
import { startTestTemporal, type TestTemporal } from "@salvage/testkit/temporal";
import { Client, Connection } from "@temporalio/client";
import { DefaultLogger, Runtime } from "@temporalio/worker";
import pg from "pg";
import { startWorkerApp, type WorkerApp } from "../src/app.ts";
import type { WorkerEnv } from "../src/env.ts";
import { ensureBundle } from "./temporal-harness.ts";

export type CrashRow = {
  id: string;
  state: string;
  revision: number;
  signature: string | null;
  issue_id: string | null;
  missing_count: number;
  dump_state: string;
  rejection_reason: string | null;
  rejection_offset: string | null;
};

export type World = {
  db: SystemDb;
  sql: pg.Pool;
  /** For the role of the dashboard. */
  databaseUrl: string;
  temporal: TestTemporal;
  blobs: BlobStore;
  lanes: Lanes;
  env: WorkerEnv;
  /** For a worker in a process of its own. */
  processEnv: Record<string, string>;
  organizationId: string;
  projectId: string;
  /** Starts a worker in this process; stopped with the world. */
  startWorker(options?: { childScript?: string; env?: Partial<WorkerEnv>; db?: SystemDb }): Promise<WorkerApp>;
  /** Another project of the organization. */
  addProject(): Promise<string>;
  /** Accepts a crash as ingest does. `poke: false` leaves the poke out. */
  post(dump: Uint8Array, options?: { poke?: boolean; projectId?: string }): Promise<string>;
  /** Accepts a debug file as ingest does, and starts its import. */
  upload(bytes: Uint8Array, fileName: string): Promise<string>;
  crash(id: string): Promise<CrashRow>;
  crashes(): Promise<CrashRow[]>;
  /** The dump is due: a second ago, since times are kept in milliseconds and rounded. */
  endDumpTime(crashId: string): Promise<void>;
  /** One round of retention, as its schedule runs it. */
  runRetention(): Promise<void>;
  /** Waits until `done` says so; the test fails with `what` after `timeoutMs`. */
  until(what: string, done: () => Promise<boolean>, timeoutMs?: number): Promise<void>;
  stop(): Promise<void>;
};

const secret = "a secret of the tests, long enough to be one";

export async function startWorld(
  options: { ownTemporal?: boolean /** A bucket in place of a folder. */; blobUrl?: string } = {},
): Promise<World> {
  Runtime.install({ logger: new DefaultLogger("ERROR"), shutdownSignals: [] });
  await ensureBundle();
  const folder = await mkdtemp(join(tmpdir(), "salvage-worker-test-"));
  const [database, temporal] = await Promise.all([startTestDatabase(), startTestTemporal({ own: options.ownTemporal === true })]);
  const db = createSystemDbAcrossOrganizations({ databaseSystemUrl: database.databaseSystemUrl });
  const sql = new pg.Pool({ connectionString: database.databaseAdminUrl, max: 4 });
  sql.on("error", () => {}); // the database is dropped under it
  const blobs = openBlobStore({ folder: join(folder, "blobs"), url: options.blobUrl ?? null });
  const keyring = createKeyring(secret);
  const logger = createLogger({ app: "worker-test", level: process.env.LOG_LEVEL === "debug" ? "debug" : "error" });
  const lanes = createLanes({ ...temporal, logger });
  const processEnv = {
    DATABASE_SYSTEM_URL: database.databaseSystemUrl,
    TEMPORAL_ADDRESS: temporal.address,
    TEMPORAL_NAMESPACE: temporal.namespace,
    BLOB_DIR: join(folder, "blobs"),
    ...(options.blobUrl === undefined ? {} : { BLOB_URL: options.blobUrl }),
    SALVAGE_SECRET: secret,
    PUBLIC_URL: "http://localhost:4680",
    WORKER_TEMPORARY_DIR: join(folder, "tmp"),
    LOG_LEVEL: "error",
  };
  const env: WorkerEnv = {
    ...processEnv,
    temporalSecurity: {},
    METRICS_PORT: 0,
    METRICS_HOST: "127.0.0.1",
    LOG_LEVEL: "error",
    BLOB_COPIES_MAX_BYTES: 1024 ** 3,
    MAX_DEBUG_FILE_BYTES: 1024 ** 3,
    ALLOW_PRIVATE_WEBHOOKS: true,
    WORKER_CHILDREN: 2,
    MAX_CRASH_MEMORY_BYTES: 200 * 1024 ** 2,
    MAX_IMPORT_MEMORY_BYTES: 500 * 1024 ** 2,
  };

  const organizationId = randomUUID();
  await sql.query("INSERT INTO organizations (id, slug, name) VALUES ($1, $2, 'Studio')", [
    organizationId,
    `studio-${organizationId.slice(0, 8)}`,
  ]);
  await sql.query("INSERT INTO storage_usage (organization_id) VALUES ($1)", [organizationId]);
  const clientKeys = new Map<string, string>();
  const addProject = async () => {
    const projects = await sql.query<{ id: string }>(
      "INSERT INTO projects (organization_id, slug, name) VALUES ($1, $2, 'Game') RETURNING id::text",
      [organizationId, `game-${clientKeys.size + 1}`],
    );
    const projectId = projects.rows[0]?.id ?? "";
    const clientKeyId = randomUUID();
    await sql.query("INSERT INTO client_keys (id, organization_id, project_id, name, public_key) VALUES ($1, $2, $3, 'first', $4)", [
      clientKeyId,
      organizationId,
      projectId,
      randomUUID().replaceAll("-", ""),
    ]);
    clientKeys.set(projectId, clientKeyId);
    return projectId;
  };
  const firstProject = await addProject();

  const columns = "id, state, revision, signature, issue_id, missing_count, dump_state, rejection_reason, rejection_offset::text";
  const rows = async (where: string, values: unknown[]) =>
    (await sql.query<CrashRow>(`SELECT ${columns} FROM crashes ${where} ORDER BY id`, values)).rows;
  const workers: WorkerApp[] = [];

  return {
    db,
    sql,
    databaseUrl: database.databaseUrl,
    temporal,
    blobs,
    lanes,
    env,
    processEnv,
    organizationId,
    projectId: firstProject,
    async endDumpTime(crashId) {
      await sql.query("UPDATE crashes SET dump_delete_after = now() - interval '1 second' WHERE id = $1", [crashId]);
    },
    addProject,
    startWorker: async (worker = {}) => {
      const childScript = worker.childScript === undefined ? {} : { childScript: worker.childScript };
      const app = await startWorkerApp({ env: { ...env, ...worker.env }, db: worker.db ?? db, logger, ...childScript });
      workers.push(app);
      return app;
    },
    post: async (dump, { poke = true, projectId = firstProject } = {}) => {
      const id = randomUUID();
      const dataKey = createDataKey();
      const blobKey = blobKeys.dump(organizationId, id);
      await blobs.put(blobKey, sealStream([dump], dataKey, { organizationId, projectId, crashId: id, part: "dump" }));
      await db.crashes.insertReceived({
        id,
        organizationId,
        projectId,
        clientKeyId: clientKeys.get(projectId) ?? "",
        receivedAt: new Date(),
        dump: { blobKey, sizeBytes: dump.length, ...keyring.wrap(dataKey, wrapContext(organizationId, projectId, id)) },
        sha256: createHash("sha256").update(dump).digest("hex"),
        fieldsSha256: createHash("sha256").update(id).digest("hex"),
        eventId: id,
        release: "1.0",
        environment: null,
        user: null,
        tags: {},
        extra: {},
        dist: null,
        contexts: {},
        breadcrumbs: [],
        intakeNotes: [],
        attachments: [],
      });
      if (poke) lanes.pokeIntake(projectId);
      return id;
    },
    upload: async (bytes, fileName) => {
      const id = randomUUID();
      const blobKey = blobKeys.upload(organizationId, id);
      await blobs.put(blobKey, [bytes]);
      const sha256 = createHash("sha256").update(bytes).digest("hex");
      await db.uploads.insertReceived({
        id,
        organizationId,
        projectId: null,
        actor: "a test",
        fileName,
        blobKey,
        sizeBytes: bytes.length,
        sha256,
      });
      await lanes.startImport(id);
      return id;
    },
    crash: async (id) => {
      const [row] = await rows("WHERE id = $1", [id]);
      if (row === undefined) throw new Error(`no crash ${id}`);
      return row;
    },
    crashes: () => rows("", []),
    runRetention: async () => {
      const connection = await Connection.connect({ address: temporal.address });
      const client = new Client({ connection, namespace: temporal.namespace });
      await client.workflow.execute(workflowTypes.retention, {
        workflowId: `retention-${randomUUID()}`,
        taskQueue: taskQueues.main,
        args: [],
      });
      await connection.close();
    },
    until: async (what, done, timeoutMs = 60_000) => {
      const deadline = Date.now() + timeoutMs;
      while (!(await done())) {
        if (Date.now() > deadline) throw new Error(`not within ${timeoutMs / 1000} s: ${what}`);
        await sleep(50);
      }
    },
    stop: async () => {
      await lanes.close();
      await Promise.all(workers.map((worker) => worker.stop()));
      await Promise.all([db.close(), sql.end(), temporal.stop()]);
      await database.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

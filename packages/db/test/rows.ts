/** Rows for tests of this package: organizations, projects, crashes and finished reports with as few words as possible. */
import { createHash, randomUUID } from "node:crypto";
import { startTestDatabase, type TestDatabase } from "@salvage/testkit/postgres";
import pg from "pg";
import { createSystemDbAcrossOrganizations } from "../src/system/index.ts";
import type {
  ClaimedCrash,
  FinishedCrash,
  FinishOutcome,
  MissingFileInput,
  PublishedDebugFile,
  ReceivedCrash,
  SystemDb,
} from "../src/system/ports.ts";

export type Tenant = { organizationId: string; projectId: string; clientKeyId: string; publicKey: string };

export type Rows = {
  database: TestDatabase;
  db: SystemDb;
  /** A superuser: looks behind all walls. */
  sql: pg.Pool;
  createTenant(): Promise<Tenant>;
  /** One value of the first row. */
  one<T>(text: string, values?: unknown[]): Promise<T>;
  /** The dump is due: a second ago, since times are kept in milliseconds and rounded. */
  endDumpTime(crashId: string): Promise<void>;
  stop(): Promise<void>;
};

export async function startRows(): Promise<Rows> {
  const database = await startTestDatabase();
  const db = createSystemDbAcrossOrganizations({ databaseSystemUrl: database.databaseSystemUrl });
  const sql = new pg.Pool({ connectionString: database.databaseAdminUrl, max: 4 });
  // The database is dropped under idle connections at the end.
  sql.on("error", () => undefined);
  return {
    database,
    db,
    sql,
    async createTenant() {
      const organizationId = randomUUID();
      const slug = `org-${organizationId.slice(0, 8)}`;
      await sql.query("INSERT INTO organizations (id, slug, name) VALUES ($1, $2, $2)", [organizationId, slug]);
      await sql.query("INSERT INTO storage_usage (organization_id) VALUES ($1)", [organizationId]);
      const project = await sql.query("INSERT INTO projects (organization_id, slug, name) VALUES ($1, 'game', 'Game') RETURNING id::text", [
        organizationId,
      ]);
      const projectId: string = project.rows[0].id;
      const clientKeyId = randomUUID();
      const publicKey = randomUUID().replaceAll("-", "");
      await sql.query("INSERT INTO client_keys (id, organization_id, project_id, name, public_key) VALUES ($1, $2, $3, 'first', $4)", [
        clientKeyId,
        organizationId,
        projectId,
        publicKey,
      ]);
      return { organizationId, projectId, clientKeyId, publicKey };
    },
    async one<T>(text: string, values: unknown[] = []) {
      const { rows } = await sql.query(text, values);
      return Object.values(rows[0] ?? {})[0] as T;
    },
    async endDumpTime(crashId) {
      await sql.query("UPDATE crashes SET dump_delete_after = now() - interval '1 second' WHERE id = $1", [crashId]);
    },
    async stop() {
      await db.close();
      await sql.end();
      await database.stop();
    },
  };
}

export function receivedCrash(tenant: Tenant, change: Partial<ReceivedCrash> = {}): ReceivedCrash {
  const id = randomUUID();
  return {
    id,
    organizationId: tenant.organizationId,
    projectId: tenant.projectId,
    clientKeyId: tenant.clientKeyId,
    receivedAt: new Date(),
    dump: { blobKey: `org/${tenant.organizationId}/dump/${id}`, wrappedKey: new Uint8Array([1, 2, 3]), keyId: "k1", sizeBytes: 1000 },
    sha256: createHash("sha256").update(id).digest("hex"),
    fieldsSha256: createHash("sha256").update("fields").digest("hex"),
    eventId: null,
    release: "game@1.0",
    environment: null,
    user: null,
    tags: {},
    extra: {},
    dist: null,
    contexts: {},
    breadcrumbs: [],
    intakeNotes: [],
    attachments: [],
    ...change,
  };
}

export const debugId = (digit: string): string => `${digit.repeat(32).toUpperCase()}0`;

export function missingFile(key: string, change: Partial<MissingFileInput> = {}): MissingFileInput {
  return {
    fileKey: key,
    name: "engine.pdb",
    debugFile: "engine.pdb",
    codeFile: "C:\\Game\\engine.dll",
    debugId: key,
    codeId: null,
    needs: "both",
    own: true,
    sampleFrame: "engine.dll + 0x1a2f",
    ...change,
  };
}

export function finished(crash: ClaimedCrash, change: Partial<FinishedCrash> = {}): FinishedCrash {
  return {
    revisionBase: crash.revision,
    kind: crash.revision === 0 ? "first" : "re_walk",
    reportBlobKey: `org/${crash.organizationId}/report/${crash.crashId}/${crash.revision + 1}-aaaaaaaa.json.gz`,
    reportSizeBytes: 100,
    coreVersion: "0.1.0",
    signature: "Engine::draw",
    groupingKey: "key-draw",
    groupingProvisional: false,
    crashReason: "SIGSEGV",
    crashAddress: "0x0",
    os: "Linux",
    cpu: "amd64",
    cause: null,
    missing: [],
    ...change,
  };
}

/** Posts, claims and finishes one crash. */
export async function finishNew(
  rows: Rows,
  tenant: Tenant,
  change: Partial<FinishedCrash> = {},
  received: Partial<ReceivedCrash> = {},
): Promise<{ crashId: string; outcome: FinishOutcome }> {
  const { crashId } = await rows.db.crashes.insertReceived(receivedCrash(tenant, received));
  const { claimToken, crashes } = await rows.db.crashes.claimBatch({ projectId: tenant.projectId, limit: 1, leaseMs: 60_000 });
  const crash = crashes[0];
  if (crash === undefined || crash.crashId !== crashId) throw new Error("another crash is queued");
  const outcome = await rows.db.crashes.finish(claimToken, crashId, finished(crash, change));
  if (outcome.outcome !== "finished") throw new Error(outcome.outcome);
  return { crashId, outcome };
}

/** Claims one crash as an arrival does and writes the next report. */
export async function upgrade(rows: Rows, crashId: string, change: Partial<FinishedCrash> = {}): Promise<FinishOutcome> {
  const claim = await rows.db.arrivals.claimForUpgrade(crashId, 60_000);
  if (claim.outcome !== "claimed") throw new Error(claim.outcome);
  const outcome = await rows.db.crashes.finish(claim.claimToken, crashId, finished(claim.crash, change));
  if (outcome.outcome !== "finished") throw new Error(outcome.outcome);
  return outcome;
}

/** The project's issues: the crashes that each has counted, and those that it has. */
export async function issueCounts(rows: Rows, tenant: Tenant): Promise<{ counted: number; crashes: number }[]> {
  const counts = await rows.sql.query(
    "SELECT crash_count AS counted, (SELECT count(*)::int FROM crashes c WHERE c.issue_id = i.id) AS crashes FROM issues i WHERE project_id = $1",
    [tenant.projectId],
  );
  return counts.rows;
}

/** Uploads and publishes a debug file with names and unwind rules. */
export async function publish(
  rows: Rows,
  tenant: Tenant,
  key: string,
  change: Partial<PublishedDebugFile> = {},
): Promise<PublishedDebugFile> {
  const uploadId = randomUUID();
  const id = change.id ?? randomUUID();
  const sha256 = createHash("sha256").update(id).digest("hex");
  const blobKey = `org/${tenant.organizationId}/upload/${uploadId}`;
  await rows.db.uploads.insertReceived({
    id: uploadId,
    organizationId: tenant.organizationId,
    projectId: null,
    actor: "Ada",
    fileName: "engine.sym",
    blobKey,
    sizeBytes: 500,
    sha256,
  });
  const file: PublishedDebugFile = {
    id,
    organizationId: tenant.organizationId,
    uploadId,
    name: "engine.pdb",
    codeFile: "engine.dll",
    kind: "breakpad",
    debugId: key,
    codeId: null,
    cpu: "amd64",
    os: "windows",
    features: ["symbols", "lines", "unwind"],
    sizeBytes: 500,
    sha256,
    sourceBlobKey: blobKey,
    symcache: { blobKey: `org/${tenant.organizationId}/symcache/${id}.1`, formatVersion: 1, sizeBytes: 300 },
    hasNames: true,
    hasUnwind: true,
    ...change,
  };
  await rows.db.debugFiles.publish(file);
  await rows.db.uploads.setState(uploadId, { state: "ready" });
  return file;
}

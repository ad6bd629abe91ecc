/**
 * A world for tests of the router: a real, migrated database, real blobs in a folder, and organizations that have a row of every kind.
 * Rows are written by SQL behind all walls, so that what is tested did not also make the data. Pokes of lanes are written down.
 */
import { randomBytes, randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { blobKeys, createBlobStore } from "@salvage/blobs";
import { type Report, type Role, role } from "@salvage/contracts";
import { createOrgGate } from "@salvage/db";
import { createLogger } from "@salvage/telemetry";
import { startTestDatabase } from "@salvage/testkit/postgres";
import pg from "pg";
import { createContext } from "../src/server/context.ts";
import { appRouter } from "../src/server/routers/index.ts";
import type { Services } from "../src/server/services.ts";
import { createCallerFactory } from "../src/server/trpc.ts";

export type Person = { userId: string; sessionId: string; email: string };

/** An organization and the ids of its rows, one of each kind. */
export type Tenant = {
  organizationId: string;
  orgSlug: string;
  /** Stands in every text of its rows, so that a leak is seen wherever it appears. */
  marker: string;
  people: Record<Role, Person>;
  /** A member to be changed or removed. */
  guest: Person;
  projectId: string;
  projectSlug: string;
  keyId: string;
  issueId: string;
  crashId: string;
  missingFileId: string;
  ignoredFileId: string;
  ruleId: string;
  debugFileId: string;
  uploadId: string;
  tokenId: string;
  invitationId: string;
  webhookId: string;
  deliveryId: string;
};

export type World = {
  services: Services;
  sql: pg.Pool;
  databaseUrl: string;
  blobDir: string;
  /** What was poked since the last look. */
  takePokes(): string[];
  createTenant(): Promise<Tenant>;
  createPerson(): Promise<Person>;
  /** The router as seen by the holder of this session. */
  as(sessionId: string | null): ReturnType<typeof callerOf>;
  /** Every row of the organization, and its people's users and sessions, as text. */
  dump(tenant: Tenant): Promise<string>;
  stop(): Promise<void>;
};

const createCaller = createCallerFactory(appRouter);
const callerOf = (services: Services, sessionId: string | null) => createCaller(createContext(services, { sessionId }));

export async function startWorld(): Promise<World> {
  const database = await startTestDatabase();
  const blobDir = await mkdtemp(join(tmpdir(), "salvage-web-test-"));
  const sql = new pg.Pool({ connectionString: database.databaseAdminUrl, max: 4 });
  // A connection that is still closing when the database goes.
  sql.on("error", () => undefined);
  const gate = createOrgGate({ databaseUrl: database.databaseUrl });
  const blobs = createBlobStore(blobDir);
  const pokes: string[] = [];
  const services: Services = {
    gate,
    blobs,
    lanes: {
      pokeIntake: (projectId) => void pokes.push(`intake/${projectId}`),
      pokeArrival: async (organizationId, fileKey) => void pokes.push(`arrival/${organizationId}/${fileKey}`),
      startWebhook: async (deliveryId) => void pokes.push(`webhook/${deliveryId}`),
    },
    logger: createLogger({ app: "web-test", level: "silent" }),
    publicUrl: "http://localhost:4680",
    crashUrl: "http://localhost:4680",
    cookieSecret: randomBytes(32).toString("hex"),
    trustProxy: false,
    allowPrivateWebhooks: false,
  };

  const createPerson = async (): Promise<Person> => {
    const userId = randomUUID();
    const email = `${userId}@example.org`;
    await sql.query("INSERT INTO users (id, email, name) VALUES ($1, $2, $3)", [userId, email, `Person ${userId.slice(0, 8)}`]);
    const { sessionId } = await gate.sessions.create(userId, "test");
    return { userId, sessionId, email };
  };

  return {
    services,
    sql,
    databaseUrl: database.databaseUrl,
    blobDir,
    takePokes: () => pokes.splice(0),
    createPerson,
    createTenant: () => createTenant(sql, blobs, createPerson),
    as: (sessionId) => callerOf(services, sessionId),
    dump: (tenant) => dumpTenant(sql, tenant),
    async stop() {
      await gate.close();
      await sql.end();
      await database.stop();
      await rm(blobDir, { recursive: true, force: true });
    },
  };
}

async function createTenant(sql: pg.Pool, blobs: ReturnType<typeof createBlobStore>, createPerson: () => Promise<Person>): Promise<Tenant> {
  const organizationId = randomUUID();
  const marker = `only${organizationId.slice(0, 8)}`;
  const people = {} as Record<Role, Person>;
  for (const name of role.options) people[name] = await createPerson();
  const guest = await createPerson();
  const coOwner = await createPerson();

  const insert = async (table: string, row: Record<string, unknown>): Promise<string> => {
    const columns = Object.keys(row);
    const text = `INSERT INTO ${table} (${columns.join(", ")}) VALUES (${columns.map((_, index) => `$${index + 1}`).join(", ")}) RETURNING *`;
    const result = await sql.query(text, Object.values(row));
    return String(result.rows[0].id ?? "");
  };
  const own = { organization_id: organizationId };
  await insert("organizations", { id: organizationId, slug: marker, name: `Organization ${marker}` });
  const members: [Person, Role][] = [
    ...role.options.map((name): [Person, Role] => [people[name], name]),
    [guest, "viewer"],
    [coOwner, "owner"],
  ];
  for (const [person, name] of members) await insert("memberships", { ...own, user_id: person.userId, role: name });

  const projectSlug = `game-${marker}`;
  const projectId = await insert("projects", { ...own, slug: projectSlug, name: `Game ${marker}` });
  const inProject = { ...own, project_id: projectId };
  const keyId = randomUUID();
  await insert("client_keys", { ...inProject, id: keyId, name: `Key ${marker}`, public_key: randomBytes(16).toString("hex") });
  const now = new Date();
  const issueId = randomUUID();
  await insert("issues", {
    ...inProject,
    id: issueId,
    signature: `${marker}::crash()`,
    crash_count: 1,
    first_seen_at: now,
    last_seen_at: now,
    versions: [`${marker}-1.0`],
  });
  await insert("issue_keys", { ...inProject, grouping_key: `key ${marker}`, issue_id: issueId });

  const crashId = randomUUID();
  const reportKey = blobKeys.report(organizationId, crashId, 1, "0123abcd");
  const report = gzipSync(JSON.stringify(sampleReport(marker)));
  await blobs.put(reportKey, [report]);
  await insert("crashes", {
    ...inProject,
    id: crashId,
    client_key_id: keyId,
    state: "provisional",
    revision: 1,
    received_at: now,
    finished_at: now,
    sha256: "0".repeat(64),
    fields_sha256: "0".repeat(64),
    release: `${marker}-1.0`,
    tags: JSON.stringify({ who: marker }),
    extra: JSON.stringify({ what: marker }),
    report_blob_key: reportKey,
    issue_id: issueId,
    grouping_key: `key ${marker}`,
    signature: `${marker}::crash()`,
    missing_count: 1,
    dump_blob_key: blobKeys.dump(organizationId, crashId),
    dump_wrapped_key: randomBytes(60),
    dump_key_id: "k1",
    dump_size_bytes: 1000,
    dump_delete_after: new Date(now.getTime() + 86_400_000),
  });
  await insert("reports", {
    ...own,
    crash_id: crashId,
    revision: 1,
    kind: "first",
    blob_key: reportKey,
    size_bytes: report.length,
    core_version: "1",
    signature: `${marker}::crash()`,
  });

  const missing = async (state: "open" | "ignored", fileKey: string) => {
    const id = randomUUID();
    const names = { name: `${marker}.sym`, code_file: `/opt/${marker}`, file_key: fileKey, debug_id: fileKey };
    const seen = { first_seen_at: now, last_seen_at: now };
    await insert("missing_files", { ...inProject, id, ...names, ...seen, own: true, state, needs: "names", waiting_crashes: 1 });
    await insert("crash_missing_files", {
      ...own,
      crash_id: crashId,
      missing_file_id: id,
      file_key: fileKey,
      needs: "names",
      own: true,
      open: state === "open",
      checked_at: now,
    });
    return id;
  };
  const fileKey = () => `${randomBytes(16).toString("hex").toUpperCase()}0`;
  const missingFileId = await missing("open", fileKey());
  const ignoredFileId = await missing("ignored", fileKey());
  const ruleId = randomUUID();
  await insert("ignore_rules", { ...inProject, id: ruleId, pattern: `${marker}*.dll`, created_by: marker });

  const uploadId = randomUUID();
  await insert("debug_file_uploads", {
    ...inProject,
    id: uploadId,
    actor: marker,
    file_name: `${marker}.sym`,
    blob_key: blobKeys.upload(organizationId, uploadId),
    size_bytes: 10,
    sha256: randomBytes(32).toString("hex"),
    state: "ready",
    finished_at: now,
  });
  const debugFileId = randomUUID();
  const debugFileKey = fileKey();
  await insert("debug_files", {
    ...own,
    id: debugFileId,
    upload_id: uploadId,
    file_key: debugFileKey,
    debug_id: debugFileKey,
    name: `${marker}.sym`,
    kind: "breakpad",
    features: ["symbols"],
    size_bytes: 10,
    sha256: randomBytes(32).toString("hex"),
    source_blob_key: blobKeys.debugFile(organizationId, debugFileId),
    has_names: true,
    has_unwind: false,
    ready_at: now,
  });

  const tokenId = randomUUID();
  await insert("api_tokens", {
    ...own,
    id: tokenId,
    kind: "token",
    name: `Token ${marker}`,
    token_hash: randomBytes(32).toString("hex"),
    hint: "abcd",
    scopes: ["crash:read"],
    created_by: marker,
  });
  const invitationId = randomUUID();
  await insert("invitations", {
    ...own,
    id: invitationId,
    email: `${marker}@example.org`,
    role: "member",
    token_hash: randomBytes(32).toString("hex"),
    created_by: marker,
    expires_at: new Date(now.getTime() + 86_400_000),
  });
  const webhookId = randomUUID();
  await insert("webhooks", {
    ...inProject,
    id: webhookId,
    url: `https://${marker}.example/`,
    secret: `secret ${marker}`,
    events: ["issue.new"],
  });
  const deliveryId = randomUUID();
  await insert("webhook_deliveries", {
    ...own,
    id: deliveryId,
    webhook_id: webhookId,
    event: "issue.new",
    state: "failed",
    issue_id: issueId,
  });
  await insert("refusal_counts", { ...inProject, day: now, reason: "wrong_key", count: 2, last_at: now, example: marker });
  await insert("audit_entries", { ...own, id: randomUUID(), actor: marker, action: "project.create", subject: marker });

  const rows = { projectId, projectSlug, keyId, issueId, crashId, missingFileId, ignoredFileId, ruleId, debugFileId, uploadId };
  return { organizationId, orgSlug: marker, marker, people, guest, ...rows, tokenId, invitationId, webhookId, deliveryId };
}

/** Tables are found, not listed: a new one is covered without a thought. */
async function dumpTenant(sql: pg.Pool, tenant: Tenant): Promise<string> {
  const tables = await sql.query<{ table_name: string }>(
    "SELECT table_name FROM information_schema.columns WHERE table_schema = 'public' AND column_name = 'organization_id' ORDER BY 1",
  );
  const users = "SELECT user_id FROM memberships WHERE organization_id = $1";
  const queries: [string, string][] = [
    ...tables.rows.map(({ table_name }): [string, string] => [table_name, "t.organization_id = $1"]),
    ["organizations", "t.id = $1"],
    ["users", `t.id IN (${users})`],
    ["sessions", `t.user_id IN (${users})`],
  ];
  const lines: string[] = [];
  for (const [table, where] of queries) {
    const result = await sql.query(`SELECT to_jsonb(t)::text AS row FROM ${table} t WHERE ${where} ORDER BY 1`, [tenant.organizationId]);
    lines.push(...result.rows.map((row) => `${table} ${row.row}`));
  }
  return lines.join("\n");
}

function sampleReport(marker: string): Report {
  return {
    status: "OK",
    schema_version: 1,
    core_version: "1",
    system_info: { os: "Linux", os_ver: null, cpu_arch: "amd64", cpu_count: 1, cpu_info: null },
    pid: 1,
    crash_time: null,
    process_create_time: null,
    crash_info: { type: "SIGSEGV", address: "0x0", crashing_thread: 0, assertion: null },
    cause: null,
    signature: { title: `${marker}::crash()`, grouping_key: `key ${marker}`, provisional: false },
    main_module: null,
    modules: [],
    unloaded_modules: [],
    thread_count: 0,
    threads: [],
    crashing_thread: null,
    re_walked: true,
    warnings: [],
  };
}

/**
 * Every list, search and page, and every question that intake, arrivals, the sweep and retention ask again and again, finds its rows by an
 * index: the plans of all statements that they send, over tables with statistics like those of an organization after months. Times are
 * measured elsewhere (docs/performance.md): they belong to a machine.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { insertManyRows, type ManyRows } from "@salvage/testkit/many-rows";
import pg from "pg";
import { createOrgGate } from "../src/gate/index.ts";
import type { OrgGate } from "../src/gate/ports.ts";
import type { OrgDb } from "../src/org/ports.ts";
import { debugId, finishNew, missingFile, type Rows, receivedCrash, startRows, upgrade } from "./rows.ts";

const crashes = 20_000;
/** Tables that grow with crashes: as they are, their plans must not read them whole. */
const growing = ["crashes", "reports", "crash_missing_files"];
/** Tables that are read whole while they are small: an index must serve once they are not. */
const others = [
  "issues",
  "issue_keys",
  "missing_files",
  "debug_files",
  "debug_file_keys",
  "debug_file_uploads",
  "audit_entries",
  "crash_attachments",
  "crash_feedback",
  "client_keys",
];

type Statement = { text: string; values: unknown[] };
type PlanNode = { "Node Type": string; "Relation Name"?: string; "Index Cond"?: string; "Index Name"?: string; Plans?: PlanNode[] };

let rows: Rows;
let many: ManyRows;
let gate: OrgGate;
let org: OrgDb;
let some: { issueId: string; crashId: string; missingFileId: string; fileKey: string; debugId: string };

before(async () => {
  rows = await startRows();
  many = await insertManyRows(rows.database.databaseAdminUrl, { crashes });
  await insertManyRows(rows.database.databaseAdminUrl, { crashes: crashes / 2, seed: 8 });
  gate = createOrgGate({ databaseUrl: rows.database.databaseUrl });
  const userId = await rows.one<string>(
    "INSERT INTO users (id, email, name) VALUES (gen_random_uuid(), 'ada@example.org', 'Ada') RETURNING id",
  );
  await rows.sql.query("INSERT INTO memberships (organization_id, user_id, role) VALUES ($1, $2, 'owner')", [many.organizationId, userId]);
  const authorized = await gate.authorizeOrganization(userId, many.orgSlug, "organization:admin");
  assert.ok(authorized !== null && authorized !== "forbidden");
  org = authorized;
  const found = await rows.sql.query(
    `SELECT (SELECT id FROM issues WHERE project_id = $1 ORDER BY crash_count DESC LIMIT 1) AS "issueId",
       (SELECT id FROM crashes WHERE project_id = $1 AND state = 'provisional' LIMIT 1) AS "crashId", m.id AS "missingFileId", m.file_key AS "fileKey",
       (SELECT debug_id FROM debug_files WHERE organization_id = $2 LIMIT 1) AS "debugId"
     FROM missing_files m WHERE m.project_id = $1 AND m.state = 'open' ORDER BY waiting_crashes DESC LIMIT 1`,
    [many.projectId, many.organizationId],
  );
  some = found.rows[0];
});
after(async () => {
  await gate.close();
  await rows.stop();
});

/** The statements that a piece of work sends to PostgreSQL, on whatever connection. */
async function statementsOf(work: () => Promise<unknown>): Promise<Statement[]> {
  const sent: Statement[] = [];
  const original = pg.Client.prototype.query;
  pg.Client.prototype.query = function (this: pg.Client, ...args: unknown[]) {
    const [query, values] = args as [string | { text?: string; values?: unknown[] }, unknown[] | undefined];
    if (typeof query === "string") sent.push({ text: query, values: Array.isArray(values) ? values : [] });
    else if (query.text !== undefined) sent.push({ text: query.text, values: query.values ?? [] });
    return Reflect.apply(original, this, args);
  } as typeof original;
  try {
    await work();
  } finally {
    pg.Client.prototype.query = original;
  }
  return sent.filter(({ text }) => /^\s*\(?(SELECT|WITH|UPDATE|INSERT|DELETE)\b/i.test(text) && !text.includes("set_config"));
}

/** Sentences about nodes that read a table whole. */
async function wholeReads(url: string, statements: readonly Statement[]): Promise<string[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const found: string[] = [];
  try {
    await client.query("BEGIN");
    await client.query("SELECT set_config('salvage.organization_id', $1, true)", [many.organizationId]);
    for (const [tables, alone] of [
      [growing, "on"],
      [others, "off"],
    ] as const) {
      // Small tables are joined by reading both; as large ones they would not be.
      for (const way of ["seqscan", "hashjoin", "mergejoin"]) await client.query(`SET LOCAL enable_${way} = ${alone}`);
      for (const { text, values } of statements) {
        const { rows: plans } = await client.query(`EXPLAIN (FORMAT JSON) ${text}`, values);
        for (const node of nodes(plans[0]["QUERY PLAN"][0].Plan)) {
          const whole =
            node["Node Type"] === "Seq Scan" ||
            (/^Index( Only)? Scan$/.test(node["Node Type"]) && node["Index Cond"] === undefined && !partial(node));
          if (whole && tables.includes(node["Relation Name"] ?? ""))
            found.push(
              `${node["Node Type"]} over ${node["Relation Name"]} ${node["Index Name"] ?? ""} in: ${text.replaceAll(/\s+/g, " ").slice(0, 600)}`,
            );
        }
      }
    }
  } finally {
    await client.end();
  }
  return found;
}

/** Indexes that hold the few rows in question and nothing else may be read from end to end. */
function partial(node: PlanNode): boolean {
  return [
    "crashes_queue",
    "crashes_claimed",
    "crashes_dump_due",
    "crashes_deleted",
    "debug_files_deleted",
    "debug_file_uploads_in_work",
    "issues_aging",
  ].includes(node["Index Name"] ?? "");
}

function* nodes(plan: PlanNode): Generator<PlanNode> {
  yield plan;
  for (const child of plan.Plans ?? []) yield* nodes(child);
}

test("the check finds a table that is read whole", async () => {
  const text = "SELECT count(*) FROM crashes WHERE signature ILIKE $1";
  assert.match((await wholeReads(rows.database.databaseUrl, [{ text, values: ["%x%"] }])).join("\n"), /Scan over crashes/);
  const small = "SELECT 1 FROM missing_files WHERE sample_frame = $1";
  assert.match((await wholeReads(rows.database.databaseSystemUrl, [{ text: small, values: ["x"] }])).join("\n"), /Scan over missing_files/);
});

test("the same crash is looked for by its bytes, before the first statistics too", async () => {
  const young = await startRows();
  try {
    const tenant = await young.createTenant();
    const sent = await statementsOf(() => young.db.crashes.insertReceived(receivedCrash(tenant)));
    const found: (string | undefined)[] = [];
    for (const { text, values } of sent.filter((one) => one.text.includes("INSERT INTO crashes"))) {
      const { rows: plans } = await young.sql.query(`EXPLAIN (FORMAT JSON) ${text}`, values);
      for (const node of nodes(plans[0]["QUERY PLAN"][0].Plan)) if (node["Relation Name"] === "crashes") found.push(node["Index Name"]);
    }
    // The insert itself reads by no index.
    assert.deepEqual(found, [undefined, "crashes_sha256_project_id_idx"]);
  } finally {
    await young.stop();
  }
});

describe("what the dashboard and /api/v1 ask", () => {
  const at = () => ({ projectSlug: many.projectSlug });
  const cursor = () => Buffer.from(`${new Date(Date.now() - 60 * 86_400_000).toISOString()} ${some.crashId}`).toString("base64url");
  const questions: Record<string, () => Promise<unknown>> = {
    "projects.list": () => org.projects.list(),
    "projects.names": () => org.projects.names(),
    // Not the largest: half of a table is best counted by reading it.
    "projects.bySlug": () => org.projects.bySlug({ projectSlug: "project-3" }),
    "limits.ofProject": () => org.limits.ofProject(at()),
    ...Object.fromEntries(
      (["crashes", "lastSeen", "firstSeen"] as const).flatMap((sort) =>
        (["open", "resolved", undefined] as const).map((state) => [
          `issues.list by ${sort}, ${state ?? "all"}`,
          () => org.issues.list({ ...at(), sort, ...(state === undefined ? {} : { state }) }),
        ]),
      ),
    ),
    "issues.list, search": () => org.issues.list({ ...at(), search: "function_4" }),
    "issues.byId": () => org.issues.byId({ issueId: some.issueId }),
    "crashes.list": () => org.crashes.list(at()),
    "crashes.list, later page": () => org.crashes.list({ ...at(), cursor: cursor() }),
    ...Object.fromEntries(
      (["received", "processing", "provisional", "complete", "rejected"] as const).map((state) => [
        `crashes.list, ${state}`,
        () => org.crashes.list({ ...at(), state }),
      ]),
    ),
    "crashes.list of an issue": () => org.crashes.list({ ...at(), issueId: some.issueId }),
    "crashes.list of an issue and state": () => org.crashes.list({ ...at(), issueId: some.issueId, state: "rejected" }),
    "crashes.list of an issue, search": () => org.crashes.list({ ...at(), issueId: some.issueId, search: "game@1" }),
    "crashes.list, search": () => org.crashes.list({ ...at(), search: "function_4" }),
    "crashes.list, search, later page of a state": () =>
      org.crashes.list({ ...at(), search: "nothing", state: "provisional", cursor: cursor() }),
    "crashes.list, search of an id": () => org.crashes.list({ ...at(), search: some.crashId }),
    "crashes.byId": () => org.crashes.byId({ crashId: some.crashId }),
    "crashes.status": () => org.crashes.status({ crashId: some.crashId }),
    "crashes.reportBlob": () => org.crashes.reportBlob({ crashId: some.crashId }),
    ...Object.fromEntries(
      (["blocking", "other", "ignored", "resolved"] as const).map((filter) => [
        `missingFiles.list, ${filter}`,
        () => org.missingFiles.list({ ...at(), filter }),
      ]),
    ),
    "missingFiles.count": () => org.missingFiles.count(at()),
    "missingFiles.near": () => org.missingFiles.near({ missingFileId: some.missingFileId }),
    "ignoreRules.list": () => org.ignoreRules.list(at()),
    "debugFiles.list": () => org.debugFiles.list({}),
    "debugFiles.list, search": () => org.debugFiles.list({ search: "audio" }),
    "debugFiles.coverage": () => org.debugFiles.coverage({ images: [{ debugId: some.debugId, codeId: null, name: "engine.pdb" }] }),
    "debugFiles.answering": () => org.debugFiles.answering({ fileKeys: [some.fileKey] }),
    "debugFiles.delete": async () => {
      const debugFileId = await rows.one<string>("SELECT id FROM debug_files WHERE organization_id = $1 AND debug_id <> $2 LIMIT 1", [
        many.organizationId,
        some.debugId,
      ]);
      assert.equal(await org.debugFiles.delete({ debugFileId }), "done");
    },
    "uploads.recent": () => org.uploads.recent(),
    "uploads.held": () => org.uploads.held({ files: [{ sha256: "a".repeat(64), name: "x" }] }),
    "webhooks.list": () => org.webhooks.list(at()),
    "refusals.list": () => org.refusals.list(at()),
    "clientKeys.list": () => org.clientKeys.list(at()),
    "audit.list": () => org.audit.list({}),
  };
  for (const [name, ask] of Object.entries(questions)) {
    test(name, async () => {
      const statements = await statementsOf(ask);
      assert.ok(statements.length > 0, "it asked something");
      assert.deepEqual(await wholeReads(rows.database.databaseUrl, statements), []);
    });
  }
});

test("the list of projects counts in indexes alone, whatever it counts", async () => {
  const client = new pg.Client({ connectionString: rows.database.databaseUrl });
  await client.connect();
  try {
    // Of 20,000 crashes there are so few issues that reading them all is as good.
    await client.query("SET enable_seqscan = off");
    await client.query("SELECT set_config('salvage.organization_id', $1, false)", [many.organizationId]);
    const found = new Set<string>();
    for (const { text, values } of await statementsOf(() => org.projects.list())) {
      const { rows: plans } = await client.query(`EXPLAIN (FORMAT JSON) ${text}`, values);
      for (const node of nodes(plans[0]["QUERY PLAN"][0].Plan))
        if (node["Index Name"] !== undefined && node["Relation Name"] !== "projects")
          found.add(`${node["Node Type"]} ${node["Index Name"]}`);
        else if (["crashes", "issues", "missing_files"].includes(node["Relation Name"] ?? ""))
          found.add(`${node["Node Type"]} of the table`);
    }
    assert.deepEqual([...found].toSorted(), [
      "Index Only Scan crashes_of_project",
      "Index Only Scan crashes_of_state",
      "Index Only Scan issues_by_crashes",
      "Index Only Scan missing_files_blocking",
    ]);
  } finally {
    await client.end();
  }
});

describe("what ingest and the worker ask", () => {
  const questions: Record<string, () => Promise<unknown>> = {
    insertReceived: () =>
      rows.db.crashes.insertReceived(
        receivedCrash({ ...many, clientKeyId: "", publicKey: "" }, { clientKeyId: null as unknown as string }),
      ),
    "insertReceived with an event": () =>
      rows.db.crashes.insertReceived(
        receivedCrash({ ...many, clientKeyId: "", publicKey: "" }, { clientKeyId: null as unknown as string, eventId: some.crashId }),
      ),
    findByEvent: () => rows.db.crashes.findByEvent(many.projectId, some.crashId),
    claimBatch: () => rows.db.crashes.claimBatch({ projectId: many.projectId, limit: 64, leaseMs: 1 }),
    "claimBatch without the key": () => rows.db.crashes.claimBatch({ projectId: many.projectId, limit: 64, leaseMs: 1, keyIds: [] }),
    resolveForModules: () =>
      rows.db.files.resolveForModules(many.organizationId, [
        { codeFile: "engine.dll", debugFile: "engine.pdb", debugId: some.debugId, codeId: null },
      ]),
    arrivals: async () => {
      const { organizationId } = many;
      await rows.db.arrivals.waitingPage({ organizationId, fileKey: some.fileKey, cursor: null, limit: 64 });
      await rows.db.arrivals.waitingCount(organizationId, some.fileKey);
    },
    sweep: async () => {
      await rows.db.sweep.projectsWithWork();
      await rows.db.sweep.queueSizes();
      await rows.db.sweep.ageIssues();
    },
    retention: async () => {
      await rows.db.retention.dumpsDue(200);
      const due = await rows.db.retention.crashesDue(200);
      await rows.db.retention.eraseCrashes(due.slice(0, 1));
      await rows.db.retention.unknownBlobKeys([`org/${many.organizationId}/dump/${some.crashId}`]);
    },
  };
  for (const [name, ask] of Object.entries(questions)) {
    test(name, async () => {
      const statements = await statementsOf(ask);
      assert.ok(statements.length > 0, "it asked something");
      assert.deepEqual(await wholeReads(rows.database.databaseSystemUrl, statements), []);
    });
  }
});

test("in a young database, whose statistics know of one crash, those of a claim and of a finish are found by their ids", async () => {
  const young = await startRows();
  try {
    const tenant = await young.createTenant();
    const { crashId } = await finishNew(young, tenant, { missing: [missingFile(debugId("a"))] });
    await young.sql.query("ANALYZE");
    await young.sql.query(
      `INSERT INTO crashes SELECT (jsonb_populate_record(c, jsonb_build_object('id', k.id, 'event_id', k.id))).* FROM crashes c,
         (SELECT gen_random_uuid() AS id FROM generate_series(1, 3000)) k WHERE c.id = $1`,
      [crashId],
    );
    const statements = await statementsOf(() => upgrade(young, crashId));
    const found: string[] = [];
    for (const { text, values } of statements) {
      const { rows: plans } = await young.sql.query(`EXPLAIN (FORMAT JSON) ${text}`, values);
      for (const node of nodes(plans[0]["QUERY PLAN"][0].Plan)) {
        const byItself = /\bid = |claim_token = /.test(node["Index Cond"] ?? "");
        if (node["Relation Name"] === "crashes" && /Scan/.test(node["Node Type"]) && node["Node Type"] !== "Bitmap Heap Scan" && !byItself)
          found.push(`${node["Node Type"]} ${node["Index Name"] ?? ""} in: ${text.replaceAll(/\s+/g, " ").slice(0, 300)}`);
      }
    }
    assert.deepEqual(found, []);
  } finally {
    await young.stop();
  }
});

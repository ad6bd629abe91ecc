/**
 * No tenant sees another: row-level security alone (raw SQL as the app role), and every method of OrgDb called by a member of
 * organization B with A's ids. A method without sample inputs fails the test, so a new one cannot be forgotten.
 */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";
import pg from "pg";
import { createOrgGate, type OrgDb, type OrgGate } from "../src/index.ts";
import { debugId, finishNew, missingFile, publish, type Rows, startRows, type Tenant, upgrade } from "./rows.ts";

let rows: Rows;
let gate: OrgGate;
let a: Inhabited;
let b: Inhabited;
before(async () => {
  rows = await startRows();
  gate = createOrgGate({ databaseUrl: rows.database.databaseUrl });
  a = await inhabit();
  b = await inhabit();
});
after(async () => {
  await gate.close();
  await rows.stop();
});

type Inhabited = Tenant & { db: OrgDb; orgSlug: string; ids: Record<string, string> };

/** An organization with at least one row in every tenant table. */
async function inhabit(): Promise<Inhabited> {
  const tenant = await rows.createTenant();
  const { organizationId, projectId } = tenant;
  const [ownerId, memberId] = [randomUUID(), randomUUID()];
  for (const [userId, role] of [
    [ownerId, "owner"],
    [memberId, "member"],
  ]) {
    await rows.sql.query("INSERT INTO users (id, email, name) VALUES ($1::uuid, $1::text || '@example.org', 'Person')", [userId]);
    await rows.sql.query("INSERT INTO memberships (organization_id, user_id, role) VALUES ($1, $2, $3)", [organizationId, userId, role]);
  }
  await gate.sessions.create(ownerId, null);
  const orgSlug = await rows.one<string>("SELECT slug FROM organizations WHERE id = $1", [organizationId]);
  // A project whose slug only this organization has.
  const slug = `only-${organizationId.slice(0, 8)}`;
  await rows.sql.query("UPDATE projects SET slug = $2 WHERE id = $1", [projectId, slug]);
  const db = await gate.authorizeOrganization(ownerId, orgSlug, "organization:own");
  if (db === null || db === "forbidden") throw new Error("not let in");
  const webhook = await db.webhooks.create({ projectSlug: slug, url: "https://example.org", events: ["issue.new"] });
  const attachment = {
    id: randomUUID(),
    fileName: "log",
    contentType: null,
    blobKey: "b",
    wrappedKey: new Uint8Array([1]),
    keyId: "k",
    sizeBytes: 1,
  };
  const missing = [missingFile(debugId("a")), missingFile(debugId("e"), { name: "vendor.pdb" })];
  const { crashId, outcome } = await finishNew(rows, tenant, { missing }, { attachments: [attachment] });
  await finishNew(rows, tenant, { groupingKey: "B", missing });
  const merged = await finishNew(rows, tenant, { groupingKey: "C", missing });
  await upgrade(rows, merged.crashId, { groupingKey: "B", missing });
  await db.missingFiles.ignore({ projectSlug: slug, pattern: "vendor*" });
  const file = await publish(rows, tenant, debugId("d"));
  // A file key that only this organization has.
  const only = await publish(rows, tenant, `${organizationId.replaceAll("-", "").toUpperCase()}0`);
  await rows.db.arrivals.progress(organizationId, debugId("d"), 1, 2);
  const transfer = {
    id: randomUUID(),
    organizationId,
    projectId,
    actor: "token ci",
    fileName: "a.sym",
    symbolType: "BREAKPAD",
    secretHash: "h",
  };
  await rows.db.transfers.insert(transfer);
  await rows.db.chunks.insert({ id: randomUUID(), organizationId, sha1: "5".repeat(40), sizeBytes: 1, blobKey: "c" });
  const token = await db.tokens.create({ name: "ci", scopes: ["crash:read"] });
  const invitation = await db.invitations.create({ role: "member" });
  const eventId = randomUUID();
  await rows.db.feedback.add({
    ...{ organizationId, projectId, eventId },
    ...{ name: "Person", email: null, comments: "It closed.", receivedAt: new Date() },
  });
  await rows.db.announced.add({ organizationId, projectId, eventId, event: {}, announcedAt: new Date() });
  await rows.db.resumables.create(
    { id: eventId, organizationId, projectId, clientKeyId: tenant.clientKeyId, sizeBytes: 1, wrappedKey: new Uint8Array([1]), keyId: "k" },
    { maxUploads: 1, maxBytes: 10 },
  );
  await rows.db.refusals.count([{ projectId, reason: "wrong_key", count: 1, example: null, met: null, at: new Date() }]);
  const one = (text: string) => rows.one<string>(text, [organizationId]);
  return {
    ...tenant,
    db,
    orgSlug,
    ids: {
      projectSlug: slug,
      projectId,
      keyId: tenant.clientKeyId,
      issueId: outcome.issueId,
      redirectedIssueId: merged.outcome.issueId,
      crashId,
      missingFileId: await one("SELECT id FROM missing_files WHERE organization_id = $1 AND name = 'engine.pdb'"),
      ignoredFileId: await one("SELECT id FROM missing_files WHERE organization_id = $1 AND state = 'ignored'"),
      ruleId: await one("SELECT id FROM ignore_rules WHERE organization_id = $1"),
      debugFileId: file.id,
      uploadId: file.uploadId,
      onlyKey: only.debugId ?? "",
      uploadSha256: await one("SELECT sha256 FROM debug_file_uploads WHERE organization_id = $1 ORDER BY id LIMIT 1"),
      tokenId: token.view.id,
      invitationId: invitation === "forbidden" ? "" : invitation.view.id,
      webhookId: webhook?.view.id ?? "",
      deliveryId: await one("SELECT id FROM webhook_deliveries WHERE organization_id = $1 LIMIT 1"),
      memberId,
      ownerId,
    },
  };
}

const tenantTables = async (): Promise<string[]> => {
  const { rows: tables } = await rows.sql.query(
    "SELECT table_name FROM information_schema.columns WHERE table_schema = 'public' AND column_name = 'organization_id' ORDER BY 1",
  );
  return tables.map((table) => table.table_name);
};

/** Every row of an organization as text. */
async function dump(tenant: Inhabited): Promise<string> {
  let text = "";
  for (const table of await tenantTables()) {
    const { rows: found } = await rows.sql.query(`SELECT t.*::text AS row FROM ${table} t WHERE organization_id = $1 ORDER BY 1`, [
      tenant.organizationId,
    ]);
    text += `${table}\n${found.map((row) => row.row).join("\n")}\n`;
  }
  const { rows: people } = await rows.sql.query(
    "SELECT u.*::text AS row FROM users u WHERE id = ANY ($1::uuid[]) UNION ALL SELECT s.*::text FROM sessions s WHERE user_id = ANY ($1::uuid[]) ORDER BY 1",
    [[tenant.ids.ownerId, tenant.ids.memberId]],
  );
  return text + people.map((row) => row.row).join("\n");
}

describe("row-level security alone", () => {
  let app: pg.Client;
  before(async () => {
    app = new pg.Client({ connectionString: rows.database.databaseUrl });
    await app.connect();
  });
  after(() => app.end());

  const inOrganization = async <T>(organizationId: string, work: () => Promise<T>): Promise<T> => {
    await app.query("BEGIN");
    try {
      await app.query("SELECT set_config('salvage.organization_id', $1, true)", [organizationId]);
      return await work();
    } finally {
      await app.query("ROLLBACK");
    }
  };

  test("the sample has a row in every tenant table, so that nothing below is vacuous", async () => {
    for (const table of await tenantTables()) {
      assert.ok((await rows.one<number>(`SELECT count(*)::int FROM ${table} WHERE organization_id = $1`, [a.organizationId])) > 0, table);
    }
  });

  test("without a setting, and after a transaction that had one, nothing is visible", async () => {
    const tables = [...(await tenantTables()), "organizations", "users", "sessions", "device_codes"];
    for (let round = 0; round < 2; round++) {
      for (const table of tables) assert.equal((await app.query(`SELECT 1 FROM ${table}`)).rowCount, 0, table);
      await inOrganization(a.organizationId, async () => assert.ok(((await app.query("SELECT 1 FROM crashes")).rowCount ?? 0) > 0));
    }
  });

  test("with B's setting exactly B's rows are visible, A's can be neither changed nor deleted", async () => {
    const before = await dump(a);
    for (const table of await tenantTables()) {
      const [seen, real] = await inOrganization(b.organizationId, async () => [
        (await app.query(`SELECT 1 FROM ${table}`)).rowCount,
        await rows.one<number>(`SELECT count(*)::int FROM ${table} WHERE organization_id = $1`, [b.organizationId]),
      ]);
      assert.equal(seen, real, table);
      await inOrganization(b.organizationId, async () =>
        assert.equal((await app.query(`SELECT 1 FROM ${table} WHERE organization_id = $1`, [a.organizationId])).rowCount, 0),
      );
      for (const statement of [
        `UPDATE ${table} SET organization_id = organization_id WHERE organization_id = $1`,
        `DELETE FROM ${table} WHERE organization_id = $1`,
      ]) {
        await inOrganization(b.organizationId, async () => {
          // Either no right at all on this table, or no row of A's.
          const result = await app.query(statement, [a.organizationId]).catch((error: pg.DatabaseError) => {
            assert.equal(error.code, "42501", `${table}: ${error.message}`);
            return { rowCount: 0 };
          });
          assert.equal(result.rowCount, 0, table);
        });
      }
    }
    assert.equal(await dump(a), before);
  });

  test("a row of B cannot be made A's, inserted as A's, or point to A's", async () => {
    const refused = async (text: string, values: unknown[], code: string) =>
      inOrganization(b.organizationId, () =>
        assert.rejects(app.query(text, values), (error: pg.DatabaseError) => error.code === code, text),
      );
    const policyViolated = "42501";
    const foreignKeyViolated = "23503";
    await refused(
      "UPDATE projects SET organization_id = $1 WHERE organization_id = $2",
      [a.organizationId, b.organizationId],
      policyViolated,
    );
    await refused("INSERT INTO projects (organization_id, slug, name) VALUES ($1, 'x', 'x')", [a.organizationId], policyViolated);
    await refused(
      "INSERT INTO memberships (organization_id, user_id, role) VALUES ($1, $2, 'owner')",
      [a.organizationId, b.ids.ownerId],
      policyViolated,
    );
    const key = "INSERT INTO client_keys (id, organization_id, project_id, name, public_key) VALUES (gen_random_uuid(), $1, $2, 'x', 'x')";
    await refused(key, [b.organizationId, a.projectId], foreignKeyViolated);
    await refused("UPDATE crashes SET issue_id = $1 WHERE organization_id = $2", [a.ids.issueId, b.organizationId], foreignKeyViolated);
  });

  test("the app role cannot switch it off, become another role, or read the list of migrations", async () => {
    for (const statement of [
      "ALTER TABLE crashes DISABLE ROW LEVEL SECURITY",
      "SET ROLE salvage_system",
      "SET ROLE salvage_owner",
      "DROP POLICY organization ON crashes",
      "SELECT * FROM _prisma_migrations",
      "INSERT INTO reports SELECT * FROM reports",
      "CREATE TABLE t (a int)",
    ]) {
      await assert.rejects(app.query(statement), /permission denied|must be (owner|able)/, statement);
    }
    await app.query("SET row_security = off");
    await assert.rejects(app.query("SELECT * FROM crashes"), /row-level security/);
    await app.query("SET row_security = on");
  });

  test("before an organization is chosen a user sees the own memberships, one address, one token: no list", async () => {
    await app.query("BEGIN");
    await app.query("SELECT set_config('salvage.user_id', $1, true)", [b.ids.ownerId]);
    assert.equal((await app.query("SELECT 1 FROM memberships")).rowCount, 1);
    assert.equal((await app.query("SELECT 1 FROM organizations")).rowCount, 1);
    assert.equal((await app.query("SELECT 1 FROM users")).rowCount, 1);
    assert.equal((await app.query("SELECT 1 FROM crashes")).rowCount, 0);
    await app.query("ROLLBACK");
    const hash = await rows.one<string>("SELECT token_hash FROM api_tokens WHERE organization_id = $1 LIMIT 1", [a.organizationId]);
    await app.query("BEGIN");
    await app.query("SELECT set_config('salvage.token_hash', $1, true)", [hash]);
    assert.equal((await app.query("SELECT 1 FROM api_tokens")).rowCount, 1);
    assert.equal((await app.query("UPDATE api_tokens SET scopes = '{}'")).rowCount, 0);
    await app.query("ROLLBACK");
  });
});

/** For every method: inputs made of the given ids. What takes no id is listed with its plain input. */
const samples: Record<string, (ids: Record<string, string>) => unknown[]> = {
  "projects.list": () => [undefined],
  "projects.create": () => [{ name: "New", slug: `new-${randomUUID().slice(0, 8)}` }],
  "projects.bySlug": ({ projectSlug }) => [{ projectSlug }],
  "projects.byId": ({ projectId }) => [{ projectId }],
  "projects.update": ({ projectSlug }) => [
    { projectSlug, name: "Taken over" },
    { projectSlug, waitForSymbolsDays: 0 },
  ],
  "projects.delete": ({ projectSlug }) => [{ projectSlug, confirmSlug: projectSlug }],
  "clientKeys.list": ({ projectSlug }) => [{ projectSlug }],
  "clientKeys.create": ({ projectSlug }) => [{ projectSlug, name: "x" }],
  "clientKeys.update": ({ keyId }) => [{ keyId, disabled: true }],
  "clientKeys.delete": ({ keyId }) => [{ keyId }],
  "issues.list": ({ projectSlug }) => [{ projectSlug }],
  "issues.byId": ({ issueId, redirectedIssueId }) => [{ issueId }, { issueId: redirectedIssueId }],
  "issues.setState": ({ issueId }) => [{ issueIds: [issueId], state: "resolved" }],
  "crashes.list": ({ projectSlug, issueId }) => [{ projectSlug }, { projectSlug, issueId }],
  "crashes.byId": ({ crashId }) => [{ crashId }],
  "crashes.reportBlob": ({ crashId }) => [{ crashId }],
  "crashes.status": ({ crashId }) => [{ crashId }],
  "crashes.processAgain": ({ crashId }) => [{ crashId }],
  "crashes.delete": ({ crashId }) => [{ crashId }],
  "crashes.dumpTicket": ({ crashId }) => [{ crashId }],
  "crashes.dumpForDownload": ({ crashId }) => [{ crashId }],
  "missingFiles.list": ({ projectSlug }) => ["blocking", "other", "ignored", "resolved"].map((filter) => ({ projectSlug, filter })),
  "missingFiles.count": ({ projectSlug }) => [{ projectSlug }],
  "missingFiles.near": ({ missingFileId }) => [{ missingFileId }],
  "missingFiles.ignore": ({ projectSlug, missingFileId }) => [
    { missingFileIds: [missingFileId] },
    { projectSlug, pattern: "*" },
    { projectSlug, version: "game@1.0" },
  ],
  "missingFiles.unignore": ({ ignoredFileId }) => [{ missingFileIds: [ignoredFileId] }],
  "ignoreRules.list": ({ projectSlug }) => [{ projectSlug }],
  "ignoreRules.delete": ({ ruleId }) => [{ ruleId }],
  "debugFiles.list": () => [{}],
  "debugFiles.coverage": ({ onlyKey }) => [{ images: [{ debugId: onlyKey, codeId: null, name: "engine.pdb" }] }],
  "debugFiles.answering": ({ onlyKey }) => [{ fileKeys: [onlyKey] }],
  "debugFiles.source": ({ debugFileId }) => [{ debugFileId }],
  "debugFiles.delete": ({ debugFileId }) => [{ debugFileId }],
  "uploads.ticket": ({ projectSlug }) => [{ projectSlug }],
  "uploads.held": ({ uploadSha256 }) => [{ files: [{ sha256: uploadSha256, name: "engine.sym" }] }],
  "uploads.byId": ({ uploadId }) => [{ uploadId }],
  "uploads.byIds": ({ uploadId }) => [{ uploadIds: [uploadId] }],
  "uploads.recent": () => [undefined],
  "tokens.list": () => [undefined],
  "tokens.create": () => [{ name: "x", scopes: ["crash:read"] }],
  "tokens.revoke": ({ tokenId }) => [{ tokenId }],
  "members.list": () => [undefined],
  "members.setRole": ({ memberId, ownerId }) => [
    { userId: memberId, role: "viewer" },
    { userId: ownerId, role: "viewer" },
  ],
  "members.remove": ({ memberId, ownerId }) => [{ userId: memberId }, { userId: ownerId }],
  "members.leave": () => [undefined],
  "invitations.list": () => [undefined],
  "invitations.create": () => [{ role: "viewer" }],
  "invitations.revoke": ({ invitationId }) => [{ invitationId }],
  "webhooks.list": ({ projectSlug }) => [{ projectSlug }],
  "webhooks.create": ({ projectSlug }) => [{ projectSlug, url: "https://example.org", events: ["issue.new"] }],
  "webhooks.update": ({ webhookId }) => [{ webhookId, disabled: true }],
  "webhooks.delete": ({ webhookId }) => [{ webhookId }],
  "webhooks.redeliver": ({ deliveryId }) => [{ deliveryId }],
  "refusals.list": ({ projectSlug }) => [{ projectSlug }],
  "limits.ofProject": ({ projectSlug }) => [{ projectSlug }],
  "limits.setProject": ({ projectSlug }) => [{ projectSlug, rateLimitPerMinute: 7 }],
  "limits.setOrganization": () => [{ rateLimitPerMinute: 7 }],
  "audit.list": () => [{}],
};

/** Takes no id: it works on the own organization, and is checked for not showing or changing the other one. */
const withoutIds = new Set([
  "projects.list",
  "projects.create",
  "debugFiles.list",
  "uploads.recent",
  "tokens.list",
  "tokens.create",
  "members.list",
  "members.leave",
  "invitations.list",
  "invitations.create",
  "audit.list",
  "limits.setOrganization",
]);

type Method = (input: unknown) => Promise<unknown>;

/** "issues.list" → the method, for every repository of an OrgDb. */
function methodsOf(db: OrgDb): Map<string, Method> {
  const methods = new Map<string, Method>();
  for (const [name, repository] of Object.entries(db)) {
    if (typeof repository !== "object" || repository === null || name === "organization" || name === "actor") continue;
    for (const [method, call] of Object.entries(repository)) methods.set(`${name}.${method}`, call as Method);
  }
  return methods;
}

/** What "not there" looks like. */
const absent = new Set([
  "null",
  "[]",
  '"not found"',
  '{"items":[],"next":null}',
  '[{"names":false,"unwind":false}]',
  '{"changed":0}',
  '{"ignored":0}',
  '{"opened":0,"ready":[]}',
]);

describe("every method with another organization's ids", () => {
  test("has a sample, and no sample is left over", () => {
    assert.deepEqual([...methodsOf(a.db).keys()].toSorted(), Object.keys(samples).toSorted());
  });

  test("answers as if they were not there, shows nothing of A and changes nothing of A", async () => {
    const before = await dump(a);
    const markers = [a.organizationId, a.orgSlug, ...Object.values(a.ids).filter((id) => id.length > 8)];
    for (const [name, method] of methodsOf(b.db)) {
      for (const input of samples[name]?.(a.ids) ?? []) {
        const answer = JSON.stringify((await method.call(null, input)) ?? null);
        if (!withoutIds.has(name)) assert.ok(absent.has(answer), `${name}: ${answer}`);
        // What B made itself may carry A's words only if it was told them; the ids must not come back.
        for (const marker of markers) assert.ok(!answer.includes(marker), `${name} shows ${marker}`);
      }
    }
    assert.equal(await dump(a), before);
  });

  test("with the own ids each of them finds something, so that the test above is not vacuous", async () => {
    const c = await inhabit();
    const last = new Set([
      "crashes.delete",
      "clientKeys.delete",
      "webhooks.delete",
      "ignoreRules.delete",
      "debugFiles.delete",
      "members.remove",
      "members.leave",
      "projects.delete",
    ]);
    const order = [...methodsOf(c.db)].toSorted(
      ([x], [y]) => Number(last.has(x)) - Number(last.has(y)) || Number(x === "projects.delete") - Number(y === "projects.delete"),
    );
    for (const [name, method] of order) {
      const answers: string[] = [];
      for (const input of samples[name]?.(c.ids) ?? []) answers.push(JSON.stringify((await method.call(null, input)) ?? null));
      assert.ok(
        answers.some((answer) => !absent.has(answer)),
        `${name}: ${answers.join(" ")}`,
      );
    }
  });

  test("malformed ids are absent, never an error", async () => {
    const nonsense = Object.fromEntries(Object.keys(a.ids).map((key) => [key, "'; DROP TABLE crashes; --\0"]));
    for (const [name, method] of methodsOf(b.db)) {
      if (withoutIds.has(name)) continue;
      for (const input of samples[name]?.(nonsense) ?? []) {
        assert.ok(absent.has(JSON.stringify((await method.call(null, input)) ?? null)), name);
      }
    }
  });
});

/**
 * No tenant sees another: row-level security alone (raw SQL as the app role), and every method of OrgDb called by a member of
 * organization B with A's ids. A method without sample inputs fails the test, so a new one cannot be forgotten.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import pg from "pg";
import { createOrgGate, type OrgGate } from "../src/index.ts";
import { type Rows, startRows } from "./rows.ts";
import { absent, destroyersLast, dump, type Inhabited, inhabit, methodsOf, samples, tenantTables, withoutIds } from "./walk.ts";

let rows: Rows;
let gate: OrgGate;
let a: Inhabited;
let b: Inhabited;
before(async () => {
  rows = await startRows();
  gate = createOrgGate({ databaseUrl: rows.database.databaseUrl });
  a = await inhabit({ rows, gate });
  b = await inhabit({ rows, gate });
});
after(async () => {
  await gate.close();
  await rows.stop();
});

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
    for (const table of await tenantTables(rows)) {
      assert.ok((await rows.one<number>(`SELECT count(*)::int FROM ${table} WHERE organization_id = $1`, [a.organizationId])) > 0, table);
    }
  });

  test("without a setting, and after a transaction that had one, nothing is visible", async () => {
    const tables = [...(await tenantTables(rows)), "organizations", "users", "sessions", "device_codes"];
    for (let round = 0; round < 2; round++) {
      for (const table of tables) assert.equal((await app.query(`SELECT 1 FROM ${table}`)).rowCount, 0, table);
      await inOrganization(a.organizationId, async () => assert.ok(((await app.query("SELECT 1 FROM crashes")).rowCount ?? 0) > 0));
    }
  });

  test("with B's setting exactly B's rows are visible, A's can be neither changed nor deleted", async () => {
    const before = await dump(rows, a);
    for (const table of await tenantTables(rows)) {
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
    assert.equal(await dump(rows, a), before);
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

describe("every method with another organization's ids", () => {
  test("has a sample, and no sample is left over", () => {
    assert.deepEqual([...methodsOf(a.db).keys()].toSorted(), Object.keys(samples).toSorted());
  });

  test("answers as if they were not there, shows nothing of A and changes nothing of A", async () => {
    const before = await dump(rows, a);
    const markers = [a.organizationId, a.orgSlug, ...Object.values(a.ids).filter((id) => id.length > 8)];
    for (const [name, method] of methodsOf(b.db)) {
      for (const input of samples[name]?.(a.ids) ?? []) {
        const answer = JSON.stringify((await method.call(null, input)) ?? null);
        if (!withoutIds.has(name)) assert.ok(absent.has(answer), `${name}: ${answer}`);
        // What B made itself may carry A's words only if it was told them; the ids must not come back.
        for (const marker of markers) assert.ok(!answer.includes(marker), `${name} shows ${marker}`);
      }
    }
    assert.equal(await dump(rows, a), before);
  });

  test("with the own ids each of them finds something, so that the test above is not vacuous", async () => {
    const c = await inhabit({ rows, gate });
    for (const [name, method] of destroyersLast(c.db)) {
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

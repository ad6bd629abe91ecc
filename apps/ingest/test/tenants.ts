/** Organizations with a project and a client key each, over the real database. Two are there, more are made as a test wants them. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import type { TokenScope } from "@salvage/contracts";
import { createOrgGate, type OrgDb, type OrgGate } from "@salvage/db";
import { createSystemDbAcrossOrganizations, type SystemDb } from "@salvage/db/system";
import { startTestDatabase, type TestDatabase } from "@salvage/testkit/postgres";
import pg from "pg";

export type Tenant = {
  slug: string;
  ownerId: string;
  organizationId: string;
  db: OrgDb;
  projectId: string;
  projectSlug: string;
  publicKey: string;
  /** A new API token. */
  token(...scopes: TokenScope[]): Promise<string>;
};

export type Tenants = {
  gate: OrgGate;
  system: SystemDb;
  a: Tenant;
  b: Tenant;
  database: TestDatabase;
  make(slug: string): Promise<Tenant>;
  /** Rows behind all walls. */
  rows<Row>(sql: string, ...values: unknown[]): Promise<Row[]>;
  /** Refusals of a project by reason. Counts are written within a second of ingest's end. */
  refusals(tenant: Tenant): Promise<Record<string, number>>;
  stop(): Promise<void>;
};

export async function startTenants(): Promise<Tenants> {
  const database = await startTestDatabase();
  const gate = createOrgGate({ databaseUrl: database.databaseUrl });
  const system = createSystemDbAcrossOrganizations({ databaseSystemUrl: database.databaseSystemUrl });
  const admin = new pg.Client({ connectionString: database.databaseAdminUrl });
  await admin.connect();
  const rows = async <Row>(sql: string, ...values: unknown[]) => (await admin.query(sql, values)).rows as Row[];

  async function makeTenant(slug: string): Promise<Tenant> {
    const userId = randomUUID();
    await admin.query("INSERT INTO users (id, email, name) VALUES ($1, $2, $3)", [userId, `${slug}@example.org`, slug]);
    const made = await gate.organizations.create(userId, { name: slug, slug });
    assert.ok(typeof made === "object", String(made));
    const db = await gate.authorizeOrganization(userId, slug, "organization:admin");
    assert.ok(db !== null && db !== "forbidden");
    const project = await db.projects.create({ name: `${slug} game` });
    assert.ok(typeof project === "object", String(project));
    return {
      ...{ slug, ownerId: userId, organizationId: db.organization.id, db },
      ...{ projectId: project.id, projectSlug: project.slug, publicKey: project.publicKey },
      token: async (...scopes) => (await db.tokens.create({ name: `test ${scopes.join(" ")}`, scopes })).token,
    };
  }

  return {
    ...{ gate, system, database, rows, make: makeTenant },
    a: await makeTenant("alpha"),
    b: await makeTenant("beta"),
    async refusals(tenant) {
      const counted = await rows<{ reason: string; count: number }>(
        "SELECT reason, sum(count)::int AS count FROM refusal_counts WHERE project_id = $1 GROUP BY reason",
        tenant.projectId,
      );
      return Object.fromEntries(counted.map(({ reason, count }) => [reason, count]));
    },
    async stop() {
      await admin.end();
      await gate.close();
      await system.close();
      await database.stop();
    },
  };
}

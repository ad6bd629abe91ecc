/**
 * A fresh, migrated database per test: copied from a template that the first test of these migrations makes. One server for
 * the whole run when SALVAGE_TEST_POSTGRES names it (a superuser's address), else one of our own for this process.
 */
import { createHash, randomBytes } from "node:crypto";
import { createRoles, migrate, printRolesSql, readMigrations, roleUrls } from "@salvage/db/setup";
import pg from "pg";
import { type PostgresCluster, startPostgresCluster } from "./postgres-cluster.ts";

export type TestDatabase = {
  /** Role salvage_app: row-level security applies. */
  databaseUrl: string;
  /** Role salvage_system: bypasses it. */
  databaseSystemUrl: string;
  /** Role salvage_owner: owns the tables. */
  databaseOwnerUrl: string;
  /** A superuser on this database, for tests that look behind the walls. */
  databaseAdminUrl: string;
  /** Drops the database, whoever is still connected. */
  stop(): Promise<void>;
};

/** The test servers' roles share these passwords. */
const passwords = { owner: "owner", app: "app", system: "system" };

let ownCluster: Promise<PostgresCluster> | undefined;
let template: Promise<string> | undefined;

/** @returns addresses of a new, empty, migrated database */
export async function startTestDatabase(): Promise<TestDatabase> {
  const adminUrl = await findAdminUrl();
  template ??= makeTemplate(adminUrl);
  const templateName = await template;
  const name = `salvage_test_${randomBytes(8).toString("hex")}`;
  await asAdmin(adminUrl, (client) => client.query(`CREATE DATABASE ${name} TEMPLATE ${templateName} OWNER salvage_owner`));
  const databaseAdminUrl = new URL(adminUrl);
  databaseAdminUrl.pathname = `/${name}`;
  return {
    ...roleUrls(adminUrl, passwords, name),
    databaseAdminUrl: databaseAdminUrl.href,
    stop: () => asAdmin(adminUrl, async (client) => void (await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`))),
  };
}

async function findAdminUrl(): Promise<string> {
  const shared = process.env["SALVAGE_TEST_POSTGRES"];
  if (shared !== undefined && shared !== "") return shared;
  ownCluster ??= startPostgresCluster();
  return (await ownCluster).adminUrl;
}

/** The template is named by what the migrations and roles say, so that a changed migration makes a new one. */
async function makeTemplate(adminUrl: string): Promise<string> {
  const hash = createHash("sha256").update(printRolesSql(passwords));
  for (const migration of await readMigrations()) hash.update(migration.checksum);
  const name = `salvage_template_${hash.digest("hex").slice(0, 16)}`;
  return asAdmin(adminUrl, async (client) => {
    await client.query("SELECT pg_advisory_lock(hashtext('salvage.test.template'))");
    const exists = await client.query("SELECT 1 FROM pg_database WHERE datname = $1", [name]);
    if (exists.rowCount === 1) return name;
    const raw = `${name}_raw`;
    await client.query(`DROP DATABASE IF EXISTS ${raw} WITH (FORCE)`);
    const urls = await createRoles(adminUrl, passwords, raw);
    await migrate(urls.databaseOwnerUrl);
    // Only a finished template carries the name.
    await client.query(`ALTER DATABASE ${raw} RENAME TO ${name}`);
    return name;
  });
}

async function asAdmin<T>(adminUrl: string, run: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  try {
    return await run(client);
  } finally {
    await client.end();
  }
}

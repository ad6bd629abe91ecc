/**
 * The three PostgreSQL roles and the database. Owner: migrations. App: row-level security applies (web, ingest). System:
 * bypasses it (ingest, worker; only packages/db/src/system). None is a superuser.
 */
import pg from "pg";

export const roleNames = { owner: "salvage_owner", app: "salvage_app", system: "salvage_system" } as const;

export type RolePasswords = { owner: string; app: string; system: string };
export type RoleUrls = { databaseOwnerUrl: string; databaseUrl: string; databaseSystemUrl: string };

/**
 * The statements that make (or correct) the roles, one per line, to be run by a superuser. Harmless to run again.
 * @param passwords the roles' passwords; they appear in the text
 */
export function printRolesSql(passwords: RolePasswords): string {
  const role = (name: string, password: string, options: string) => {
    const secret = pg.escapeLiteral(password);
    return [
      `DO $do$ BEGIN CREATE ROLE ${name}; EXCEPTION WHEN duplicate_object THEN NULL; END $do$;`,
      `ALTER ROLE ${name} WITH LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE ${options} PASSWORD ${secret};`,
    ];
  };
  return [
    ...role(roleNames.owner, passwords.owner, "NOBYPASSRLS"),
    ...role(roleNames.app, passwords.app, "NOBYPASSRLS"),
    ...role(roleNames.system, passwords.system, "BYPASSRLS"),
  ].join("\n");
}

/** The statement that makes the database; to be run by a superuser, outside a transaction, when it does not exist. */
export function printDatabaseSql(database: string): string {
  return `CREATE DATABASE ${pg.escapeIdentifier(database)} OWNER ${roleNames.owner} ENCODING 'UTF8' TEMPLATE template0;`;
}

/**
 * Makes the roles and the database, or corrects them when they exist.
 * @param adminUrl connection of a superuser, to any database of the server
 * @param database name of Salvage's database
 * @returns the three connection addresses
 */
export async function createRoles(adminUrl: string, passwords: RolePasswords, database = "salvage"): Promise<RoleUrls> {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  try {
    // Two processes that alter the same role at once fail with "tuple concurrently updated"; the lock makes them wait.
    await client.query("SELECT pg_advisory_lock(hashtext('salvage.roles'))");
    await client.query(printRolesSql(passwords));
    const exists = await client.query("SELECT 1 FROM pg_database WHERE datname = $1", [database]);
    if (exists.rowCount === 0) await client.query(printDatabaseSql(database));
  } finally {
    await client.end();
  }
  return roleUrls(adminUrl, passwords, database);
}

/** The three roles' addresses on the server that `anyUrl` names. */
export function roleUrls(anyUrl: string, passwords: RolePasswords, database: string): RoleUrls {
  const url = (user: string, password: string) => {
    const made = new URL(anyUrl);
    made.username = user;
    made.password = encodeURIComponent(password);
    made.pathname = `/${encodeURIComponent(database)}`;
    return made.href;
  };
  return {
    databaseOwnerUrl: url(roleNames.owner, passwords.owner),
    databaseUrl: url(roleNames.app, passwords.app),
    databaseSystemUrl: url(roleNames.system, passwords.system),
  };
}

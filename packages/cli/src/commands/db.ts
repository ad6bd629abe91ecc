/** `salvage db setup` and `salvage db migrate`: roles, database and migrations on a PostgreSQL server of the operator's. */
import { createRoles, migrate, printDatabaseSql, printRolesSql, type RolePasswords, roleUrls } from "@salvage/db/setup";
import { databaseName, readLauncherEnv } from "@salvage/launcher";
import { installationPasswords } from "@salvage/launcher/installation";
import { migrateFromEnvironment } from "@salvage/launcher/part";
import { CliError } from "../cli-error.ts";

/** @param print print the SQL instead of running it */
export async function setup(print: boolean): Promise<void> {
  const { database } = readLauncherEnv();
  const passwords = installationPasswords();
  if (print) {
    printSql(passwords);
    return;
  }
  if (database === null)
    throw new CliError("DATABASE_URL is not set: give the address of a superuser on your PostgreSQL server, or use --print.", 2);
  if ("databaseUrl" in database) {
    const applied = await migrate(database.databaseOwnerUrl);
    process.stderr.write(`${applied.length} migrations applied.\n`);
    return;
  }
  const urls = await createRoles(database.adminUrl, passwords, databaseName).catch((error: unknown) => {
    printSql(passwords);
    const reason = error instanceof Error && error.message !== "" ? error.message : String(error);
    throw new CliError(
      `the roles could not be made (${reason}): have a superuser run the SQL printed here, then start Salvage with the three addresses below it.`,
    );
  });
  const applied = await migrate(urls.databaseOwnerUrl);
  process.stderr.write(`Roles and database are ready; ${applied.length} migrations applied. Start Salvage with:\n`);
  printUrls(urls);
}

/** From the environment alone, again and again, also from several machines at once. */
export async function migrateDatabase(): Promise<void> {
  const applied = await migrateFromEnvironment();
  process.stderr.write(applied.length === 0 ? "The database is at this version.\n" : `${applied.length} migrations applied.\n`);
}

function printSql(passwords: RolePasswords): void {
  process.stdout.write(
    `-- Run these as a superuser. They hold passwords: keep them to yourself.\n${printRolesSql(passwords)}\n${printDatabaseSql(databaseName)}\n`,
  );
  printUrls(roleUrls("postgresql://HOST:5432/", passwords, databaseName));
}

function printUrls(urls: { databaseUrl: string; databaseSystemUrl: string; databaseOwnerUrl: string }): void {
  process.stdout.write(
    `DATABASE_URL='${urls.databaseUrl}'\nDATABASE_SYSTEM_URL='${urls.databaseSystemUrl}'\nDATABASE_OWNER_URL='${urls.databaseOwnerUrl}'\n`,
  );
}

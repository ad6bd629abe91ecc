/** For commands that work on the rows of the installation on this machine: its addresses, and one sentence when it does not run. */
import type { RoleUrls } from "@salvage/db/setup";
import { installationDatabases } from "@salvage/launcher/installation";
import { systemRole } from "@salvage/launcher/part";
import { CliError } from "./cli-error.ts";

/** Runs `work` with the addresses of the installation's database. Throws CliError when nothing answers there. */
export function withRunningDatabase<T>(work: (databases: RoleUrls) => Promise<T>): Promise<T> {
  return orNotRunning(work(installationDatabases()));
}

/** As withRunningDatabase, for work that the system role does alone: where only its address is known, too, as in a container of ingest. */
export function withSystemRole<T>(work: (databases: Pick<RoleUrls, "databaseSystemUrl">) => Promise<T>): Promise<T> {
  return orNotRunning(work(systemRole() ?? installationDatabases()));
}

async function orNotRunning<T>(work: Promise<T>): Promise<T> {
  return await work.catch((error: unknown) => {
    const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
    if (code === "ECONNREFUSED") throw new CliError("the database does not run: start Salvage first (npm start), then run this beside it.");
    throw error;
  });
}

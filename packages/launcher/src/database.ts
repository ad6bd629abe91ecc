/** The database of an installation: the home's own PostgreSQL or a server of the operator's, with the three roles made. */
import { createRoles, type RoleUrls } from "@salvage/db/setup";
import { databaseName, type ExternalDatabase } from "./env.ts";
import { StartError } from "./errors.ts";
import type { Home } from "./home.ts";
import type { InternalPorts } from "./ports.ts";
import { hasCluster, postgresService, preparePostgres } from "./postgres.ts";
import type { Secrets } from "./secrets.ts";
import type { Steps } from "./steps.ts";
import type { Supervisor } from "./supervisor.ts";

/** Starts or reaches it. The schema is the caller's. */
export async function startDatabase(
  database: ExternalDatabase | null,
  home: Home,
  ports: InternalPorts,
  secrets: Secrets,
  supervisor: Supervisor,
  steps: Steps,
): Promise<RoleUrls> {
  const passwords = { owner: secrets.ownerPassword, app: secrets.appPassword, system: secrets.systemPassword };
  if (database === null) {
    const first = !hasCluster(home);
    return await steps.step(first ? "PostgreSQL (new, embedded)" : "PostgreSQL (embedded)", async () => {
      const plan = await preparePostgres(home, secrets.superuserPassword);
      const service = postgresService(home, plan, ports.postgres, secrets.superuserPassword);
      await supervisor.start(service);
      const adminUrl = `postgresql://postgres:${encodeURIComponent(secrets.superuserPassword)}@127.0.0.1:${ports.postgres}/postgres`;
      return await createRoles(adminUrl, passwords, databaseName);
    });
  }
  if ("databaseUrl" in database) return database;
  return await steps.step("PostgreSQL roles", async () => {
    try {
      return await createRoles(database.adminUrl, passwords, databaseName);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new StartError(
        `The roles and the database could not be made on the server of DATABASE_URL (${reason}): give a superuser's address once, or run \`./salvage db setup --print\` and have its SQL run by one, then set DATABASE_URL, DATABASE_SYSTEM_URL and DATABASE_OWNER_URL.`,
      );
    }
  });
}

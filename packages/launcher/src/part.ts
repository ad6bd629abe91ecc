/**
 * One part of Salvage at a time, set up by the environment alone: for installations of several machines, whose PostgreSQL, Temporal and bucket are
 * their own. No home folder, no secrets file.
 */
import { createRoles, migrate, type RoleUrls, roleNames } from "@salvage/db/setup";
import { EnvError, envFields, readEnv } from "@salvage/telemetry";
import { z } from "zod";
import { type AppName, appCommand } from "./app-command.ts";
import { repositoryRoot } from "./env.ts";

const webSchema = z.object({
  /** Where the dashboard listens; ingest and worker read theirs themselves. */
  HOST: envFields.text().default("0.0.0.0"),
  PORT: envFields.port().default(3000),
});

/** Becomes the app: same process id, so that signals and exit codes are the app's own. It reads its settings itself. */
export function becomeApp(app: AppName): never {
  const { HOST: host, PORT: port } = app === "web" ? readEnv(app, webSchema) : { HOST: "", PORT: 0 };
  const { args, cwd, env } = appCommand(repositoryRoot, app, { host, port });
  if (process.execve === undefined) throw new EnvError("a part by itself runs on Linux and macOS only.");
  process.chdir(cwd);
  return process.execve(process.execPath, [process.execPath, ...args], { ...process.env, ...env });
}

const systemSchema = z.object({ DATABASE_SYSTEM_URL: envFields.databaseUrl().optional() });

/** The system role's address, as ingest and worker have it; null when the environment has none. */
export function systemRole(env: NodeJS.ProcessEnv = process.env): Pick<RoleUrls, "databaseSystemUrl"> | null {
  const { DATABASE_SYSTEM_URL: databaseSystemUrl } = readEnv("salvage", systemSchema, env);
  return databaseSystemUrl === undefined ? null : { databaseSystemUrl };
}

const migrateSchema = z.object({
  DATABASE_OWNER_URL: envFields.databaseUrl(),
  /** Of a superuser: roles and database are made first, with the passwords in the three addresses. */
  DATABASE_ADMIN_URL: envFields.databaseUrl().optional(),
  DATABASE_URL: envFields.databaseUrl().optional(),
  DATABASE_SYSTEM_URL: envFields.databaseUrl().optional(),
});

/**
 * Brings the database to this version; several at once wait for each other.
 * @returns names of the migrations that were applied now
 * @throws EnvError with one sentence
 */
export async function migrateFromEnvironment(env: NodeJS.ProcessEnv = process.env): Promise<string[]> {
  const values = readEnv("db migrate", migrateSchema, env);
  const { DATABASE_OWNER_URL: owner, DATABASE_URL: app, DATABASE_SYSTEM_URL: system } = values;
  if (values.DATABASE_ADMIN_URL !== undefined) {
    const passwords = {
      owner: passwordOf("DATABASE_OWNER_URL", owner, roleNames.owner),
      app: passwordOf("DATABASE_URL", app, roleNames.app),
      system: passwordOf("DATABASE_SYSTEM_URL", system, roleNames.system),
    };
    await createRoles(values.DATABASE_ADMIN_URL, passwords, decodeURIComponent(new URL(owner).pathname.slice(1)));
  }
  return await migrate(owner);
}

function passwordOf(name: string, address: string | undefined, role: string): string {
  const url = address === undefined ? null : new URL(address);
  if (url === null || url.username !== role || url.password === "")
    throw new EnvError(
      `db migrate cannot start: with DATABASE_ADMIN_URL, ${name} must be set, of the form postgresql://${role}:password@host:port/database.`,
    );
  return decodeURIComponent(url.password);
}

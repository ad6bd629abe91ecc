/** An installation on this machine, for tools: its database addresses, whether it runs embedded or on a server of the operator's. */
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type RoleUrls, roleUrls } from "@salvage/db/setup";
import { databaseName, readLauncherEnv } from "./env.ts";
import { StartError } from "./errors.ts";
import { openHome } from "./home.ts";
import { rememberedPorts } from "./ports.ts";
import { openSecrets } from "./secrets.ts";

export { type DatabaseOnly, startDatabaseOnly } from "./database-only.ts";
export { type Look, lookAtInstallation, publicPortIsFree } from "./look.ts";
export { makePassword } from "./secrets.ts";

/** @returns the addresses of the three roles. Throws StartError when there is no installation in SALVAGE_HOME. */
export function installationDatabases(environment: NodeJS.ProcessEnv = process.env): RoleUrls {
  const env = readLauncherEnv(environment);
  if (env.database !== null && "databaseUrl" in env.database) return env.database;
  if (!existsSync(join(env.home, "secrets.json"))) {
    throw new StartError(`There is no installation in ${env.home}: set SALVAGE_HOME to the folder that npm start names in its first line.`);
  }
  const home = openHome(env.home, 0);
  const secrets = openSecrets(home, true);
  const passwords = { owner: secrets.ownerPassword, app: secrets.appPassword, system: secrets.systemPassword };
  if (env.database !== null) return roleUrls(env.database.adminUrl, passwords, databaseName);
  const ports = rememberedPorts(home);
  if (ports === null) throw new StartError(`Salvage was never started in ${env.home}: run npm start.`);
  return roleUrls(`postgresql://127.0.0.1:${ports.postgres}/`, passwords, databaseName);
}

/** Secrets of this installation, made when it has none: for setting up the roles on a server of the operator's. */
export function installationPasswords(): { owner: string; app: string; system: string } {
  const home = openHome(readLauncherEnv().home, 0);
  const secrets = openSecrets(home, false);
  return { owner: secrets.ownerPassword, app: secrets.appPassword, system: secrets.systemPassword };
}

/** Where the blobs lie: as the apps' own settings say, else in the home. */
export function installationBlobs(environment: NodeJS.ProcessEnv = process.env): { folder: string; url: string | null } {
  const { BLOB_DIR: folder, BLOB_URL: url } = environment;
  return { folder: folder || join(readLauncherEnv(environment).home, "blobs"), url: url || null };
}

/** The file with the secrets of SALVAGE_HOME, which is there or not. */
export function installationSecretsPath(): string {
  return join(readLauncherEnv().home, "secrets.json");
}

/** Puts secrets into SALVAGE_HOME, which is made when it is not there. @throws StartError when they are none, or the home has some */
export function placeInstallationSecrets(json: string): void {
  const home = openHome(readLauncherEnv().home, 0);
  const path = join(home.root, "secrets.json");
  if (existsSync(path)) throw new StartError(`${path} exists already.`);
  writeFileSync(path, json, { mode: 0o600, flag: "wx" });
  openSecrets(home, true);
}

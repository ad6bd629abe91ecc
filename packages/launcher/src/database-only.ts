/** The database of an installation without the rest of it, for a restore into an empty place; and the mark that such a restore is under way. */
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { RoleUrls } from "@salvage/db/setup";
import { startDatabase } from "./database.ts";
import { readLauncherEnv } from "./env.ts";
import { StartError } from "./errors.ts";
import { type Home, openHome, writeJson } from "./home.ts";
import { takeLock } from "./lock.ts";
import { createLogFiles } from "./log-files.ts";
import { internalPorts } from "./ports.ts";
import { openSecrets } from "./secrets.ts";
import { silentSteps } from "./steps.ts";
import { Supervisor, stopLeftovers } from "./supervisor.ts";

const markPath = (home: Home) => join(home.run, "restore-unfinished.json");

/** @throws StartError while a restore into this home has begun and not ended: what is there is half of something */
export function refuseHalfRestored(home: Home): void {
  if (existsSync(markPath(home)))
    throw new StartError(
      `A restore into ${home.root} was begun and has not ended: run the same \`./salvage restore\` again, or move ${home.root} away to begin anew.`,
    );
}

export type DatabaseOnly = {
  readonly databases: RoleUrls;
  /** Folder for blobs, unless BLOB_DIR or BLOB_URL name another place. */
  readonly blobFolder: string;
  /** The restore is whole: the next start may begin. */
  finished(): void;
  /** Stops the database when it is the home's own. */
  stop(): Promise<void>;
};

/**
 * Takes the home, starts its PostgreSQL or reaches the operator's, and makes the roles. secrets.json must be there.
 * @throws StartError when Salvage runs in this home, or its secrets are missing
 */
export async function startDatabaseOnly(): Promise<DatabaseOnly> {
  const env = readLauncherEnv();
  const home = openHome(env.home, env.minimumFreeBytes);
  const release = takeLock(home, env.publicUrl);
  const logs = createLogFiles(home.logs, ["postgres"]);
  const supervisor = new Supervisor(home, logs);
  const stop = async () => {
    await supervisor.stop([["postgres"]]);
    logs.stop();
    release();
  };
  try {
    await stopLeftovers(home);
    const secrets = openSecrets(home, true);
    writeJson(markPath(home), { begunAt: new Date().toISOString() });
    const databases = await startDatabase(env.database, home, await internalPorts(home), secrets, supervisor, silentSteps);
    return { databases, blobFolder: home.blobs, finished: () => rmSync(markPath(home), { force: true }), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

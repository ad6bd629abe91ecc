/** `salvage restore`: a backup into an empty SALVAGE_HOME, or an empty database and bucket. */
import { readFile, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { createKeyring, openBlobStore } from "@salvage/blobs";
import {
  installationBlobs,
  installationPasswords,
  installationSecretsPath,
  placeInstallationSecrets,
  startDatabaseOnly,
} from "@salvage/launcher/installation";
import { z } from "zod";
import { type Manifest, openBackup, secretsName } from "../backup/manifest.ts";
import { blobProgress } from "../backup/progress.ts";
import { restoreBackup } from "../backup/restore.ts";
import { CliError, fileProblem } from "../cli-error.ts";

/** What of secrets.json opens dumps. */
const secretsFile = z.object({ secret: z.string().min(32), previousSecrets: z.array(z.string()).default([]) });

export type RestoreOptions = { keys?: string; withoutKeys: boolean; json: boolean };

export async function restore(folder: string, { keys, withoutKeys, json }: RestoreOptions): Promise<void> {
  const path = resolve(folder);
  const manifest = await openBackup(path);
  await placeKeys(path, manifest, keys, withoutKeys);
  const progress = blobProgress("restore");
  const place = await startDatabaseOnly();
  try {
    const store = openBlobStore(installationBlobs());
    const migrations = await restoreBackup({ folder: path, manifest, databases: place.databases, store, onProgress: progress.update });
    progress.end();
    place.finished();
    const rows = manifest.database.tables.reduce((sum, table) => sum + table.rows, 0);
    const result = { taken_at: manifest.takenAt, rows, blobs: manifest.blobs.count, migrations };
    if (json) process.stdout.write(`${JSON.stringify(result)}\n`);
    else
      process.stdout.write(
        `${rows} rows and ${manifest.blobs.count} blobs of ${manifest.takenAt} are back${migrations.length === 0 ? "" : `, ${migrations.length} newer migrations applied`}. Start Salvage: npm start\n`,
      );
  } finally {
    progress.end();
    await place.stop();
  }
}

/** secrets.json into the home, unless it is there; held dumps open with no other. */
async function placeKeys(folder: string, manifest: Manifest, keys: string | undefined, withoutKeys: boolean): Promise<void> {
  const target = installationSecretsPath();
  const source =
    keys !== undefined ? resolve(keys) : (await exists(target)) ? target : manifest.withKeys ? join(folder, secretsName) : null;
  if (source === null) {
    if (!withoutKeys)
      throw new CliError(
        `the backup has no keys in it: put your copy of secrets.json at ${target}, or name it with --keys; with --without-keys new ones are made, and held dumps cannot be read.`,
      );
    installationPasswords();
    return;
  }
  const json = await readFile(source, "utf8").catch((error: unknown) => {
    throw fileProblem(source, error);
  });
  if (!withoutKeys) assertOpens(source, json, manifest);
  if (source !== target) placeInstallationSecrets(json);
}

function assertOpens(path: string, json: string, { database }: Manifest): void {
  const parsed = secretsFile.safeParse(parseJson(json));
  if (!parsed.success) throw new CliError(`${path} holds no keys of an installation.`);
  const { secret, previousSecrets } = parsed.data;
  const fromEnvironment = (process.env.SALVAGE_PREVIOUS_SECRETS ?? "").split(",").filter((each) => each !== "");
  const known = new Set([secret, ...previousSecrets, ...fromEnvironment].map((each) => createKeyring(each).keyId));
  const foreign = database.keyIds.filter((id) => !known.has(id));
  if (foreign.length > 0)
    throw new CliError(
      `${path} does not open the dumps of this backup (they were sealed with key ${foreign.join(", ")}): give the secrets.json of the installation that was backed up, or add --without-keys.`,
    );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

const exists = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  );

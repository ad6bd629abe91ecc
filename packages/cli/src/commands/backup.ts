/** `salvage backup`: the rows and blobs of the installation on this machine, taken while it runs. */
import { resolve } from "node:path";
import { openBlobStore } from "@salvage/blobs";
import { installationBlobs, installationSecretsPath } from "@salvage/launcher/installation";
import { blobProgress } from "../backup/progress.ts";
import { writeBackup } from "../backup/write.ts";
import { withRunningDatabase } from "../running-database.ts";

export type BackupOptions = { withKeys: boolean; json: boolean };

export async function backup(folder: string, { withKeys, json }: BackupOptions): Promise<void> {
  const progress = blobProgress("backup");
  const path = resolve(folder);
  const manifest = await withRunningDatabase((databases) =>
    writeBackup({
      databases,
      store: openBlobStore(installationBlobs()),
      folder: path,
      secrets: withKeys ? installationSecretsPath() : null,
      onProgress: progress.update,
    }),
  ).finally(progress.end);
  const rows = manifest.database.tables.reduce((sum, table) => sum + table.rows, 0);
  const { count, bytes, lost } = manifest.blobs;
  if (json) {
    const result = {
      folder: path,
      taken_at: manifest.takenAt,
      rows,
      blobs: count,
      blob_bytes: bytes,
      lost_blobs: lost,
      with_keys: withKeys,
    };
    process.stdout.write(`${JSON.stringify(result)}\n`);
  } else process.stdout.write(`${path}: ${rows} rows and ${count} blobs (${(bytes / 1e6).toFixed(1)} MB) of ${manifest.takenAt}\n`);
  if (lost.length > 0)
    process.stderr.write(`${lost.length} blobs that rows name were not in the store before the backup began, such as ${lost[0]}.\n`);
  if (!withKeys)
    process.stderr.write("The keys of held dumps are not in it: keep a copy of secrets.json in another place, or use --with-keys.\n");
}

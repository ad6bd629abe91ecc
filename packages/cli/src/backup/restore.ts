/**
 * Puts a backup into an empty place: blobs first, each checked against its hash, then the rows in one transaction, then the migrations that this
 * version has on top. Until that is done the place is not an installation; begun again, it goes on.
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { type BlobStore, createBlobStore } from "@salvage/blobs";
import { loadSnapshot, type RoleUrls, SnapshotError, snapshotProblem } from "@salvage/db/setup";
import { CliError } from "../cli-error.ts";
import { type ListedBlob, listedBlobs, type Manifest, tablePath, unpacked } from "./manifest.ts";

const blobsAtOnce = 8;

export type RestoreInput = {
  folder: string;
  manifest: Manifest;
  databases: RoleUrls;
  store: BlobStore;
  onProgress(done: number, total: number, bytes: number): void;
};

/** @returns names of the migrations that were applied on top. @throws CliError; the place is then to be restored into again, or thrown away */
export async function restoreBackup({ folder, manifest, databases, store, onProgress }: RestoreInput): Promise<string[]> {
  const problem = await snapshotProblem(databases, manifest.database);
  if (problem !== null) throw new CliError(problem);
  await refuseForeignBlobs(folder, store);
  const source = createBlobStore(join(folder, "blobs"));
  const blobs = listedBlobs(folder);
  let [done, bytes] = [0, 0];
  const one = async (): Promise<void> => {
    for (;;) {
      const { value: blob, done: ended } = await blobs.next();
      if (ended === true) return;
      await putBlob(source, store, blob);
      bytes += blob.size;
      onProgress(++done, manifest.blobs.count, bytes);
    }
  };
  await settled(Array.from({ length: blobsAtOnce }, one));
  if (done !== manifest.blobs.count)
    throw new CliError(`the backup is damaged: its list has ${done} blobs, its manifest ${manifest.blobs.count}.`);
  try {
    return await loadSnapshot(databases, manifest.database, (table) => unpacked(join(folder, tablePath(table))));
  } catch (error) {
    if (error instanceof SnapshotError) throw new CliError(`the backup is damaged: ${error.message}`);
    throw error;
  }
}

/** Blobs of this backup may be there already, from an attempt that was interrupted; others mean that the place is somebody's. */
async function refuseForeignBlobs(folder: string, store: BlobStore): Promise<void> {
  let own: Set<string> | null = null;
  for await (const { key } of store.list("org/")) {
    if (own === null) {
      own = new Set();
      for await (const blob of listedBlobs(folder)) own.add(blob.key);
    }
    if (!own.has(key)) throw new CliError(`the blob store is not empty (there is ${key}): a restore goes into an empty place only.`);
  }
}

async function putBlob(source: BlobStore, target: BlobStore, { key, size, sha256 }: ListedBlob): Promise<void> {
  const hash = createHash("sha256");
  async function* checked() {
    let seen = 0;
    for await (const chunk of source.createReadStream(key)) {
      hash.update(chunk);
      seen += chunk.length;
      yield chunk;
    }
    // Thrown while the store writes, so that it keeps nothing.
    if (seen !== size || hash.digest("hex") !== sha256) throw new CliError(`the backup is damaged: blob ${key} is not what its list says.`);
  }
  await target.put(key, checked());
}

async function settled(work: Promise<void>[]): Promise<void> {
  for (const result of await Promise.allSettled(work)) if (result.status === "rejected") throw result.reason;
}

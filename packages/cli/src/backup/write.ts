/**
 * Makes a backup of a running installation. Deletions of blobs wait, the rows are taken in one transaction, then the blobs that they name are
 * copied: rows and blobs agree with each other, whatever happens meanwhile. What was copied before an interruption is not copied again.
 */
import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { copyFile, mkdir, open, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { PassThrough, Readable, type Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { BlobNotFound, type BlobStore, createBlobStore } from "@salvage/blobs";
import { type DatabaseSnapshot, holdBlobDeletions, type RoleUrls, takeSnapshot } from "@salvage/db/setup";
import cli from "../../package.json" with { type: "json" };
import { CliError } from "../cli-error.ts";
import {
  backupFormat,
  blobListName,
  type ListedBlob,
  type Manifest,
  manifestName,
  measuring,
  type Part,
  secretsName,
  tablePath,
} from "./manifest.ts";

/** Blobs copied at the same time: mostly small ones, each with a flush. */
const blobsAtOnce = 8;
const assertEvery = 500;
/** Of lost blobs so many are named; the rest is counted. */
const maxNamedLost = 1_000;

export type BackupInput = {
  databases: RoleUrls;
  store: BlobStore;
  /** The finished backup; must not exist. */
  folder: string;
  /** File with the installation's secrets, to be put in. */
  secrets: string | null;
  onProgress(done: number, total: number, bytes: number): void;
};

/** @throws CliError; what is copied so far stays in `<folder>.partial` */
export async function writeBackup({ databases, store, folder, secrets, onProgress }: BackupInput): Promise<Manifest> {
  if (await exists(folder)) throw new CliError(`${folder} exists already: name a folder that does not.`, 2);
  const partial = `${folder}.partial`;
  await mkdir(join(partial, "database"), { recursive: true, mode: 0o700 });
  const hold = await holdBlobDeletions(databases.databaseSystemUrl);
  if (hold === null) throw new CliError("another backup of this installation runs: wait for it.");
  try {
    const takenAt = new Date().toISOString();
    const { database, parts, keys } = await rowsInto(partial, databases);
    const target = createBlobStore(join(partial, "blobs"));
    const list = await blobsInto(target, store, keys, database.blobs, join(partial, blobListName), async (done, bytes) => {
      onProgress(done, database.blobs, bytes);
      if (done % assertEvery === 0) await hold.assertHeld();
    });
    await hold.assertHeld();
    parts.push({ path: blobListName, ...list.part });
    if (secrets !== null) parts.push({ path: secretsName, ...(await copyMeasured(secrets, join(partial, secretsName))) });
    await rm(keys, { force: true });
    const manifest: Manifest = {
      format: backupFormat,
      salvage: cli.version,
      takenAt,
      finishedAt: new Date().toISOString(),
      database,
      blobs: { count: list.count, bytes: list.bytes, lost: list.lost },
      withKeys: secrets !== null,
      parts,
    };
    await writeFile(join(partial, manifestName), `${JSON.stringify(manifest, null, 2)}\n`, { mode: 0o600, flush: true });
    await rename(partial, folder);
    await flush(dirname(folder));
    return manifest;
  } catch (error) {
    if (error instanceof CliError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new CliError(`the backup is not complete (${reason}): run it again, and it goes on with what is in ${partial}.`);
  } finally {
    await hold.release();
  }
}

async function rowsInto(partial: string, databases: RoleUrls): Promise<{ database: DatabaseSnapshot; parts: Part[]; keys: string }> {
  const files: { path: string; written: Promise<{ bytes: number; sha256: string }> }[] = [];
  const keys = join(partial, "blob-keys");
  const database = await takeSnapshot(
    databases,
    (table) => {
      const { input, written } = compressedFile(join(partial, tablePath(table)));
      files.push({ path: tablePath(table), written });
      return input;
    },
    () => createWriteStream(keys, { mode: 0o600 }),
  );
  const parts: Part[] = [];
  for (const { path, written } of files) parts.push({ path, ...(await written) });
  return { database, parts, keys };
}

function compressedFile(path: string): { input: Writable; written: Promise<{ bytes: number; sha256: string }> } {
  const input = new PassThrough();
  const measure = measuring();
  const written = pipeline(input, createGzip(), measure.stream, createWriteStream(path, { mode: 0o600, flush: true })).then(measure.result);
  // Whoever awaits it learns; the snapshot may have failed before.
  written.catch(() => undefined);
  return { input, written };
}

async function blobsInto(
  target: BlobStore,
  store: BlobStore,
  keys: string,
  total: number,
  listPath: string,
  copied: (done: number, bytes: number) => Promise<void>,
): Promise<{ part: { bytes: number; sha256: string }; count: number; bytes: number; lost: string[] }> {
  const lost: string[] = [];
  let [done, bytes, count] = [0, 0, 0];
  const lines = createInterface({ input: createReadStream(keys) })[Symbol.asyncIterator]();
  const list = compressedFile(listPath);
  const one = async (): Promise<void> => {
    for (;;) {
      const { value: key, done: ended } = await lines.next();
      if (ended === true || key === undefined) return;
      const blob = await copyBlob(store, target, key);
      done++;
      if (blob === null) {
        if (lost.length < maxNamedLost) lost.push(key);
      } else {
        count++;
        bytes += blob.size;
        list.input.write(`${blob.sha256}\t${blob.size}\t${blob.key}\n`);
      }
      await copied(done, bytes);
    }
  };
  const results = await Promise.allSettled(Array.from({ length: Math.min(blobsAtOnce, Math.max(1, total)) }, one));
  list.input.end();
  const failed = results.find((result) => result.status === "rejected");
  const part = await list.written;
  if (failed !== undefined) throw failed.reason;
  return { part, count, bytes, lost };
}

/** @returns null when the store does not have it */
async function copyBlob(store: BlobStore, target: BlobStore, key: string): Promise<ListedBlob | null> {
  try {
    // A blob never changes, and one in the target is whole: only its hash is to be made again.
    const source = (await target.exists(key)) ? target : store;
    const hash = createHash("sha256");
    let size = 0;
    async function* measured() {
      for await (const chunk of source.createReadStream(key)) {
        hash.update(chunk);
        size += chunk.length;
        yield chunk;
      }
    }
    if (source === target) for await (const _ of measured());
    else await target.put(key, measured());
    return { key, size, sha256: hash.digest("hex") };
  } catch (error) {
    if (error instanceof BlobNotFound) return null;
    throw error;
  }
}

async function copyMeasured(from: string, to: string): Promise<{ bytes: number; sha256: string }> {
  await copyFile(from, to);
  const measure = measuring();
  measure.stream.resume();
  await pipeline(Readable.from(createReadStream(to)), measure.stream);
  return measure.result();
}

async function flush(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  await handle.sync().finally(() => handle.close());
}

const exists = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  );

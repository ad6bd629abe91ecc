/**
 * Blobs in a folder. A blob is written to a temporary file on the same file system, flushed, renamed to its place, and the folder
 * flushed: after that it survives a power cut, before that it does not exist. Readers never see half a blob.
 *
 *   <dir>/org/…          blobs, one file each, named by key
 *   <dir>/tmp/<random>   blobs being written
 */
import { randomUUID } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, mkdir, open, opendir, readdir, rename, rm, rmdir, stat, statfs, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { assertBlobKey } from "./keys.ts";
import { giveBack, lend } from "./lent-memory.ts";
import { type BlobInfo, BlobNotFound, type BlobStore, type RandomAccessBlob } from "./store.ts";

const temporaryFolder = "tmp";
/** Segments of a key that lies right in its kind's folder: org/<organization>/<kind>/<id>. */
const flatKeySegments = 4;
/** A source waits when this much is not written yet. */
const maxWaitingBytes = 256 * 1024;
/** Of a folder's names, which may be a million. */
const entriesAtOnce = 256;
/** What createReadStream reads at a time. */
const readBytes = 256 * 1024;

/** @param dir absolute path of the folder; made when absent */
export function createFilesystemBlobStore(dir: string): BlobStore {
  const pathOf = (key: string) => {
    assertBlobKey(key);
    return join(dir, key);
  };

  async function put(key: string, chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<{ size: number }> {
    const path = pathOf(key);
    const temporary = join(dir, temporaryFolder, randomUUID());
    const file = await openNew(temporary);
    try {
      const size = await writeAll(file, chunks);
      // Data and length must be on disk before the name is.
      await file.datasync();
      await file.close();
      await moveInto(temporary, path);
      return { size };
    } catch (error) {
      await file.close().catch(() => undefined);
      await rm(temporary, { force: true });
      throw error;
    }
  }

  async function openNew(path: string): Promise<FileHandle> {
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL;
    try {
      return await open(path, flags, 0o600);
    } catch (error) {
      if (!isCode(error, "ENOENT")) throw error;
      await makeFolder(dirname(path));
      return await open(path, flags, 0o600);
    }
  }

  async function openBlob(key: string): Promise<RandomAccessBlob> {
    const file = await open(pathOf(key), "r").catch((error: unknown) => {
      throw isCode(error, "ENOENT") ? new BlobNotFound(key) : error;
    });
    const { size } = await file.stat();
    return {
      size,
      async read(offset, length) {
        if (!(offset >= 0 && length >= 0 && offset + length <= size)) {
          throw new RangeError(`blob ${key}: ${length} bytes at ${offset} do not lie within ${size}`);
        }
        const bytes = new Uint8Array(length);
        let done = 0;
        while (done < length) {
          const { bytesRead } = await file.read(bytes, done, length - done, offset + done);
          if (bytesRead === 0) throw new RangeError(`blob ${key}: ends at ${offset + done} while being read`);
          done += bytesRead;
        }
        return bytes;
      },
      close: () => file.close(),
    };
  }

  async function* createReadStream(key: string): AsyncGenerator<Uint8Array> {
    const blob = await openBlob(key);
    try {
      for (let offset = 0; offset < blob.size; offset += readBytes) {
        yield lend(await blob.read(offset, Math.min(readBytes, blob.size - offset)));
      }
    } finally {
      await blob.close();
    }
  }

  async function* list(prefix: string): AsyncGenerator<BlobInfo> {
    // The folder part of the prefix is walked; the rest filters names. Only keys of the scheme are blobs, so tmp/ is left out.
    const folder = prefix.slice(0, prefix.lastIndexOf("/") + 1);
    if (folder !== "") assertBlobKey(folder.slice(0, -1));
    yield* walk(folder, prefix);
  }

  async function* walk(folder: string, prefix: string): AsyncGenerator<BlobInfo> {
    const entries = await opendir(join(dir, folder), { bufferSize: entriesAtOnce }).catch((error: unknown) => {
      if (isCode(error, "ENOENT") || isCode(error, "ENOTDIR")) return [];
      throw error;
    });
    for await (const entry of entries) {
      const key = `${folder}${entry.name}`;
      if (folder === "" && entry.name === temporaryFolder) continue;
      if (entry.isDirectory()) {
        const below = `${key}/`;
        if (below.startsWith(prefix) || prefix.startsWith(below)) yield* walk(below, prefix);
      } else if (key.startsWith(prefix)) {
        const info = await stat(join(dir, key)).catch(() => null);
        if (info !== null) yield { key, size: info.size, modifiedAt: info.mtime };
      }
    }
  }

  return {
    put,
    open: openBlob,
    createReadStream,
    list,
    async delete(key) {
      try {
        await unlink(pathOf(key));
      } catch (error) {
        if (isCode(error, "ENOENT")) return false;
        throw error;
      }
      // The folder of a crash's reports or attachments goes with the last of them; those above it stay.
      if (key.split("/").length > flatKeySegments) await rmdir(dirname(pathOf(key))).catch(() => undefined);
      return true;
    },
    async exists(key) {
      return await stat(pathOf(key)).then(
        (info) => info.isFile(),
        (error: unknown) => {
          if (isCode(error, "ENOENT") || isCode(error, "ENOTDIR")) return false;
          throw error;
        },
      );
    },
    localFile: async (key) => ({ path: pathOf(key), release: async () => undefined }),
    async freeBytes() {
      await makeFolder(dir);
      const { bavail, bsize } = await statfs(dir);
      return bavail * bsize;
    },
    async removeStaleTemporaryFiles(olderThanMs) {
      const folder = join(dir, temporaryFolder);
      const names = await readdir(folder).catch(() => []);
      let removed = 0;
      for (const name of names) {
        // A writer that lives touches its file with every chunk.
        const info = await stat(join(folder, name)).catch(() => null);
        if (info === null || Date.now() - info.mtimeMs < olderThanMs) continue;
        await rm(join(folder, name), { force: true });
        removed++;
      }
      return removed;
    },
  };
}

/** Renames and flushes. The folder may not be there yet, or a deletion may take it away as it becomes empty: then it is made. */
async function moveInto(temporary: string, path: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await rename(temporary, path);
      break;
    } catch (error) {
      if (!isCode(error, "ENOENT") || attempt === 5) throw error;
    }
    await makeFolder(dirname(path));
  }
  await syncFolder(dirname(path));
}

/** Makes a folder and its parents; each new name is flushed in the folder that holds it. */
async function makeFolder(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  for (let made = path; made.length >= first.length; made = dirname(made)) await syncFolder(dirname(made));
}

/** Folders being flushed; `next` is the flush that follows, for all who asked meanwhile. */
const flushes = new Map<string, { running: Promise<void>; next: Promise<void> | null }>();

/** Flushes a folder's names. Who asks while a flush runs, perhaps too late for it, shares the next one. */
function syncFolder(path: string): Promise<void> {
  const known = flushes.get(path);
  if (known !== undefined) {
    known.next ??= known.running.catch(() => undefined).then(() => startFlush(path));
    return known.next;
  }
  return startFlush(path);
}

function startFlush(path: string): Promise<void> {
  const flush = { running: flushFolder(path), next: null };
  flushes.set(path, flush);
  const ended = () => void (flushes.get(path) === flush && flush.next === null && flushes.delete(path));
  flush.running.then(ended, ended);
  return flush.running;
}

async function flushFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/**
 * Writes pieces as they come. What comes while a write is under way is written together after it, so that a fast source costs few
 * writes and a slow one holds no memory. Pieces must not change once they are given. @returns bytes written
 */
async function writeAll(file: FileHandle, pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<number> {
  let size = 0;
  let waiting: Uint8Array[] = [];
  let waitingBytes = 0;
  let failed: unknown = null;
  let writing: Promise<void> | null = null;
  const write = async () => {
    while (waiting.length > 0) {
      const batch = waiting;
      waiting = [];
      waitingBytes = 0;
      await writeBatch(file, batch);
      for (const piece of batch) giveBack(piece);
    }
  };
  const start = () =>
    write()
      .catch((error: unknown) => {
        failed = error;
      })
      .finally(() => {
        writing = null;
      });
  try {
    for await (const piece of pieces) {
      waiting.push(piece);
      waitingBytes += piece.length;
      size += piece.length;
      writing ??= start();
      if (waitingBytes >= maxWaitingBytes) await writing;
      if (failed !== null) throw failed;
    }
  } finally {
    if (writing !== null) await writing;
  }
  if (failed !== null) throw failed;
  // What came between the end of the last write and the end of the pieces.
  await write();
  return size;
}

/** One call may take less than it was given. */
async function writeBatch(file: FileHandle, batch: readonly Uint8Array[]): Promise<void> {
  let left = batch;
  while (left.length > 0) {
    let { bytesWritten } = await file.writev(left);
    let whole = 0;
    while (whole < left.length && bytesWritten >= (left[whole]?.length ?? 0)) bytesWritten -= left[whole++]?.length ?? 0;
    const [cut, ...rest] = left.slice(whole);
    left = cut === undefined ? [] : [cut.subarray(bytesWritten), ...rest];
  }
}

const isCode = (error: unknown, code: string) => error instanceof Error && "code" in error && error.code === code;

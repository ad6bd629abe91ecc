/**
 * Copies of blobs on this machine's disk, for child processes that read files: fetched once however many ask at the same time, kept until
 * room is needed, the longest unused first. A copy that somebody holds stays. Blobs never change, so a copy is never stale; one of a dump is
 * deleted when it is let go, since dumps are not kept longer than they are needed.
 *
 *   <folder>/<host>-<process id>-<random>/<number>     one copy; a process's folder goes with the process
 */
import { randomUUID } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir, readdir, rm, stat } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { parseBlobKey } from "./keys.ts";
import type { LocalFile } from "./store.ts";

/** Processes of other machines and containers have the same ids, and one that starts again may have its predecessor's. */
const ownHost = `${hostname()}-`;
const ownName = `${ownHost}${process.pid}-${randomUUID()}`;
let made = 0;

export type LocalCopiesOptions = {
  /** Absolute path; made when absent. Several processes, also of several machines, may share it. */
  folder: string;
  /** What unused copies of this process may take together. */
  maxBytes: number;
};

export type LocalCopies = {
  /** Rejects with what the fetch rejects with; nothing is left then. */
  take(key: string): Promise<LocalFile>;
  /** The blob is gone: so is its copy, once nobody holds it. */
  forget(key: string): Promise<void>;
  /** Folders of this machine's processes that are gone. @returns how many */
  removeLeftovers(): Promise<number>;
};

type Copy = { path: string; holders: number; bytes: number; ready: Promise<void>; forgotten: boolean };

export function createLocalCopies(
  fetch: (key: string) => AsyncIterable<Uint8Array>,
  { folder, maxBytes }: LocalCopiesOptions,
): LocalCopies {
  const own = join(folder, ownName);
  /** Least recently used first. */
  const copies = new Map<string, Copy>();

  async function download(key: string, path: string): Promise<void> {
    await mkdir(own, { recursive: true, mode: 0o700 });
    await pipeline(fetch(key), createWriteStream(path, { flags: "wx", mode: 0o600 }));
  }

  function begin(key: string): Copy {
    const path = join(own, String(made++));
    const copy: Copy = { path, holders: 0, bytes: 0, forgotten: false, ready: Promise.resolve() };
    copy.ready = download(key, path).then(
      async () => {
        copy.bytes = (await stat(path)).size;
      },
      async (error: unknown) => {
        if (copies.get(key) === copy) copies.delete(key);
        await rm(path, { force: true });
        throw error;
      },
    );
    copies.set(key, copy);
    return copy;
  }

  async function makeRoom(): Promise<void> {
    let bytes = 0;
    for (const copy of copies.values()) bytes += copy.bytes;
    for (const [key, copy] of copies) {
      if (bytes <= maxBytes) return;
      if (copy.holders > 0) continue;
      bytes -= copy.bytes;
      copies.delete(key);
      await rm(copy.path, { force: true });
    }
  }

  async function letGo(key: string, copy: Copy): Promise<void> {
    copy.holders--;
    if (copy.holders > 0) return;
    if (copy.forgotten || parseBlobKey(key)?.kind === "dump") {
      if (copies.get(key) === copy) copies.delete(key);
      await rm(copy.path, { force: true });
    } else await makeRoom();
  }

  return {
    async take(key) {
      const copy = copies.get(key) ?? begin(key);
      // Now the most recently used.
      copies.delete(key);
      copies.set(key, copy);
      copy.holders++;
      try {
        await copy.ready;
      } catch (error) {
        copy.holders--;
        throw error;
      }
      let held = true;
      return {
        path: copy.path,
        async release() {
          if (!held) return;
          held = false;
          await letGo(key, copy);
        },
      };
    },
    async forget(key) {
      const copy = copies.get(key);
      if (copy === undefined) return;
      copies.delete(key);
      copy.forgotten = true;
      if (copy.holders === 0) await rm(copy.path, { force: true });
    },
    async removeLeftovers() {
      const names = await readdir(folder).catch(() => []);
      let removed = 0;
      for (const name of names) {
        const processId = name.startsWith(ownHost) ? Number(/^(\d+)-/.exec(name.slice(ownHost.length))?.[1]) : Number.NaN;
        if (name === ownName || !(processId > 0) || (processId !== process.pid && isAlive(processId))) continue;
        await rm(join(folder, name), { recursive: true, force: true });
        removed++;
      }
      return removed;
    },
  };
}

function isAlive(processId: number): boolean {
  try {
    process.kill(processId, 0);
    return true;
  } catch (error) {
    // Another user's process lives, too.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

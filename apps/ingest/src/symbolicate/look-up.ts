/** Runs the child that looks addresses up: core meets tenants' data in processes of its own only. Few at a time; others wait. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import type { BlobStore, LocalFile } from "@salvage/blobs";
import { createTurns } from "../symbol-server/sym-text.ts";
import type { LookupAnswer, LookupTask } from "./child.ts";

const childScript = fileURLToPath(new URL("./child.ts", import.meta.url));
/** Lookup files are read by pages: a request with hundreds of modules needs a part of this. */
const heapMegabytes = 256;
/** A request has some thousand addresses; each takes microseconds. */
const maxMs = 30_000;

export type LookUp = (modules: readonly string[][], places: LookupTask["places"]) => Promise<LookupAnswer>;

/** @returns what looks places up in modules, each given as the blob keys of its lookup files; throws AppError 503 when too many ask */
export function createLookUp(blobs: BlobStore): LookUp {
  const turns = createTurns();
  return async (modules, places) => {
    const done = await turns.take();
    const files: LocalFile[] = [];
    try {
      const paths: string[][] = [];
      for (const keys of modules) {
        const ofModule: string[] = [];
        for (const key of keys) {
          const local = await blobs.localFile(key);
          files.push(local);
          ofModule.push(local.path);
        }
        paths.push(ofModule);
      }
      return await run({ modules: paths, places });
    } finally {
      done();
      for (const file of files) await file.release();
    }
  };
}

async function run(task: LookupTask): Promise<LookupAnswer> {
  // Nothing else of our environment: it holds the database's address and the secret.
  const { NODE_COMPILE_CACHE } = process.env;
  const env = NODE_COMPILE_CACHE === undefined ? {} : { NODE_COMPILE_CACHE };
  const child = spawn(process.execPath, [`--max-old-space-size=${heapMegabytes}`, childScript], { env, stdio: ["pipe", "pipe", "pipe"] });
  const timer = setTimeout(() => child.kill("SIGKILL"), maxMs);
  try {
    const ended = once(child, "close");
    child.stdin.on("error", () => undefined); // the child's end says it
    child.stdin.end(JSON.stringify(task));
    const [answer, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
    const [code] = await ended;
    if (code !== 0) throw new Error(`looking addresses up failed: ${errors.slice(0, 2000)}`);
    return JSON.parse(answer) as LookupAnswer;
  } finally {
    clearTimeout(timer);
    child.kill("SIGKILL");
  }
}

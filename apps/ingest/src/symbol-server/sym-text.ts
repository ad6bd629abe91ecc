/**
 * The text of a .sym that nobody uploaded, made of lookup files each time it is asked for, by a child process: it is several times as large as
 * they are and seldom asked for twice, since clients keep what they fetched. Few at a time; others wait.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { BlobStore, LocalFile } from "@salvage/blobs";
import type { AnsweringFile } from "@salvage/db";
import type { Logger } from "@salvage/telemetry";
import { AppError } from "../http/app-error.ts";
import type { Chosen } from "./choose.ts";
import { symbolLimits } from "./limits.ts";
import type { SymTask } from "./sym-child.ts";

export type SymTexts = {
  /** @throws AppError 503 when too many are being made; BlobNotFound when a lookup file went away; Error, also in the log, when one is damaged */
  make(chosen: Extract<Chosen, { form: "text" }>, logger: Logger): AsyncGenerator<Uint8Array>;
};

const childScript = fileURLToPath(new URL("./sym-child.ts", import.meta.url));
const maxErrorLength = 2_000;

export function createSymTexts(blobs: BlobStore): SymTexts {
  const turns = createTurns();
  return {
    async *make(chosen, logger) {
      const done = await turns.take();
      const files: LocalFile[] = [];
      try {
        const path = async (file: AnsweringFile | null) => {
          if (!file?.symcacheBlobKey) return null;
          const local = await blobs.localFile(file.symcacheBlobKey);
          files.push(local);
          return local.path;
        };
        const { names, unwind, windowsFrames } = chosen.parts;
        const paths = { names: await path(names), unwind: await path(unwind), windowsFrames: await path(windowsFrames) };
        yield* output({ module: moduleOf(chosen), paths }, logger);
      } finally {
        done();
        for (const file of files) await file.release();
      }
    },
  };
}

function moduleOf({ debugFile, debugId, parts: { names, unwind } }: Extract<Chosen, { form: "text" }>): SymTask["module"] {
  const program = [names, unwind].find((file) => file?.codeId) ?? debugFile;
  return {
    debugFile: debugFile.name,
    debugId,
    codeId: program.codeId,
    codeFile: program.kind === "pe" ? program.name : null,
    cpu: debugFile.cpu ?? program.cpu,
    os: debugFile.os ?? program.os,
  };
}

/** Ends the process whenever the reader stops. */
async function* output(task: SymTask, logger: Logger): AsyncGenerator<Uint8Array> {
  const heap = `--max-old-space-size=${symbolLimits.textHeapMegabytes}`;
  // Nothing else of our environment: it holds the database's address and the secret.
  const { NODE_COMPILE_CACHE } = process.env;
  const env = NODE_COMPILE_CACHE === undefined ? {} : { NODE_COMPILE_CACHE };
  const child = spawn(process.execPath, [heap, childScript, JSON.stringify(task)], { env, stdio: ["ignore", "pipe", "pipe"] });
  const ended = once(child, "close");
  let errors = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    if (errors.length < maxErrorLength) errors += text;
  });
  try {
    yield* child.stdout;
    const [code] = await ended;
    if (code === 0) return;
    // The client may have half of it by now and hears nothing but the break.
    logger.error({ debugId: task.module.debugId, errors: errors.slice(0, maxErrorLength) }, "the text of a lookup file could not be made");
    throw new Error("the text of a lookup file could not be made");
  } finally {
    child.kill("SIGKILL");
  }
}

type Turns = { take(): Promise<() => void> };

/** So many at a time, in the order in which they came. */
export function createTurns(): Turns {
  let free: number = symbolLimits.maxTexts;
  const waiting: (() => void)[] = [];
  const give = () => {
    const next = waiting.shift();
    if (next === undefined) free++;
    else next();
  };
  const busy = () => new AppError(503, null, "too many symbol files are being made or read", { headers: { "Retry-After": "10" } });
  return {
    async take() {
      if (free > 0) {
        free--;
        return give;
      }
      if (waiting.length >= symbolLimits.maxWaitingTexts) throw busy();
      await new Promise<void>((resolve, reject) => {
        const turn = () => {
          clearTimeout(timer);
          resolve();
        };
        const timer = setTimeout(() => {
          waiting.splice(waiting.indexOf(turn), 1);
          reject(busy());
        }, symbolLimits.maxWaitMs);
        waiting.push(turn);
      });
      return give;
    },
  };
}

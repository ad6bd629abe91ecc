/** One supervisor per home folder: a second start beside a running one is told so. */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { StartError, systemCode } from "./errors.ts";
import { type Home, homeError } from "./home.ts";
import { identify, isRunning } from "./processes.ts";

const lockFile = z.object({ pid: z.number(), started: z.string(), url: z.string() });

/** Takes the lock or throws StartError naming the running one. @returns a function that releases it. */
export function takeLock(home: Home, url: string): () => void {
  const path = join(home.run, "supervisor.lock");
  const me = identify(process.pid);
  if (me === null) throw new Error("cannot read this process's own start time");
  const text = JSON.stringify({ ...me, url });
  for (let attempt = 0; ; attempt++) {
    try {
      writeFileSync(path, text, { flag: "wx", mode: 0o600 });
      return () => rmSync(path, { force: true });
    } catch (error) {
      if (systemCode(error) !== "EEXIST" || attempt === 3) throw homeError(home.root, error);
      const holder = readHolder(path);
      if (holder !== null && isRunning(holder)) {
        throw new StartError(
          `Salvage is already running at ${holder.url} (process ${holder.pid}): use that one, or stop it with Ctrl-C in its terminal or \`kill ${holder.pid}\`. A second one needs its own SALVAGE_HOME and SALVAGE_PORT.`,
        );
      }
      rmSync(path, { force: true });
    }
  }
}

/** The launcher that runs in this home, if one does. */
export function runningLauncher(home: Home): { pid: number; url: string } | null {
  const holder = readHolder(join(home.run, "supervisor.lock"));
  return holder !== null && isRunning(holder) ? holder : null;
}

function readHolder(path: string): z.infer<typeof lockFile> | null {
  try {
    const parsed = lockFile.safeParse(JSON.parse(readFileSync(path, "utf8")));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}

/**
 * Fail points: named places where a test lets a process die as by `kill -9`, to show that nothing is lost there. Without the folder that
 * SALVAGE_FAIL_POINTS names they are an empty function. With it, a file of the point's name kills the first process that comes by; the file is
 * renamed to `<name>.hit`, so that it kills one process once. The same folder may name ports to connect through (`<service>.via`).
 */
import { readFileSync, renameSync } from "node:fs";
import { join } from "node:path";

export const failPointNames = [
  /** Ingest: with a part of a body in blob storage. */
  "ingest.body",
  /** The blobs are durable, the crash's row is not written. */
  "ingest.before-row",
  /** The row is committed, the lane not poked, the sender not answered. */
  "ingest.after-row",
  "upload.before-row",
  "upload.after-row",
  /** Worker: a batch begins. */
  "worker.before-claim",
  "worker.after-claim",
  /** The attempt is counted, the dump not read. */
  "worker.attempt",
  /** The report's blob is written, the crash not finished. */
  "worker.before-commit",
  /** Finished; what follows from it (arrivals, webhooks, deletions) is not done. */
  "worker.after-commit",
  "import.before-publish",
  "import.after-publish",
  /** A page of waiting crashes was read. */
  "arrival.page",
  /** A child process takes a task. */
  "child.task",
] as const;

export type FailPoint = (typeof failPointNames)[number];

const folder = process.env.SALVAGE_FAIL_POINTS ?? "";

export const failPoint: (name: FailPoint) => void = folder === "" ? () => undefined : dieIfAsked;

function dieIfAsked(name: FailPoint): void {
  try {
    renameSync(join(folder, name), join(folder, `${name}.hit`));
  } catch {
    return;
  }
  process.kill(process.pid, "SIGKILL");
  // The signal comes at once, but not within the call.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10_000);
}

/** For a child process that gets nothing else of its parent's environment. */
export const failPointsEnvironment: Readonly<Record<string, string>> = folder === "" ? {} : { SALVAGE_FAIL_POINTS: folder };

/**
 * An address as a service's clients get it: with the port that the file `<service>.via` holds, where a test listens in between to cut what passes.
 * Without such a file it stays as it is.
 */
export function addressVia(service: "postgres" | "temporal", address: string, port: number): string {
  if (folder === "") return address;
  try {
    return address.replace(`:${port}`, `:${Number(readFileSync(join(folder, `${service}.via`), "utf8"))}`);
  } catch {
    return address;
  }
}

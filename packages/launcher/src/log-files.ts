/**
 * One log file per child, bounded. Children append to the file themselves, so a log survives the supervisor and costs it nothing;
 * a file that grew too large is copied aside and emptied in place (appending processes go on at its new end).
 */
import { closeSync, copyFileSync, openSync, readSync, renameSync, rmSync, statSync, truncateSync } from "node:fs";
import { join } from "node:path";

const maxLogBytes = 10 * 1024 ** 2;
/** Older copies kept beside the current file: name.log.1 and name.log.2. */
const keptCopies = 2;
const checkEveryMs = 15_000;

export type LogFiles = {
  path(name: string): string;
  /** A file descriptor that appends to the log; the caller closes it once the child has it. */
  open(name: string): number;
  /** The last lines of a log, for an error message. */
  tail(name: string, lines: number): string;
  stop(): void;
};

export function createLogFiles(folder: string, names: readonly string[]): LogFiles {
  const path = (name: string) => join(folder, `${name}.log`);
  const rotateAll = () => {
    for (const name of names) rotateLog(path(name), maxLogBytes);
  };
  rotateAll();
  const timer = setInterval(rotateAll, checkEveryMs);
  timer.unref();
  return {
    path,
    open: (name) => openSync(path(name), "a", 0o600),
    tail: (name, lines) => lastLines(path(name), lines),
    stop: () => clearInterval(timer),
  };
}

/** Moves a file that is larger than `maxBytes` aside and empties it in place. Exported for its test. */
export function rotateLog(path: string, maxBytes: number): void {
  try {
    if (statSync(path).size <= maxBytes) return;
    for (let copy = keptCopies; copy > 1; copy--) {
      rmSync(`${path}.${copy}`, { force: true });
      try {
        renameSync(`${path}.${copy - 1}`, `${path}.${copy}`);
      } catch {
        // that copy does not exist yet
      }
    }
    copyFileSync(path, `${path}.1`);
    truncateSync(path, 0);
  } catch {
    // no log yet, or a full disk: a log is never worth a failure
  }
}

function lastLines(path: string, lines: number): string {
  try {
    const size = statSync(path).size;
    const length = Math.min(size, 16 * 1024);
    const buffer = Buffer.alloc(length);
    const file = openSync(path, "r");
    try {
      readSync(file, buffer, 0, length, size - length);
    } finally {
      closeSync(file);
    }
    return buffer.toString("utf8").trimEnd().split("\n").slice(-lines).join("\n");
  } catch {
    return "";
  }
}

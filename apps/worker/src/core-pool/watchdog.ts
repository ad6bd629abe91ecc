/**
 * Watches one child process while it works: resident memory and time. Typed arrays live outside V8's heap limits, so only
 * the operating system's count is trusted. A breach kills that child and nobody else.
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** Memory can grow by some 2 GB/s; at this interval a breach overshoots by tens of megabytes. */
const pollIntervalMs = 20;
/** Where there is no /proc a look costs a process, so it comes less often. */
const slowPollIntervalMs = 500;
const hasProc = process.platform === "linux";
/** The unit of /proc/<pid>/statm on the platforms Salvage runs on, checked once against our own size. */
const pageBytes = hasProc ? measuredPageBytes() : 0;

export type WatchLimits = {
  /** Resident bytes, all of the child. */
  maxRssBytes: number;
  maxTaskMs: number;
};

export type Watch = {
  /** Why the watchdog killed the child; null while it has not. */
  readonly breach: "memory" | "time" | null;
  stop(): void;
};

/** Begins to watch; stop it when the task ends. */
export function watchChild(pid: number, limits: WatchLimits): Watch {
  const startedAt = performance.now();
  let breach: Watch["breach"] = null;
  const look = () => {
    if (performance.now() - startedAt > limits.maxTaskMs) breach = "time";
    else if ((residentBytes(pid) ?? 0) > limits.maxRssBytes) breach = "memory";
    if (breach === null) return;
    clearInterval(timer);
    killChild(pid);
  };
  const timer = setInterval(look, hasProc ? pollIntervalMs : slowPollIntervalMs);
  return {
    get breach() {
      return breach;
    },
    stop: () => clearInterval(timer),
  };
}

/** @returns resident bytes of a process, null when it is gone */
export function residentBytes(pid: number): number | null {
  try {
    if (hasProc) return Number(readFileSync(`/proc/${pid}/statm`, "latin1").split(" ")[1]) * pageBytes;
    return Number(execFileSync("ps", ["-o", "rss=", "-p", String(pid)], { encoding: "latin1" })) * 1024;
  } catch {
    return null;
  }
}

/** Ends a child at once, whatever it is doing. */
export function killChild(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // already gone
  }
}

/** Pages are 4 KiB on x86, up to 64 KiB on some arm64 kernels: the power of two nearest to rss / pages. */
function measuredPageBytes(): number {
  const pages = Number(readFileSync("/proc/self/statm", "latin1").split(" ")[1]);
  return 2 ** Math.round(Math.log2(process.memoryUsage.rss() / pages));
}

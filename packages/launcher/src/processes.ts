/**
 * Processes by identity. A process id alone is not one: ids are reused, and a state file outlives a reboot. So a process is its id
 * together with the time it started, as the system reports it; signals go only to a process whose start time still fits.
 */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** `started`: opaque text, equal for the same process only. */
export type ProcessIdentity = { pid: number; started: string };

/** @returns the identity of a running process, or null when there is none (a zombie counts as none). */
export function identify(pid: number): ProcessIdentity | null {
  if (!Number.isInteger(pid) || pid <= 0) return null;
  const started = process.platform === "linux" ? linuxStartTime(pid) : portableStartTime(pid);
  return started === null ? null : { pid, started };
}

/** True while exactly this process runs. */
export function isRunning(identity: ProcessIdentity): boolean {
  return identify(identity.pid)?.started === identity.started;
}

let bootId: string | undefined;

function linuxStartTime(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The command name is in parentheses and may hold spaces; fields are counted after the last one. State is field 3, start time 22.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (fields[0] === "Z" || fields[0] === "X") return null;
    bootId ??= readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    return `${bootId}/${fields[19]}`;
  } catch {
    return null;
  }
}

function portableStartTime(pid: number): string | null {
  try {
    const text = execFileSync("ps", ["-o", "stat=,lstart=", "-p", String(pid)], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
    return text === "" || text.startsWith("Z") ? null : text.replace(/^\S+\s+/, "");
  } catch {
    return null;
  }
}

/** Signals a process and the group it leads, which holds the children it started. Never throws: it may be gone. */
export function signalGroup(pid: number, signal: NodeJS.Signals): void {
  for (const target of [-pid, pid]) {
    try {
      process.kill(target, signal);
      if (target < 0) return;
    } catch {
      // no such group: the process alone; no such process: nothing to do
    }
  }
}

/** True while any process of the group that `leader` led is alive; its leader may be gone. Linux only, elsewhere false. */
export function groupIsAlive(leader: number): boolean {
  if (process.platform !== "linux") return false;
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, "utf8");
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      if (Number(fields[2]) === leader && fields[0] !== "Z") return true;
    } catch {
      // gone meanwhile
    }
  }
  return false;
}

/** Asks a process to end, waits, then kills it with its group. Resolves when it is gone. */
export async function stopProcess(identity: ProcessIdentity, signal: NodeJS.Signals, patienceMs: number): Promise<void> {
  if (!isRunning(identity)) return;
  try {
    process.kill(identity.pid, signal);
  } catch {
    return;
  }
  if (await goneWithin(identity, patienceMs)) return;
  signalGroup(identity.pid, "SIGKILL");
  await goneWithin(identity, 2_000);
}

async function goneWithin(identity: ProcessIdentity, patienceMs: number): Promise<boolean> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    if (!isRunning(identity)) return true;
    if (Date.now() >= deadline) return false;
    await sleep(30);
  }
}

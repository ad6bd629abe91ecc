/** What the parts of an installation, or of several machines, use of processor and memory. Linux only: reads /proc. */
import { readdir, readFile } from "node:fs/promises";
import type { RunningSystem } from "@salvage/launcher";

/** Processor seconds so far, of processes that ended too; memory as the sum of proportional set sizes. */
export type Usage = Map<string, { cpuSeconds: number; pssMib: number }>;

type Process = { parent: number; program: string; cpuSeconds: number; endedCpuSeconds: number };

const ticksPerSecond = 100;

/**
 * By service name; `children` are the worker's, `senders` is this process.
 * @param memory false leaves out memory, whose reading costs something
 */
export function usageOf(system: RunningSystem, memory: boolean): Promise<Usage> {
  const names = new Map<number, string>([[process.pid, "senders"]]);
  for (const { name, pid } of system.states()) if (pid !== null) names.set(pid, name);
  return usageByName(names, memory);
}

/** @param names of processes by their id; what they started counts as theirs, and a worker's as `children` */
export async function usageByName(names: ReadonlyMap<number, string>, memory: boolean): Promise<Usage> {
  const all = await processes();
  const usage: Usage = new Map();
  const add = (part: string, cpuSeconds: number, mib: number) => {
    const sum = usage.get(part) ?? { cpuSeconds: 0, pssMib: 0 };
    usage.set(part, { cpuSeconds: sum.cpuSeconds + cpuSeconds, pssMib: sum.pssMib + mib });
  };
  for (const [pid, { cpuSeconds, endedCpuSeconds }] of all) {
    const part = partOf(pid, all, names);
    if (part === null) continue;
    add(part, cpuSeconds, memory ? await pssMib(pid) : 0);
    add(part === "worker" ? "children" : part, endedCpuSeconds, 0);
  }
  return usage;
}

/** Programs that a process started itself: their names by their ids. @param by id of the process; left out: this one */
export async function startedPrograms(by = process.pid): Promise<Map<number, string>> {
  const all = await processes();
  return new Map([...all].filter(([, { parent }]) => parent === by).map(([pid, { program }]) => [pid, program]));
}

/** Processor seconds so far that all of this machine's programs used. */
export async function machineSeconds(): Promise<number> {
  const [line = ""] = (await readFile("/proc/stat", "latin1")).split("\n", 1);
  // user, nice, system, idle, waiting for the disk, interrupts of hardware and of software
  const [user = 0, nice = 0, system = 0, , , hard = 0, soft = 0] = line.split(/\s+/).slice(1).map(Number);
  return (user + nice + system + hard + soft) / ticksPerSecond;
}

/** Null: nothing of ours. */
function partOf(pid: number, all: ReadonlyMap<number, Process>, names: ReadonlyMap<number, string>): string | null {
  for (let at: number | undefined = pid; at !== undefined; at = all.get(at)?.parent) {
    const name = names.get(at);
    if (name !== undefined) return name === "worker" && at !== pid ? "children" : name;
  }
  return null;
}

async function processes(): Promise<Map<number, Process>> {
  const found = new Map<number, Process>();
  for (const name of await readdir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const stat = await readFile(`/proc/${name}/stat`, "latin1").catch(() => null);
    if (stat === null) continue; // it ended while it was looked at
    // After the name in brackets: state, parent, …; from the 12th on, time of its own (user, system) and of its ended children (user, system).
    const fields = stat
      .slice(stat.lastIndexOf(")") + 2)
      .split(" ")
      .map(Number);
    const [user = 0, system = 0, endedUser = 0, endedSystem = 0] = fields.slice(11, 15);
    found.set(Number(name), {
      parent: fields[1] ?? 0,
      program: stat.slice(stat.indexOf("(") + 1, stat.lastIndexOf(")")),
      cpuSeconds: (user + system) / ticksPerSecond,
      endedCpuSeconds: (endedUser + endedSystem) / ticksPerSecond,
    });
  }
  return found;
}

async function pssMib(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, "latin1").catch(() => "");
  return Number(/^Pss:\s+(\d+)/m.exec(text)?.[1] ?? 0) / 1024;
}

/**
 * Runs the children: starts them in order, starts a dead one again after a pause that grows, stops them in reverse order, and keeps
 * a state file so that the next start can stop what a killed supervisor left behind: the apps end by themselves then.
 *
 * Every child leads a process group of its own: Ctrl-C in the terminal reaches the supervisor alone, which then stops the children
 * in their order, and a child's own children die with it.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { StartError } from "./errors.ts";
import { type Home, readJson, writeJson } from "./home.ts";
import type { LogFiles } from "./log-files.ts";
import { groupIsAlive, identify, isRunning, type ProcessIdentity, signalGroup, stopProcess } from "./processes.ts";

export type ServiceName = "postgres" | "temporal" | "ingest" | "web" | "worker";

export type Service = {
  name: ServiceName;
  command: string;
  args: readonly string[];
  cwd: string;
  env: NodeJS.ProcessEnv;
  /** Another user to run as; only root can give one. */
  user?: { uid: number; gid: number };
  /** What asks it to end in good order, and how long it may take. */
  stopSignal: NodeJS.Signals;
  stopPatienceMs: number;
  /** A Node program that ends by itself when this process is gone, even by kill -9: see tied.ts. */
  tied?: true;
  /** Resolves true once it does its work; polled until then. */
  ready(): Promise<boolean>;
  readyWithinMs: number;
  /** Puts aside what it keeps, so that it begins anew; for one that ended by itself, twice in a row, before it could be ready. */
  renew?(): void;
};

const tiedModule = new URL("tied.ts", import.meta.url).href;

const stateFile = z.array(z.object({ name: z.string(), pid: z.number(), started: z.string(), stopSignal: z.string() }));

/** First pause before a dead child is started again; doubled each time up to the last, and reset once it ran for `steadyMs`. */
const firstPauseMs = 250;
const defaultLastPauseMs = 30_000;
const steadyMs = 60_000;
const failedStartsToRenew = 2;

type Entry = {
  service: Service;
  child: ChildProcess | null;
  identity: ProcessIdentity | null;
  startedAt: number;
  restarts: number;
  /** Ends in a row that were its own doing and came soon. */
  failedStarts: number;
  pauseMs: number;
};

export type ServiceState = { name: ServiceName; pid: number | null; restarts: number };

export type SupervisorEvents = {
  /** A child ended without being asked; it is started again after the pause. */
  died?(name: ServiceName, how: string, pauseMs: number): void;
};

export class Supervisor {
  readonly #home: Home;
  readonly #logs: LogFiles;
  readonly #events: SupervisorEvents;
  readonly #lastPauseMs: number;
  readonly #entries = new Map<ServiceName, Entry>();
  readonly #halt = new AbortController();

  constructor(home: Home, logs: LogFiles, events: SupervisorEvents = {}, lastPauseMs = defaultLastPauseMs) {
    this.#lastPauseMs = lastPauseMs;
    this.#home = home;
    this.#logs = logs;
    this.#events = events;
  }

  /** Starts a service and resolves when it is ready. Throws StartError with the end of its log when it is not in time or dies early. */
  async start(service: Service): Promise<void> {
    if (this.#halt.signal.aborted) throw new StartError("Stopped before the start was complete.");
    const entry: Entry = { service, child: null, identity: null, startedAt: 0, restarts: 0, failedStarts: 0, pauseMs: firstPauseMs };
    this.#entries.set(service.name, entry);
    this.#spawn(entry);
    const deadline = Date.now() + service.readyWithinMs;
    while (!this.#halt.signal.aborted) {
      if (await service.ready().catch(() => false)) return;
      // One death may be bad luck (a port taken in between); a second one in the same start is a reason to say so.
      if (entry.restarts >= 2) throw this.#failure(service, "ends as soon as it starts");
      if (Date.now() > deadline) throw this.#failure(service, `is not ready after ${service.readyWithinMs / 1000} s`);
      await sleep(50);
    }
    throw new StartError("Stopped before the start was complete.");
  }

  /** Ends every start() that waits: each throws StartError. Children run on until stop(). */
  giveUp(): void {
    this.#halt.abort();
  }

  /** @returns what runs now, in the order it was started. */
  states(): ServiceState[] {
    return [...this.#entries.values()].map(({ service, identity, restarts }) => ({
      name: service.name,
      pid: identity?.pid ?? null,
      restarts,
    }));
  }

  /** Stops everything, group by group; members of a group at the same time. Services never started are skipped. */
  async stop(order: readonly (readonly ServiceName[])[]): Promise<void> {
    this.#halt.abort();
    for (const group of order) {
      await Promise.all(
        group.map(async (name) => {
          const entry = this.#entries.get(name);
          const identity = entry?.identity ?? null;
          if (entry === undefined || identity === null) return;
          await stopProcess(identity, entry.service.stopSignal, entry.service.stopPatienceMs);
          // What the child left in its group (pool processes of a killed worker).
          signalGroup(identity.pid, "SIGKILL");
          entry.identity = null;
        }),
      );
    }
    this.#save();
  }

  /** Stops one service for good, so that it can be started anew. */
  async stopOne(name: ServiceName): Promise<void> {
    const entry = this.#entries.get(name);
    if (entry === undefined) return;
    this.#entries.delete(name);
    if (entry.identity !== null) await stopProcess(entry.identity, entry.service.stopSignal, entry.service.stopPatienceMs);
    this.#save();
  }

  #spawn(entry: Entry): void {
    const { service } = entry;
    const log = this.#logs.open(service.name);
    const tied = service.tied === true;
    const child = spawn(service.command, [...(tied ? ["--import", tiedModule] : []), ...service.args], {
      cwd: service.cwd,
      env: { ...service.env, ...(tied ? { SALVAGE_TIED_PATIENCE_MS: String(service.stopPatienceMs) } : {}) },
      stdio: ["ignore", log, log, ...(tied ? ["pipe" as const] : [])],
      detached: true,
      ...(service.user ?? {}),
    });
    closeSync(log);
    child.stdio[3]?.on("error", () => undefined);
    entry.child = child;
    entry.startedAt = Date.now();
    entry.identity = child.pid === undefined ? null : identify(child.pid);
    child.once("error", (error) => this.#ended(entry, child, error.message));
    child.once("exit", (code, signal) => {
      const failed = signal === null && Date.now() - entry.startedAt < service.readyWithinMs;
      entry.failedStarts = failed ? entry.failedStarts + 1 : 0;
      this.#ended(entry, child, signal === null ? `ended with code ${code}` : `was killed by ${signal}`);
    });
    this.#save();
  }

  #ended(entry: Entry, child: ChildProcess, how: string): void {
    if (entry.child !== child) return;
    entry.child = null;
    if (child.pid !== undefined) signalGroup(child.pid, "SIGKILL");
    entry.identity = null;
    if (this.#halt.signal.aborted || this.#entries.get(entry.service.name) !== entry) return;
    if (Date.now() - entry.startedAt > steadyMs) entry.pauseMs = firstPauseMs;
    const pauseMs = entry.pauseMs;
    entry.pauseMs = Math.min(entry.pauseMs * 2, this.#lastPauseMs);
    entry.restarts++;
    this.#save();
    this.#events.died?.(entry.service.name, how, pauseMs);
    void sleep(pauseMs, undefined, { signal: this.#halt.signal }).then(
      () => {
        if (this.#entries.get(entry.service.name) !== entry) return;
        if (entry.failedStarts === failedStartsToRenew) {
          entry.failedStarts = 0;
          entry.service.renew?.();
        }
        this.#spawn(entry);
      },
      () => undefined,
    );
  }

  #failure(service: Service, what: string): StartError {
    const tail = this.#logs.tail(service.name, 12);
    return new StartError(
      `${service.name} ${what}.${tail === "" ? "" : `\n${tail.replace(/^/gm, "    ")}`}\nLog: ${this.#logs.path(service.name)}`,
    );
  }

  #save(): void {
    const running = [...this.#entries.values()].flatMap(({ service, identity }) =>
      identity === null ? [] : [{ name: service.name, ...identity, stopSignal: service.stopSignal }],
    );
    try {
      writeJson(statePath(this.#home), running);
    } catch {
      // A full disk must not take the running system down; the next start then finds fewer leftovers than there are.
    }
  }
}

const statePath = (home: Home) => join(home.run, "children.json");

/**
 * Stops what a killed supervisor left running. Call with the lock held, before anything is started.
 * @returns the names of what was stopped.
 */
export async function stopLeftovers(home: Home): Promise<string[]> {
  const parsed = stateFile.safeParse(readJson(statePath(home)));
  if (!parsed.success) return [];
  const left = parsed.data.filter((child) => isRunning(child));
  // Reverse order of their start: the database last.
  for (const child of left.reverse()) await stopProcess(child, child.stopSignal as NodeJS.Signals, 5_000);
  // A worker that is gone may have left pool processes in its group; ids are reused, so only a group that still has members is signalled.
  for (const child of parsed.data)
    if (!left.includes(child) && identify(child.pid) === null && groupIsAlive(child.pid)) signalGroup(child.pid, "SIGKILL");
  return left.map((child) => child.name);
}

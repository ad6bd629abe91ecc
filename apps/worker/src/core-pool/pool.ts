/**
 * Child processes that run core on tenants' data. Each slot is a workerpool of exactly one child: so the watchdog always
 * knows whose memory it counts, a breach kills one crash's child and nothing else, and a slot is replaced whole (after a
 * death, or when it keeps more memory than it should: a new child costs half a second, and is slow until its code is compiled). A task waits here, never inside a child's queue, so a death
 * is always the running task's own.
 */
import { fileURLToPath } from "node:url";
import { FormatError } from "@salvage/core";
import { failPointsEnvironment } from "@salvage/telemetry/fail-points";
import workerpool from "workerpool";
import { Slots } from "./slots.ts";
import type { TaskAnswer, TaskName, Tasks } from "./tasks.ts";
import { killChild, residentBytes, type Watch, watchChild } from "./watchdog.ts";

export type CorePoolOptions = {
  /** Children at most; each is started when first needed, or by `warm`. */
  slots: number;
  /** Resident memory a task may add to a child at rest. Default 512 MiB. */
  maxTaskRssBytes?: number;
  /** Default 30 s. */
  maxTaskMs?: number;
  /** A child is replaced after this many tasks. Default 50,000. */
  recycleAfterTasks?: number;
  /** A child that ended by itself may have been ended by the system: its task runs so often again, alone. Default 0: the caller counts deaths. */
  retriesAfterExit?: number;
  /** A child that had nothing to do for this long is ended; default never. */
  idleMs?: number;
  /** Called once per death, for metrics. */
  onDeath?(cause: ChildDied["deathCause"]): void;
  /** Another child program, for tests of hostile input. */
  childScript?: string;
};

/** The child ended during the task: by the watchdog, or by itself. */
export class ChildDied extends Error {
  override readonly name = "ChildDied";
  readonly deathCause: "memory" | "time" | "exit";

  constructor(deathCause: ChildDied["deathCause"], message: string) {
    super(message);
    this.deathCause = deathCause;
  }
}

/** Our own code threw something that is no verdict on the input. Counts like a death. */
export class TaskBroken extends Error {
  override readonly name = "TaskBroken";
}

/** The operating system refused something to the child: disk full, too many open files. Not the input's fault: try again later. */
export class SystemRefused extends Error {
  override readonly name = "SystemRefused";
}

/** The pool was closed while the task ran or waited. Not the task's fault. */
export class PoolClosed extends Error {
  override readonly name = "PoolClosed";
}

const megabyte = 1024 * 1024;
/** A child that does not say hello within this time will not. Generous: the machine may be loaded. */
const startTimeoutMs = 60_000;

/** A child at rest is asked after so many tasks what it keeps; a quarter of what a task may add is too much. */
const memoryLookTasks = 100;

/** `successor`: it is started, and ends this one. */
type Child = { pool: workerpool.Pool; pid: number; baseRssBytes: number; tasks: number; successor: "none" | "starting" | "there" };

export class CorePool {
  readonly #options: Required<CorePoolOptions>;
  readonly #slots: Slots;
  /** Children at rest. */
  readonly #resting: Child[] = [];
  readonly #working = new Set<Child>();
  #idleTimer: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(options: CorePoolOptions) {
    this.#options = {
      maxTaskRssBytes: 512 * megabyte,
      maxTaskMs: 30_000,
      recycleAfterTasks: 50_000,
      retriesAfterExit: 0,
      idleMs: Number.POSITIVE_INFINITY,
      onDeath: () => {},
      childScript: fileURLToPath(new URL("./child.ts", import.meta.url)),
      ...options,
    };
    this.#slots = new Slots(options.slots);
  }

  /**
   * Runs a task in a child.
   * @param alone no other task of this pool runs meanwhile
   * @param of whose it is: children are shared fairly between them
   * @throws FormatError for bad input; ChildDied, TaskBroken, SystemRefused, PoolClosed
   */
  async run<K extends TaskName>(task: K, input: Tasks[K]["input"], { alone = false, of = "" } = {}): Promise<Tasks[K]["output"]> {
    for (let retries = this.#options.retriesAfterExit; ; retries--) {
      try {
        return await this.#runOnce(task, input, alone || retries < this.#options.retriesAfterExit, of);
      } catch (error) {
        if (!(error instanceof ChildDied && error.deathCause === "exit") || retries === 0) throw error;
      }
    }
  }

  async #runOnce<K extends TaskName>(task: K, input: Tasks[K]["input"], alone: boolean, of: string): Promise<Tasks[K]["output"]> {
    const taken = alone ? this.#options.slots : 1;
    await this.#slots.take(taken, of);
    try {
      if (this.#closed) throw new PoolClosed("the pool is closed");
      const child = this.#resting.pop() ?? (await this.#start());
      if (this.#closed) {
        end(child); // closed while it started
        throw new PoolClosed("the pool is closed");
      }
      return await this.#runIn(child, task, input);
    } finally {
      this.#slots.give(taken, of);
      this.#endIdleChildrenLater();
    }
  }

  /** Starts all children, so that the first crash need not wait for one. */
  async warm(): Promise<void> {
    const missing = this.#options.slots - this.#resting.length - this.#working.size;
    const started = await Promise.all(Array.from({ length: Math.max(0, missing) }, () => this.#start()));
    this.#resting.push(...started);
  }

  /** Kills all children; tasks that run or wait end with PoolClosed. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#idleTimer !== null) clearTimeout(this.#idleTimer);
    for (const child of this.#working) killChild(child.pid);
    for (const child of this.#resting.splice(0)) end(child);
  }

  async #runIn<K extends TaskName>(child: Child, task: K, input: Tasks[K]["input"]): Promise<Tasks[K]["output"]> {
    const { maxTaskRssBytes, maxTaskMs, recycleAfterTasks, onDeath } = this.#options;
    const watch = watchChild(child.pid, { maxRssBytes: child.baseRssBytes + maxTaskRssBytes, maxTaskMs });
    this.#working.add(child);
    let answer: TaskAnswer<K>;
    try {
      answer = await child.pool.exec("run", [task, input]);
    } catch (error) {
      end(child);
      if (this.#closed) throw new PoolClosed("the pool was closed during the task");
      onDeath(watch.breach ?? "exit");
      throw death(watch, error, maxTaskRssBytes, maxTaskMs);
    } finally {
      watch.stop();
      this.#working.delete(child);
    }
    child.tasks += 1;
    const keepsTooMuch = child.tasks % memoryLookTasks === 0 && (residentBytes(child.pid) ?? 0) > child.baseRssBytes + maxTaskRssBytes / 4;
    if (this.#rest(child) && (child.tasks >= recycleAfterTasks || keepsTooMuch)) void this.#replace(child);
    if (answer.outcome === "bad input") throw new FormatError(answer.format, answer.offset, answer.reason);
    if (answer.outcome === "broken") throw answer.system ? new SystemRefused(answer.message) : new TaskBroken(answer.message);
    return answer.output;
  }

  /** @returns false: it was ended, since there are enough others, its successor has come, or the pool is closed */
  #rest(child: Child): boolean {
    const staying = [...this.#resting, ...this.#working].filter(({ successor }) => successor !== "there").length;
    const rests = !this.#closed && child.successor !== "there" && staying < this.#options.slots;
    if (rests) this.#resting.push(child);
    else end(child);
    return rests;
  }

  async #replace(old: Child): Promise<void> {
    if (old.successor !== "none") return;
    old.successor = "starting";
    try {
      const successor = await this.#start();
      old.successor = "there";
      const place = this.#resting.indexOf(old);
      if (place >= 0) end(...(this.#resting.splice(place, 1) as [Child]));
      this.#rest(successor);
    } catch {
      old.successor = "none"; // it works on, and is looked at again
    }
  }

  async #start(): Promise<Child> {
    const pool = workerpool.pool(this.#options.childScript, {
      workerType: "process",
      maxWorkers: 1,
      // Nothing of the worker's environment: it holds the database's URL and the secret.
      forkOpts: {
        env: failPointsEnvironment,
        serialization: "advanced",
        execArgv: [`--max-old-space-size=${Math.ceil(this.#options.maxTaskRssBytes / megabyte)}`],
      },
    });
    try {
      const pid: number = await pool.exec("hello", []).timeout(startTimeoutMs);
      return { pool, pid, baseRssBytes: residentBytes(pid) ?? 0, tasks: 0, successor: "none" };
    } catch (error) {
      void pool.terminate(true);
      throw new Error(`a child process for core did not start: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  #endIdleChildrenLater(): void {
    if (this.#options.idleMs === Number.POSITIVE_INFINITY || this.#closed) return;
    if (this.#idleTimer !== null) clearTimeout(this.#idleTimer);
    this.#idleTimer = setTimeout(() => {
      for (const child of this.#resting.splice(0)) end(child);
    }, this.#options.idleMs);
    this.#idleTimer.unref();
  }
}

function end(child: Child): void {
  killChild(child.pid);
  // The pool's own good-bye waits for a child that is gone already; its bookkeeping is dropped with it.
  child.pool.terminate(true).catch(() => {});
}

function death(watch: Watch, error: unknown, maxTaskRssBytes: number, maxTaskMs: number): ChildDied {
  if (watch.breach === "memory")
    return new ChildDied("memory", `processing needed more than ${Math.round(maxTaskRssBytes / megabyte)} MiB of memory`);
  if (watch.breach === "time") return new ChildDied("time", `processing took longer than ${maxTaskMs / 1000} s`);
  const signal = /signalCode: `(SIG\w+)`/.exec(error instanceof Error ? error.message : "")?.[1];
  return new ChildDied("exit", `the process that read it ended${signal === undefined ? "" : ` (${signal})`}`);
}

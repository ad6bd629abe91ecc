/**
 * The real child, but for one thing: a dump that carries a marker makes it end, loop or allocate, as a hostile dump would that
 * finds a hole in core. Lives among the tests; the worker starts no other program than src/core-pool/child.ts.
 */
import workerpool from "workerpool";
import { runTask } from "../../src/core-pool/child-tasks.ts";
import { withDump } from "../../src/core-pool/sources.ts";
import type { DumpInput, TaskName, Tasks } from "../../src/core-pool/tasks.ts";
import { type Poison, poisonOf } from "../poison.ts";

const held: Uint8Array[] = [];

const effects: Record<Poison, () => Promise<void>> = {
  exit: () => {
    process.kill(process.pid, "SIGKILL");
    return new Promise(() => {});
  },
  loop: async () => {
    for (;;) held.length = 0;
  },
  allocate: async () => {
    for (;;) held.push(new Uint8Array(8 * 1024 * 1024).fill(1));
  },
  slow: () => new Promise((resolve) => setTimeout(resolve, 150)),
};

/** A dump that cannot be opened is for the real task to judge. */
function poisonIn(dump: DumpInput): Poison | null {
  try {
    return withDump(dump, (source) => poisonOf(source.read(0, source.size)));
  } catch {
    return null;
  }
}

async function run<K extends TaskName>(task: K, input: Tasks[K]["input"]): Promise<unknown> {
  if ("dump" in input) {
    const poison = poisonIn(input.dump);
    if (poison !== null) await effects[poison]();
  }
  return runTask(task, input);
}

process.on("SIGINT", () => {});
process.on("SIGTERM", () => {});
workerpool.worker({ hello: () => process.pid, run });

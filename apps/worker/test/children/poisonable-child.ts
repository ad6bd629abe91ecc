/**
 * The real child, but for one thing: a dump that carries a marker makes it end, loop or allocate, as a hostile dump would that
 * finds a hole in core. Lives among the tests; the worker starts no other program than src/core-pool/child.ts.
 */
import workerpool from "workerpool";
import { runTask } from "../../src/core-pool/child-tasks.ts";
import { withDump } from "../../src/core-pool/sources.ts";
import type { TaskName, Tasks } from "../../src/core-pool/tasks.ts";
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

async function run<K extends TaskName>(task: K, input: Tasks[K]["input"]): Promise<unknown> {
  if ("dump" in input) {
    const poison = withDump(input.dump, (source) => poisonOf(source.read(0, source.size)));
    if (poison !== null) await effects[poison]();
  }
  return runTask(task, input);
}

process.on("SIGINT", () => {});
process.on("SIGTERM", () => {});
workerpool.worker({ hello: () => process.pid, run });

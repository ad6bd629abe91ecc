/**
 * A child that does what its input says: ends itself, loops, allocates outside V8's heap, or answers. Stands for core under
 * hostile input in tests of the pool; production has no way to name another child program than its own.
 */
import workerpool from "workerpool";

type Order = { act: "answer" | "exit" | "loop" | "allocate" | "bad input" | "broken" | "system" | "slow" };

const held: Uint8Array[] = [];

async function run(_task: string, order: Order): Promise<unknown> {
  switch (order.act) {
    case "exit":
      process.kill(process.pid, "SIGKILL");
      return new Promise(() => {});
    case "loop":
      for (;;) held.length = 0;
    case "allocate":
      for (;;) held.push(new Uint8Array(8 * 1024 * 1024).fill(1));
    case "bad input":
      return { outcome: "bad input", format: "minidump", offset: 16, reason: "not one" };
    case "broken":
      return { outcome: "broken", message: "RangeError: ours", system: false };
    case "system":
      return { outcome: "broken", message: "Error: ENOSPC", system: true };
    case "slow":
      await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return { outcome: "done", output: { pid: process.pid, environment: Object.keys(process.env) } };
}

workerpool.worker({ hello: () => process.pid, run });

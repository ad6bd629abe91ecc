/** Ends the process whose run does not end, and keeps the input. A worker: the thread that hangs cannot look at a clock. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { workerData } from "node:worker_threads";

const { shared, hangMs, finds } = workerData as { shared: SharedArrayBuffer; hangMs: number; finds: string };
const heartbeat = new Int32Array(shared, 0, 2);
const current = new Uint8Array(shared, 16);
let last = -1;
setInterval(() => {
  const now = Atomics.load(heartbeat, 0);
  if (now === last && now > 0) {
    mkdirSync(finds, { recursive: true });
    writeFileSync(join(finds, `hang-${now}`), current.slice(0, heartbeat[1]));
    console.log(`a run took more than ${hangMs} ms: ${join(finds, `hang-${now}`)}`);
    process.kill(process.pid, "SIGKILL");
  }
  last = now;
}, hangMs);

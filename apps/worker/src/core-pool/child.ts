/**
 * Entry of a child process. Signals meant for the whole process group (Ctrl-C in a terminal) are left to the parent, which
 * ends its children in good order; a child whose parent is gone ends by itself when its channel closes.
 */

import { failPoint } from "@salvage/telemetry/fail-points";
import workerpool from "workerpool";
import { runTask } from "./child-tasks.ts";

process.on("SIGINT", () => {});
process.on("SIGTERM", () => {});

workerpool.worker({
  hello: () => process.pid,
  run(...task: Parameters<typeof runTask>) {
    failPoint("child.task");
    return runTask(...task);
  },
});

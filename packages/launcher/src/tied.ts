/**
 * Loaded into an app before anything of its own (`node --import`): the app ends when the supervisor is gone, however that went. Between the two
 * is a pipe that carries nothing; the system closes it when the supervisor ends, a `kill -9` included. Then the app is asked to end, and after
 * its patience it and what it started are killed.
 */
import { Socket } from "node:net";

/** Where a tied app finds its end of the pipe, and in which variable, in milliseconds, its patience. */
const descriptor = 3;
const variable = "SALVAGE_TIED_PATIENCE_MS";

const patienceMs = Number(process.env[variable]);
// What the app starts is not tied: it has no pipe.
delete process.env[variable];
if (patienceMs > 0) {
  const pipe = new Socket({ fd: descriptor, readable: true, writable: false });
  pipe.on("error", () => undefined);
  pipe.once("close", () => {
    process.kill(process.pid, "SIGTERM");
    setTimeout(() => process.kill(-process.pid, "SIGKILL"), patienceMs).unref();
  });
  pipe.resume();
  pipe.unref();
}

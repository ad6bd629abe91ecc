/** The local Temporal server as a supervised child: one binary, a store in one file. PostgreSQL's rows are the truth, so that file is disposable. */
import { renameSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import type { Home } from "../home.ts";
import type { Service } from "../supervisor.ts";

export function temporalService(home: Home, binary: string, port: number): Service {
  return {
    name: "temporal",
    command: binary,
    args: [
      ...["server", "start-dev", "--headless", "--ip", "127.0.0.1", "--port", String(port)],
      ...["--db-filename", temporalStore(home), "--log-level", "warn", "--log-format", "json"],
      // The store may lose its last moments in a power cut: the sweep finds the rows again.
      ...["--sqlite-pragma", "journal_mode=wal", "--sqlite-pragma", "synchronous=off"],
    ],
    cwd: home.temporal,
    // A soft ceiling for Go's heap: the server trades some processor time for memory.
    env: { PATH: process.env.PATH, HOME: home.temporal, GOMEMLIMIT: "160MiB", GOGC: "50" },
    stopSignal: "SIGINT",
    stopPatienceMs: 2_500,
    ready: () => accepts(port),
    readyWithinMs: 30_000,
    renew: () => putAside(temporalStore(home)),
  };
}

/** A store that Temporal cannot open (a disk that was full when it was made): the work it described is in PostgreSQL, and the sweep starts it again. */
function putAside(store: string): void {
  for (const suffix of ["", "-wal", "-shm"]) {
    try {
      renameSync(store + suffix, `${store}.damaged${suffix}`);
    } catch {
      // It is not there, or this disk takes no change now: the next try is as good.
    }
  }
}

function temporalStore(home: Home): string {
  return join(home.temporal, "temporal.db");
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port });
    const answer = (yes: boolean) => {
      socket.destroy();
      resolve(yes);
    };
    socket.once("connect", () => answer(true)).once("error", () => answer(false));
  });
}

/**
 * A real Temporal server for tests. Either a namespace of its own on the server named by SALVAGE_TEST_TEMPORAL, or a dev
 * server with an in-memory store on a free port, started in about 0.3 s and gone with the test.
 */
import { execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { accessSync, constants } from "node:fs";
import { connect, createServer } from "node:net";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const repositoryRoot = fileURLToPath(new URL("../../..", import.meta.url));
/** A dev server starts in well under a second; a loaded machine gets this long. */
const startTimeoutMs = 30_000;

export type TestTemporal = {
  /** host:port of the front end. */
  readonly address: string;
  /** Nobody else's: workflow ids cannot clash with those of another test. */
  readonly namespace: string;
  /** Ends the server, if it is ours. */
  stop(): Promise<void>;
};

export type TestTemporalOptions = {
  /** True: start a server of this test's own even where SALVAGE_TEST_TEMPORAL names one, e.g. to kill it. */
  own?: boolean;
  /** Port for an own server; default: one picked by the system. */
  port?: number;
};

/** Starts or borrows a Temporal server. Throws with one sentence when no `temporal` binary is found. */
export async function startTestTemporal(options: TestTemporalOptions = {}): Promise<TestTemporal> {
  const binary = findTemporalBinary();
  const shared = process.env.SALVAGE_TEST_TEMPORAL;
  if (shared !== undefined && shared !== "" && options.own !== true) {
    const namespace = `test-${randomBytes(6).toString("hex")}`;
    await run(binary, ["operator", "namespace", "create", "--namespace", namespace, "--retention", "24h", "--address", shared]);
    return { address: shared, namespace, stop: async () => {} };
  }
  const port = options.port ?? (await freePort());
  const args = ["server", "start-dev", "--headless", "--ip", "127.0.0.1", "--port", String(port), "--log-level", "error"];
  const child = spawn(binary, args, { stdio: ["ignore", "ignore", "pipe"] });
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr = (stderr + text).slice(-4000);
  });
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const killAtExit = () => child.kill("SIGKILL");
  process.once("exit", killAtExit);
  const address = `127.0.0.1:${port}`;
  try {
    await untilServing(binary, address, port, () => child.exitCode !== null);
  } catch {
    child.kill("SIGKILL");
    throw new Error(`The Temporal dev server did not start on ${address}: ${stderr.trim()}`);
  }
  return {
    address,
    namespace: "default",
    stop: async () => {
      process.off("exit", killAtExit);
      child.kill("SIGKILL");
      await exited;
    },
  };
}

/** Path of the `temporal` binary: TEMPORAL_CLI, then PATH, then the clone's own tools. */
export function findTemporalBinary(): string {
  const named = process.env.TEMPORAL_CLI;
  const onPath = (process.env.PATH ?? "")
    .split(delimiter)
    .filter((folder) => folder !== "")
    .map((folder) => join(folder, "temporal"));
  const candidates = [...(named ? [named] : []), ...onPath, join(repositoryRoot, ".toolchain/temporal/bin/temporal")];
  for (const candidate of candidates) {
    try {
      accessSync(candidate, constants.X_OK);
      return candidate;
    } catch {
      // not here: the next place
    }
  }
  throw new Error("No `temporal` binary: run `npm start` once (it installs one into the clone), or set TEMPORAL_CLI.");
}

async function untilServing(binary: string, address: string, port: number, dead: () => boolean): Promise<void> {
  const deadline = Date.now() + startTimeoutMs;
  while (Date.now() < deadline && !dead()) {
    if (await accepts(port)) {
      try {
        await run(binary, ["operator", "namespace", "describe", "default", "--address", address], { timeout: 5_000 });
        return;
      } catch {
        // the port is open before the server answers
      }
    }
    await sleep(50);
  }
  throw new Error("not serving");
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port });
    const answer = (ok: boolean) => {
      socket.destroy();
      resolve(ok);
    };
    socket.once("connect", () => answer(true)).once("error", () => answer(false));
  });
}

/** A TCP port that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject).listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => (address !== null && typeof address === "object" ? resolve(address.port) : reject(new Error("no port"))));
    });
  });
}

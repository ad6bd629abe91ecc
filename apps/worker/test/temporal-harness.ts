/** A Temporal server, the workflow bundle and workers for tests. */
import { readdir, stat } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { startTestTemporal, type TestTemporal } from "@salvage/testkit/temporal";
import { Client, Connection } from "@temporalio/client";
import { DefaultLogger, NativeConnection, Runtime, Worker, type WorkerOptions } from "@temporalio/worker";
import { buildWorkflows, workflowBundlePath } from "../src/build-workflows.ts";

const workflowsFolder = fileURLToPath(new URL("../src/workflows/", import.meta.url));

/** Bundles the workflows unless the bundle is newer than all of them. */
export async function ensureBundle(): Promise<string> {
  const built = await modified(workflowBundlePath);
  const files = (await readdir(workflowsFolder)).map((name) => workflowsFolder + name);
  const newest = Math.max(...(await Promise.all([...files, fileURLToPath(import.meta.url)].map(modified))));
  if (built < newest) await buildWorkflows();
  return workflowBundlePath;
}

async function modified(path: string): Promise<number> {
  return (await stat(path).catch(() => ({ mtimeMs: 0 }))).mtimeMs;
}

export type TemporalHarness = {
  temporal: TestTemporal;
  client: Client;
  /** Starts a worker that is stopped with the harness. */
  worker(options: Omit<WorkerOptions, "connection" | "namespace">): Promise<void>;
  stop(): Promise<void>;
};

export async function startTemporalHarness(): Promise<TemporalHarness> {
  Runtime.install({ logger: new DefaultLogger("ERROR"), shutdownSignals: [] });
  const temporal = await startTestTemporal();
  const connection = await Connection.connect({ address: temporal.address });
  const native = await NativeConnection.connect({ address: temporal.address });
  const running: { worker: Worker; ended: Promise<void> }[] = [];
  return {
    temporal,
    client: new Client({ connection, namespace: temporal.namespace }),
    worker: async (options) => {
      const worker = await Worker.create({ shutdownForceTime: "1 second", ...options, connection: native, namespace: temporal.namespace });
      running.push({ worker, ended: worker.run() });
    },
    stop: async () => {
      for (const { worker } of running) worker.shutdown();
      await Promise.allSettled(running.map(({ ended }) => ended));
      await connection.close();
      await native.close();
      await temporal.stop();
    },
  };
}

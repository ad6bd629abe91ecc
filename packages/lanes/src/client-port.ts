/**
 * The few things that lanes ask of Temporal, and their real form over the SDK's client. The SDK is loaded and the
 * connection opened on first use: a process that never pokes pays nothing, and one that starts before Temporal does not fail.
 */
import type { WorkflowClient } from "@temporalio/client";
import type { TemporalSecurity } from "./security.ts";

/** A call that takes longer than this has failed; the sweep makes up for it. */
const callTimeoutMs = 3_000;

export type StartRequest = { workflowType: string; workflowId: string; taskQueue: string; input: unknown };

export type LaneClientPort = {
  /** Signals the running workflow of that id, starting one first if none runs. */
  signalWithStart(request: StartRequest & { signal: string }): Promise<void>;
  /** Starts a workflow unless one of that id runs already. */
  startOnce(request: StartRequest): Promise<void>;
  /** The query's answer, null when no such workflow runs. */
  query(workflowId: string, query: string): Promise<unknown>;
  close(): Promise<void>;
};

/**
 * @param address host:port of Temporal's front end
 * @param namespace default "default"
 */
export function createTemporalPort(address: string, namespace = "default", security: TemporalSecurity = {}): LaneClientPort {
  let opened: Promise<{ client: WorkflowClient; call<T>(work: () => Promise<T>): Promise<T>; close(): Promise<void> }> | null = null;
  const open = () => {
    opened ??= import("@temporalio/client").then(({ Connection, Client }) => {
      const connection = Connection.lazy({ address, ...security });
      return {
        client: new Client({ connection, namespace }).workflow,
        call: (work) => connection.withDeadline(Date.now() + callTimeoutMs, work),
        close: () => connection.close(),
      };
    });
    return opened;
  };
  return {
    async signalWithStart({ workflowType, workflowId, taskQueue, input, signal }) {
      const { client, call } = await open();
      await call(() => client.signalWithStart(workflowType, { workflowId, taskQueue, args: [input], signal, signalArgs: [] }));
    },
    async startOnce({ workflowType, workflowId, taskQueue, input }) {
      const { client, call } = await open();
      await call(() => client.start(workflowType, { workflowId, taskQueue, args: [input], workflowIdConflictPolicy: "USE_EXISTING" }));
    },
    async query(workflowId, query) {
      const { client, call } = await open();
      const handle = client.getHandle(workflowId);
      const { status } = await call(() => handle.describe());
      return status.name === "RUNNING" ? await call(() => handle.query(query)) : null;
    },
    async close() {
      if (opened !== null) await (await opened).close();
    },
  };
}

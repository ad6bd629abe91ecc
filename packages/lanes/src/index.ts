/**
 * The way into durable work for every process: wake a lane, start an import, wake an arrival, start a webhook delivery.
 * Rows in PostgreSQL are the truth and are committed first; everything here is only a hint that there is something to do.
 * So a failure is logged and dropped, and the sweep finds the row half a minute later.
 */
import {
  type ArrivalInput,
  type ImportInput,
  type IntakeInput,
  pokeSignal,
  progressQuery,
  taskQueues,
  type WebhookInput,
  type WorkProgress,
  workflowIds,
  workflowTypes,
} from "@salvage/contracts";
import { createTemporalPort, type LaneClientPort } from "./client-port.ts";
import { type PokeOutcome, PokeQueue, type PokeQueueOptions } from "./poke-queue.ts";
import type { TemporalSecurity } from "./security.ts";

export type { LaneClientPort, StartRequest } from "./client-port.ts";
export type { PokeOutcome } from "./poke-queue.ts";
export { readTemporalSecurity, type TemporalSecurity } from "./security.ts";

/** The part of a logger that lanes use; pino fits. */
export type LaneLogger = { warn(fields: object, message: string): void };

export type LanesOptions = {
  /** host:port of Temporal's front end. */
  address: string;
  /** Default "default". */
  namespace?: string;
  /** Default: no TLS, no key. */
  security?: TemporalSecurity;
  logger: LaneLogger;
  /** Counts pokes of intake lanes, for metrics. */
  onPoke?(outcome: PokeOutcome): void;
  /** Instead of a Temporal client, for tests. */
  port?: LaneClientPort;
  /** Other than the usual budget of pokes. */
  budget?: Pick<PokeQueueOptions, "coalesceMs" | "laneIntervalMs" | "sendsPerSecond" | "maxInFlight">;
};

export type Lanes = {
  /** Wakes a project's lane soon. Returns at once. Call it after the commit of the row. */
  pokeIntake(projectId: string): void;
  /** Starts the import of an upload unless it runs. Never rejects. */
  startImport(uploadId: string): Promise<void>;
  /** Makes an arrival look from its first page, starting it if need be. Never rejects. */
  pokeArrival(organizationId: string, fileKey: string): Promise<void>;
  /** Starts the delivery of a webhook unless it runs. Never rejects. */
  startWebhook(deliveryId: string): Promise<void>;
  /** How far a running arrival is; null when none runs or Temporal does not answer. */
  arrivalProgress(organizationId: string, fileKey: string): Promise<WorkProgress | null>;
  /** Sends the pokes that still wait, then lets go of the connection. */
  close(): Promise<void>;
};

/** While Temporal is away, one line in this time says so. */
const failureLogIntervalMs = 10_000;

/** Connects lazily: nothing happens until the first call. One per process, so that the budget of pokes is one. */
export function createLanes(options: LanesOptions): Lanes {
  const port = options.port ?? createTemporalPort(options.address, options.namespace, options.security);
  let failures = 0;
  let loggedAt = -Infinity;
  const dropped = (workflowId: string, error: unknown) => {
    failures += 1;
    if (Date.now() - loggedAt < failureLogIntervalMs) return;
    loggedAt = Date.now();
    options.logger.warn({ workflowId, failures, error: reason(error) }, "poke dropped; the sweep makes up for it");
    failures = 0;
  };
  const orDrop = (workflowId: string, work: Promise<void>) => work.catch((error: unknown) => dropped(workflowId, error));
  const intake = new PokeQueue({
    ...options.budget,
    ...(options.onPoke === undefined ? {} : { onPoke: options.onPoke }),
    send: (projectId) =>
      port.signalWithStart({
        workflowType: workflowTypes.intake,
        workflowId: workflowIds.intake(projectId),
        taskQueue: taskQueues.main,
        input: { projectId } satisfies IntakeInput,
        signal: pokeSignal,
      }),
    onError: (projectId, error) => dropped(workflowIds.intake(projectId), error),
  });
  return {
    pokeIntake: (projectId) => intake.poke(projectId),
    startImport: (uploadId) => {
      const workflowId = workflowIds.import(uploadId);
      const input: ImportInput = { uploadId };
      return orDrop(workflowId, port.startOnce({ workflowType: workflowTypes.import, workflowId, taskQueue: taskQueues.main, input }));
    },
    pokeArrival: (organizationId, fileKey) => {
      const workflowId = workflowIds.arrival(organizationId, fileKey);
      const input: ArrivalInput = { organizationId, fileKey, cursor: null, done: 0 };
      const request = { workflowType: workflowTypes.arrival, workflowId, taskQueue: taskQueues.main, input, signal: pokeSignal };
      return orDrop(workflowId, port.signalWithStart(request));
    },
    startWebhook: (deliveryId) => {
      const workflowId = workflowIds.webhook(deliveryId);
      const input: WebhookInput = { deliveryId };
      return orDrop(workflowId, port.startOnce({ workflowType: workflowTypes.webhook, workflowId, taskQueue: taskQueues.main, input }));
    },
    arrivalProgress: async (organizationId, fileKey) => {
      const answer = await port.query(workflowIds.arrival(organizationId, fileKey), progressQuery).catch(() => null);
      return isProgress(answer) ? answer : null;
    },
    close: async () => {
      await intake.close();
      await port.close();
    },
  };
}

function isProgress(value: unknown): value is WorkProgress {
  return typeof value === "object" && value !== null && "done" in value && typeof value.done === "number" && "total" in value;
}

/** The SDK wraps what went wrong: the innermost message says it. */
function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? reason(error.cause) : error.message;
}

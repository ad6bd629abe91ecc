/**
 * The namespace that TEMPORAL_NAMESPACE names, made where Temporal has none: its store may be lost at any time, and namespaces with it. Every
 * server has the namespace "default" from its start.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { taskQueues } from "@salvage/contracts";
import type { Logger } from "@salvage/telemetry";
import { type Client, isGrpcServiceError } from "@temporalio/client";
import { msToTs } from "@temporalio/common/lib/time.js";

/** What is finished is of no further use; Temporal wants at least a day. */
const keepFinished = "1 day";
/** A server learns of a new namespace by asking its store, every 10 s as it comes. */
const noticedWithinMs = 45_000;
const askAgainMs = 250;

/** Codes of gRPC. */
const notFound = 5;
const alreadyExists = 6;

/** Resolves when the namespace can be used. @throws when it is not there and cannot be made */
export async function ensureNamespace({ workflowService, options: { namespace } }: Client, logger: Logger): Promise<void> {
  if (await succeeds(workflowService.describeNamespace({ namespace }), notFound)) return;
  logger.info({ namespace }, "making the namespace, which Temporal does not have");
  await succeeds(workflowService.registerNamespace({ namespace, workflowExecutionRetentionPeriod: msToTs(keepFinished) }), alreadyExists);
  const givesUpAt = Date.now() + noticedWithinMs;
  const use = () => workflowService.describeTaskQueue({ namespace, taskQueue: { name: taskQueues.main } });
  while (!(await succeeds(use(), notFound))) {
    if (Date.now() > givesUpAt) throw new Error(`the namespace ${namespace} was made and cannot be used`);
    await sleep(askAgainMs);
  }
}

/** @param expected the code of failing that is an answer, too */
async function succeeds(call: Promise<unknown>, expected: number): Promise<boolean> {
  try {
    await call;
    return true;
  } catch (error) {
    if (isGrpcServiceError(error) && error.code === expected) return false;
    throw error;
  }
}

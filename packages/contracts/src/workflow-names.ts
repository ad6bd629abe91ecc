/**
 * Names and ids of workflows, without zod: workflow code runs in a sandbox that evaluates all it imports for every
 * workflow, so it imports this file alone (`@salvage/contracts/workflow-names`).
 */

/** Temporal task queues; separate, so that one kind of work cannot starve another. */
export const taskQueues = {
  /** Workflow tasks of all workflows, and the short housekeeping activities. */
  main: "salvage-main",
  intake: "salvage-intake",
  upgrade: "salvage-upgrade",
  import: "salvage-import",
} as const;

/** Workflow type names as registered by the worker. */
export const workflowTypes = {
  intake: "intake",
  import: "importUpload",
  arrival: "arrival",
  sweep: "sweep",
  retention: "retention",
  refresh: "refreshSymcaches",
  webhook: "deliverWebhook",
} as const;

/** Signal "look again"; carries nothing. Sent with signal-with-start. */
export const pokeSignal = "look-again";
/** Query that answers a WorkProgress. */
export const progressQuery = "progress";

export const workflowIds = {
  intake: (projectId: string) => `intake/${projectId}`,
  import: (uploadId: string) => `import/${uploadId}`,
  arrival: (organizationId: string, fileKey: string) => `arrival/${organizationId}/${fileKey}`,
  sweep: () => "sweep",
  retention: () => "retention",
  refresh: () => "refresh-symcaches",
  webhook: (deliveryId: string) => `webhook/${deliveryId}`,
} as const;

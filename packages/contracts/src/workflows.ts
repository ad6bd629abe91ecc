/**
 * Names, ids and inputs of every workflow: the only thing that ingest, web and worker share about durable work.
 * Payloads carry ids, never rows or bytes. Why lanes and batches: docs/adr/0001-lanes-and-batches.md.
 */
import { z } from "zod";

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
  webhook: "deliverWebhook",
} as const;

/** Signal "look again"; carries nothing. Sent with signal-with-start. */
export const pokeSignal = "look-again";
/** Query that answers a WorkProgress. */
export const progressQuery = "progress";

export const intakeInput = z.object({ projectId: z.string() });
export type IntakeInput = z.infer<typeof intakeInput>;

export const importInput = z.object({ uploadId: z.string() });
export type ImportInput = z.infer<typeof importInput>;

/** `cursor`: last crash id of the page before, in this run of the scan; null = from the start. */
export const arrivalInput = z.object({
  organizationId: z.string(),
  fileKey: z.string(),
  cursor: z.string().nullable(),
  done: z.number().int(),
});
export type ArrivalInput = z.infer<typeof arrivalInput>;

export const webhookInput = z.object({ deliveryId: z.string() });
export type WebhookInput = z.infer<typeof webhookInput>;

export type WorkProgress = { done: number; total: number | null };

export const workflowIds = {
  intake: (projectId: string) => `intake/${projectId}`,
  import: (uploadId: string) => `import/${uploadId}`,
  arrival: (organizationId: string, fileKey: string) => `arrival/${organizationId}/${fileKey}`,
  sweep: () => "sweep",
  retention: () => "retention",
  webhook: (deliveryId: string) => `webhook/${deliveryId}`,
} as const;

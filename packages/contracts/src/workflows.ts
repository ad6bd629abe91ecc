/**
 * Names, ids and inputs of every workflow: the only thing that ingest, web and worker share about durable work.
 * Payloads carry ids, never rows or bytes. Why lanes and batches: docs/adr/0001-lanes-and-batches.md.
 */
import { z } from "zod";

export * from "./workflow-names.ts";

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

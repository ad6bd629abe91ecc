/** One attempt to deliver a webhook, and what follows from its outcome. */
import type { WebhookInput } from "@salvage/contracts";
import type { SystemWebhooks } from "@salvage/db/system";
import { type Logger, metrics } from "@salvage/telemetry";
import { webhookBody, webhookHeaders } from "../webhooks/message.ts";
import { sendWebhook } from "../webhooks/send.ts";

export type WebhookPorts = { webhooks: SystemWebhooks; publicUrl: string; allowPrivateWebhooks: boolean; logger: Logger };

export type WebhookActivities = ReturnType<typeof createWebhookActivities>;

const minuteMs = 60_000;
/** Pauses after the first, second, … failed attempt; after the last the delivery has failed. About nine hours in all. */
export const webhookPausesMs: readonly number[] = [10_000, minuteMs, 5 * minuteMs, 30 * minuteMs, 120 * minuteMs, 360 * minuteMs];

export function createWebhookActivities({ webhooks, publicUrl, allowPrivateWebhooks, logger }: WebhookPorts) {
  return {
    /** Repeating sends twice; the receiver tells repeats by the delivery id. */
    async attemptDelivery({ deliveryId }: WebhookInput): Promise<{ nextAttemptInMs: number | null }> {
      const delivery = await webhooks.delivery(deliveryId);
      if (delivery === null || delivery.state !== "pending") return { nextAttemptInMs: null };
      if (delivery.disabled) {
        await webhooks.record(deliveryId, { delivered: false, status: null, error: "the webhook was disabled", nextAttemptAt: null });
        return { nextAttemptInMs: null };
      }
      const body = webhookBody(delivery, publicUrl);
      const answer = await sendWebhook(
        { url: delivery.url, headers: webhookHeaders(delivery, body, Date.now()), body },
        allowPrivateWebhooks,
      );
      const delivered = answer.error === null;
      const pause = delivered || answer.refused ? null : (webhookPausesMs[delivery.attempts] ?? null);
      const nextAttemptAt = pause === null ? null : new Date(Date.now() + pause);
      await webhooks.record(deliveryId, { delivered, status: answer.status, error: answer.error, nextAttemptAt });
      metrics.webhookDeliveries.inc({ outcome: delivered ? "delivered" : answer.refused ? "refused" : "failed" });
      logger.info({ deliveryId, delivered, status: answer.status, problem: answer.error }, "webhook attempted");
      return { nextAttemptInMs: pause };
    },
  };
}

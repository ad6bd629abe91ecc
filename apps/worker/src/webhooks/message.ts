/**
 * What a webhook delivers and how it is signed. The receiver checks
 *   Salvage-Signature: t=<unix seconds>,v1=<hex HMAC-SHA256 of "<t>.<body>" with the webhook's secret>
 * and refuses old times, so that a recorded request cannot be sent again.
 */
import { createHmac } from "node:crypto";
import type { StoredWebhookDelivery } from "@salvage/db/system";

/** The JSON body. `publicUrl`: where members reach the dashboard. */
export function webhookBody(delivery: StoredWebhookDelivery, publicUrl: string): string {
  const { issue, crash } = delivery;
  return JSON.stringify({
    event: delivery.event,
    delivery_id: delivery.id,
    created_at: delivery.createdAt.toISOString(),
    organization: delivery.organizationSlug,
    project: delivery.projectSlug,
    issue: {
      id: issue.id,
      url: `${publicUrl}/${delivery.organizationSlug}/${delivery.projectSlug}/issues/${issue.id}`,
      signature: issue.signature,
      cause: issue.cause,
      crashes: issue.crashes,
      first_seen_at: issue.firstSeenAt.toISOString(),
    },
    crash: crash === null ? null : { id: crash.id, release: crash.release, crash_reason: crash.crashReason },
  });
}

/** Headers of one attempt. `now`: milliseconds since 1970. */
export function webhookHeaders(delivery: StoredWebhookDelivery, body: string, now: number): Record<string, string> {
  const time = Math.floor(now / 1000);
  const signature = createHmac("sha256", delivery.secret).update(`${time}.${body}`).digest("hex");
  return {
    "content-type": "application/json",
    "user-agent": "Salvage-Webhook/1",
    "salvage-event": delivery.event,
    "salvage-delivery": delivery.id,
    "salvage-signature": `t=${time},v1=${signature}`,
  };
}

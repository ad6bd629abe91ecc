/** Webhook deliveries, as the worker sends them. */
import type { WebhookEvent } from "@salvage/contracts";
import type { Sql } from "../shared/sql.ts";
import { storableTextOrNull } from "../shared/text.ts";
import type { StoredWebhookDelivery, SystemWebhooks } from "./ports.ts";

type DeliveryRow = {
  id: string;
  organization_id: string;
  project_id: string;
  project_slug: string;
  organization_slug: string;
  url: string;
  secret: string;
  disabled: boolean;
  event: WebhookEvent;
  attempts: number;
  state: StoredWebhookDelivery["state"];
  created_at: Date;
  issue_id: string | null;
  signature: string;
  cause: string | null;
  crash_count: number;
  first_seen_at: Date;
  crash_id: string | null;
  release: string | null;
  crash_reason: string | null;
};

export function createSystemWebhooks(sql: Sql): SystemWebhooks {
  return {
    async delivery(deliveryId) {
      // The issue may have been merged into another since; then that one is told about.
      const [row] = await sql.rows<DeliveryRow>(
        `SELECT d.id, d.organization_id, w.project_id::text, p.slug AS project_slug, o.slug AS organization_slug, w.url, w.secret, w.disabled, d.event, d.attempts,
           d.state, d.created_at, i.id AS issue_id, i.signature, i.cause, i.crash_count, i.first_seen_at, c.id AS crash_id, c.release, c.crash_reason
         FROM webhook_deliveries d JOIN webhooks w ON w.id = d.webhook_id JOIN projects p ON p.id = w.project_id JOIN organizations o ON o.id = d.organization_id
         LEFT JOIN issue_redirects r ON r.from_issue_id = d.issue_id LEFT JOIN issues i ON i.id = coalesce(r.to_issue_id, d.issue_id)
         LEFT JOIN crashes c ON c.id = d.crash_id AND c.deleted_at IS NULL
         WHERE d.id = $1`,
        [deliveryId],
      );
      if (row === undefined || row.issue_id === null) return null;
      return {
        id: row.id,
        organizationId: row.organization_id,
        projectId: row.project_id,
        projectSlug: row.project_slug,
        organizationSlug: row.organization_slug,
        url: row.url,
        secret: row.secret,
        disabled: row.disabled,
        event: row.event,
        attempts: row.attempts,
        state: row.state,
        issue: { id: row.issue_id, signature: row.signature, cause: row.cause, crashes: row.crash_count, firstSeenAt: row.first_seen_at },
        crash: row.crash_id === null ? null : { id: row.crash_id, release: row.release, crashReason: row.crash_reason },
        createdAt: row.created_at,
      };
    },
    async record(deliveryId, outcome) {
      await sql.run(
        `UPDATE webhook_deliveries SET attempts = attempts + 1, last_status = $2, last_error = $3, next_attempt_at = $4,
           state = CASE WHEN $5 THEN 'delivered' WHEN $4::timestamptz IS NULL THEN 'failed' ELSE 'pending' END
         WHERE id = $1`,
        [
          deliveryId,
          outcome.status,
          storableTextOrNull(outcome.error, 500),
          outcome.delivered ? null : outcome.nextAttemptAt,
          outcome.delivered,
        ],
      );
    },
  };
}

/** Webhooks of a project, their deliveries, refused posts and the audit log. */
import { limitKnob, refusalReason, type WebhookView, webhookDeliveryView, webhookEvent } from "@salvage/contracts";
import { pageSize, toPage, unpackCursor } from "../shared/page.ts";
import { newToken } from "../shared/secrets.ts";
import { asUuid, storableText } from "../shared/text.ts";
import type { OrgAudit, OrgRefusals, OrgWebhooks } from "./ports.ts";
import { findProject, type OrgScope } from "./scope.ts";

const shownDeliveries = 10;
const refusalDays = 30;

export function createOrgWebhooks(scope: OrgScope): OrgWebhooks {
  const { organizationId } = scope;
  return {
    list({ projectSlug }) {
      return scope.run(async (tx) => {
        const project = await findProject(scope, tx, projectSlug);
        if (project === null) return null;
        const webhooks = await tx.models.webhook.findMany({
          where: { projectId: project.id },
          include: { deliveries: { orderBy: [{ createdAt: "desc" }, { id: "asc" }], take: shownDeliveries } },
          orderBy: [{ createdAt: "asc" }, { id: "asc" }],
        });
        return webhooks.map((webhook) => webhookView(webhook, webhook.deliveries));
      });
    },
    create({ projectSlug, url, events }) {
      return scope.run(async (tx) => {
        const project = await findProject(scope, tx, projectSlug);
        if (project === null) return null;
        const secret = `whsec_${newToken()}`;
        const webhook = await tx.models.webhook.create({
          data: { organizationId, projectId: project.id, url: storableText(url, 2000), events: [...new Set(events)], secret },
        });
        await scope.audit(tx, "webhook.create", `${project.slug}: ${new URL(url).host}`, { events });
        return { secret, view: webhookView(webhook, []) };
      });
    },
    async update({ webhookId, disabled, url, events }) {
      const id = asUuid(webhookId);
      if (id === null) return "not found";
      return scope.run(async (tx) => {
        const data = {
          ...(disabled === undefined ? {} : { disabled }),
          ...(url === undefined ? {} : { url: storableText(url, 2000) }),
          ...(events === undefined ? {} : { events: [...new Set(events)] }),
        };
        const changed = await tx.models.webhook.updateMany({ where: { id, organizationId }, data });
        if (changed.count === 0) return "not found";
        await scope.audit(tx, "webhook.update", id, { changed: Object.keys(data) });
        return "done";
      });
    },
    async delete({ webhookId }) {
      const id = asUuid(webhookId);
      if (id === null) return "not found";
      return scope.run(async (tx) => {
        const deleted = await tx.models.webhook.deleteMany({ where: { id, organizationId } });
        if (deleted.count === 0) return "not found";
        await scope.audit(tx, "webhook.delete", id);
        return "done";
      });
    },
    async redeliver({ deliveryId }) {
      const id = asUuid(deliveryId);
      if (id === null) return "not found";
      return scope.run(async (tx) => {
        const queued = await tx.models.webhookDelivery.updateMany({
          where: { id, organizationId },
          data: { state: "pending", attempts: 0, nextAttemptAt: new Date(), lastError: null, lastStatus: null },
        });
        if (queued.count === 0) return "not found";
        await scope.audit(tx, "webhook.redeliver", id);
        return "done";
      });
    },
  };
}

type RefusalRow = {
  reason: string;
  count: number;
  last_at: Date;
  example: string | null;
  limit_value: number | null;
  seen_value: number | null;
  knob: string | null;
};

export function createOrgRefusals(scope: OrgScope): OrgRefusals {
  return {
    list({ projectSlug }) {
      return scope.run(async (tx) => {
        const project = await findProject(scope, tx, projectSlug);
        if (project === null) return null;
        const rows = await tx.sql.rows<RefusalRow>(
          `SELECT reason, sum(count)::int AS count, max(last_at) AS last_at, (array_agg(example ORDER BY last_at DESC) FILTER (WHERE example IS NOT NULL))[1] AS example,
             (array_agg(limit_value ORDER BY last_at DESC))[1]::float8 AS limit_value, (array_agg(seen_value ORDER BY last_at DESC))[1]::float8 AS seen_value,
             (array_agg(knob ORDER BY last_at DESC))[1] AS knob
           FROM refusal_counts WHERE project_id = $1::bigint AND organization_id = $2::uuid AND day > current_date - ${refusalDays}
           GROUP BY reason ORDER BY 2 DESC, 1`,
          [project.id, scope.organizationId],
        );
        return rows.map((row) => ({
          reason: refusalReason.parse(row.reason),
          count: row.count,
          lastAt: row.last_at.toISOString(),
          example: row.example,
          limit: row.limit_value,
          seen: row.seen_value,
          knob: limitKnob.nullable().parse(row.knob),
        }));
      });
    },
  };
}

export function createOrgAudit(scope: OrgScope): OrgAudit {
  return {
    async list({ cursor, limit }) {
      const after = unpackCursor(cursor, "time");
      const size = pageSize(limit);
      const rows = await scope.run(({ sql }) =>
        sql.rows<{ id: string; at: Date; actor: string; action: string; subject: string; detail: Record<string, unknown> }>(
          `SELECT id, at, actor, action, subject, detail FROM audit_entries
           WHERE organization_id = $1::uuid AND ($2::timestamptz IS NULL OR (at, id) < ($2::timestamptz, $3::uuid)) ORDER BY at DESC, id DESC LIMIT $4::int`,
          [scope.organizationId, after?.value ?? null, after?.id ?? null, size + 1],
        ),
      );
      return toPage(
        rows,
        size,
        (row) => ({ value: row.at, id: row.id }),
        (row) => ({ id: row.id, at: row.at.toISOString(), actor: row.actor, action: row.action, subject: row.subject, detail: row.detail }),
      );
    },
  };
}

type WebhookRow = { id: string; url: string; events: string[]; disabled: boolean; createdAt: Date };
type DeliveryRow = {
  id: string;
  event: string;
  state: string;
  attempts: number;
  lastStatus: number | null;
  lastError: string | null;
  createdAt: Date;
};

function webhookView(webhook: WebhookRow, deliveries: readonly DeliveryRow[]): WebhookView {
  return {
    id: webhook.id,
    url: webhook.url,
    events: webhookEvent.array().parse(webhook.events),
    disabled: webhook.disabled,
    createdAt: webhook.createdAt.toISOString(),
    deliveries: deliveries.map((delivery) => webhookDeliveryView.parse({ ...delivery, createdAt: delivery.createdAt.toISOString() })),
  };
}

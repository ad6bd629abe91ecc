"use client";
/** The project's webhooks with their last deliveries. */
import type { WebhookDeliveryView, WebhookEvent, WebhookView } from "@salvage/contracts";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Ban, CircleCheck, CircleX, LoaderCircle, Plus, Trash2, Webhook } from "lucide-react";
import { useState } from "react";
import { toast } from "sonner";
import { explain, useDisabledReason, useOrg } from "#web/features/workspace/index.ts";
import { useTRPC } from "#web/server/trpc-client.tsx";
import { Badge, StateText } from "#web/ui/badge.tsx";
import { Button } from "#web/ui/button.tsx";
import { CopyField } from "#web/ui/copy.tsx";
import { ConfirmDialog } from "#web/ui/dialog.tsx";
import { plural } from "#web/ui/format.ts";
import { LoadFailed } from "#web/ui/load-failed.tsx";
import { EmptyState, Notice, Panel, TableSkeleton } from "#web/ui/page.tsx";
import { RelativeTime } from "#web/ui/relative-time.tsx";
import { NewWebhookDialog } from "./new-webhook-dialog.tsx";

export const eventWords: Record<WebhookEvent, string> = { "issue.new": "New issue", "issue.regressed": "Regressed issue" };

const refreshMs = 4000;

export function Webhooks({ projectSlug }: { projectSlug: string }) {
  const trpc = useTRPC();
  const { orgSlug } = useOrg();
  const [making, setMaking] = useState(false);
  const [secret, setSecret] = useState<string | null>(null);
  const mayWrite = useDisabledReason("project:write");
  const hooks = useQuery(trpc.webhooks.list.queryOptions({ orgSlug, projectSlug }, { refetchInterval: refreshMs }));
  const newButton = (
    <Button variant="primary" disabledReason={mayWrite} onClick={() => setMaking(true)}>
      <Plus aria-hidden /> New webhook
    </Button>
  );
  return (
    <div className="space-y-3">
      <div className="flex flex-wrap items-start justify-between gap-3">
        <p className="max-w-2xl text-ink-2">
          A signed POST for each new or regressed issue, tried again with growing pauses until it is answered with success. The header{" "}
          <code className="text-xs">Salvage-Signature</code> proves where it came from.
        </p>
        {newButton}
      </div>
      {secret === null ? null : (
        <Notice
          tone="good"
          live
          title="Copy the signing secret now. It is shown this once."
          actions={
            <Button size="sm" onClick={() => setSecret(null)}>
              I have it
            </Button>
          }
        >
          <div className="mt-2">
            <CopyField label="Signing secret" text={secret} />
          </div>
        </Notice>
      )}
      {hooks.data === undefined ? (
        hooks.isError ? (
          <LoadFailed what="The webhooks" why={explain(hooks.error)} onRetry={() => void hooks.refetch()} />
        ) : (
          <TableSkeleton rows={3} />
        )
      ) : hooks.data.length === 0 ? (
        <EmptyState icon={Webhook} title="No webhook yet" actions={newButton}>
          Point one at your chat or tracker to hear of a new crash within seconds.
        </EmptyState>
      ) : (
        hooks.data.map((hook) => <WebhookCard key={hook.id} hook={hook} />)
      )}
      <NewWebhookDialog open={making} onOpenChange={setMaking} projectSlug={projectSlug} onMade={setSecret} />
    </div>
  );
}

function WebhookCard({ hook }: { hook: WebhookView }) {
  const trpc = useTRPC();
  const { orgSlug } = useOrg();
  const queryClient = useQueryClient();
  const [asking, setAsking] = useState(false);
  const mayWrite = useDisabledReason("project:write");
  const options = {
    onSuccess: () => queryClient.invalidateQueries(trpc.webhooks.pathFilter()),
    onError: (error: unknown) => void toast.error(explain(error)),
  };
  const update = useMutation(trpc.webhooks.update.mutationOptions(options));
  const remove = useMutation(trpc.webhooks.delete.mutationOptions(options));
  const redeliver = useMutation(trpc.webhooks.redeliver.mutationOptions(options));
  return (
    <Panel
      title={<code className="font-medium [overflow-wrap:anywhere]">{hook.url}</code>}
      actions={
        <>
          {hook.events.map((event) => (
            <Badge key={event}>{eventWords[event]}</Badge>
          ))}
          {hook.disabled ? (
            <Badge tone="bad" icon={Ban}>
              Disabled
            </Badge>
          ) : null}
          <Button
            size="sm"
            disabledReason={mayWrite}
            busy={update.isPending}
            onClick={() => update.mutate({ orgSlug, webhookId: hook.id, disabled: !hook.disabled })}
          >
            {hook.disabled ? "Enable" : "Disable"}
          </Button>
          <Button
            size="sm"
            variant="danger"
            disabledReason={mayWrite}
            aria-label={`Delete the webhook ${hook.url}`}
            onClick={() => setAsking(true)}
          >
            <Trash2 aria-hidden />
          </Button>
        </>
      }
      bodyClass="p-0"
    >
      {hook.deliveries.length === 0 ? (
        <p className="px-4 py-3 text-sm text-ink-3">Nothing was delivered yet. The next new issue is the first.</p>
      ) : (
        <ul className="divide-y divide-line">
          {hook.deliveries.map((delivery) => (
            <li key={delivery.id} className="flex min-h-9 flex-wrap items-center gap-x-3 px-4 py-1 text-sm">
              <DeliveryMark delivery={delivery} />
              <span>{eventWords[delivery.event]}</span>
              <span className="text-ink-3">
                {plural(delivery.attempts, "attempt")}
                {delivery.lastStatus === null ? "" : `, answered ${delivery.lastStatus}`}
              </span>
              {delivery.lastError === null ? null : (
                <span className="min-w-0 text-ink-2 [overflow-wrap:anywhere]">{delivery.lastError}</span>
              )}
              <span className="ml-auto flex items-center gap-3 text-ink-3">
                <RelativeTime at={delivery.createdAt} />
                {delivery.state === "pending" ? null : (
                  <Button
                    size="sm"
                    variant="ghost"
                    disabledReason={mayWrite}
                    busy={redeliver.isPending}
                    onClick={() =>
                      redeliver.mutate({ orgSlug, deliveryId: delivery.id }, { onSuccess: () => toast.success("Sending it again") })
                    }
                  >
                    Send again
                  </Button>
                )}
              </span>
            </li>
          ))}
        </ul>
      )}
      <ConfirmDialog
        open={asking}
        onOpenChange={setAsking}
        title="Delete this webhook?"
        description="Nothing is sent to it any more, and its delivery history goes with it."
        action="Delete webhook"
        onConfirm={() => remove.mutateAsync({ orgSlug, webhookId: hook.id })}
      />
    </Panel>
  );
}

function DeliveryMark({ delivery }: { delivery: WebhookDeliveryView }) {
  if (delivery.state === "delivered")
    return (
      <StateText tone="good" icon={CircleCheck}>
        Delivered
      </StateText>
    );
  if (delivery.state === "failed")
    return (
      <StateText tone="bad" icon={CircleX}>
        Failed
      </StateText>
    );
  return (
    <StateText tone="info" icon={LoaderCircle} spin>
      Sending
    </StateText>
  );
}

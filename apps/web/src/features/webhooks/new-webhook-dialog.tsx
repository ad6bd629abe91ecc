"use client";
/** The form of a new webhook. */
import { type WebhookEvent, webhookEvent } from "@salvage/contracts";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { explain, useOrg } from "#web/features/workspace/index.ts";
import { useTRPC } from "#web/server/trpc-client.tsx";
import { Button } from "#web/ui/button.tsx";
import { Dialog } from "#web/ui/dialog.tsx";
import { Checkbox, Field, Input } from "#web/ui/field.tsx";

const sentences: Record<WebhookEvent, string> = {
  "issue.new": "A crash happens in a place that was not seen before",
  "issue.regressed": "A resolved issue crashes again",
};

export function NewWebhookDialog({
  open,
  onOpenChange,
  projectSlug,
  onMade,
}: {
  open: boolean;
  onOpenChange(open: boolean): void;
  projectSlug: string;
  onMade(secret: string): void;
}) {
  const trpc = useTRPC();
  const { orgSlug } = useOrg();
  const queryClient = useQueryClient();
  const [url, setUrl] = useState("");
  const [events, setEvents] = useState<ReadonlySet<WebhookEvent>>(new Set(webhookEvent.options));
  const create = useMutation(
    trpc.webhooks.create.mutationOptions({
      onSuccess: ({ secret }) => {
        onMade(secret);
        onOpenChange(false);
        setUrl("");
        return queryClient.invalidateQueries(trpc.webhooks.pathFilter());
      },
    }),
  );
  function toggle(event: WebhookEvent) {
    const next = new Set(events);
    if (!next.delete(event)) next.add(event);
    setEvents(next);
  }
  const missing = url.trim() === "" ? "Give an address first" : events.size === 0 ? "Choose at least one event" : null;
  return (
    <Dialog open={open} onOpenChange={onOpenChange} title="New webhook">
      <form
        className="space-y-4"
        onSubmit={(event) => {
          event.preventDefault();
          if (missing === null)
            create.mutate({ orgSlug, projectSlug, url: url.trim(), events: webhookEvent.options.filter((each) => events.has(each)) });
        }}
      >
        <Field
          label="Address"
          hint="Private addresses are refused unless the operator of this server allows them."
          error={create.error === null ? undefined : explain(create.error)}
        >
          {(ids) => (
            <Input
              {...ids}
              type="url"
              value={url}
              onChange={(event) => setUrl(event.target.value)}
              placeholder="https://chat.example.com/hooks/crashes"
              spellCheck={false}
            />
          )}
        </Field>
        <fieldset>
          <legend className="mb-1.5 text-sm font-medium text-ink-2">Tell it when</legend>
          <div className="space-y-1.5">
            {webhookEvent.options.map((event) => (
              <Checkbox key={event} label={sentences[event]} checked={events.has(event)} onChange={() => toggle(event)} />
            ))}
          </div>
        </fieldset>
        <div className="flex justify-end gap-2">
          <Button onClick={() => onOpenChange(false)}>Cancel</Button>
          <Button type="submit" variant="primary" busy={create.isPending} disabledReason={missing}>
            Make webhook
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

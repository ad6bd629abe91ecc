"use client";
/** A project's client keys: addresses, rate limit, disable, delete; snippets of the one that is open. */
import type { ClientKeyView } from "@salvage/contracts";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Ban, CircleCheck, KeyRound, Plus, Trash2 } from "lucide-react";
import { useState } from "react";
import { toast } from "sonner";
import { explain, useDisabledReason, useOrg } from "#web/features/workspace/index.ts";
import { useTRPC } from "#web/server/trpc-client.tsx";
import { Badge } from "#web/ui/badge.tsx";
import { Button } from "#web/ui/button.tsx";
import { CopyField } from "#web/ui/copy.tsx";
import { ConfirmDialog, Dialog } from "#web/ui/dialog.tsx";
import { Field, Input } from "#web/ui/field.tsx";
import { formatCount } from "#web/ui/format.ts";
import { EmptyState, Panel, TableSkeleton } from "#web/ui/page.tsx";
import { RelativeTime } from "#web/ui/relative-time.tsx";
import { clientUrls } from "./client-urls.ts";
import { Snippets } from "./snippets.tsx";

export function ClientKeys({ projectSlug, projectId }: { projectSlug: string; projectId: string }) {
  const trpc = useTRPC();
  const { orgSlug } = useOrg();
  const [naming, setNaming] = useState(false);
  const mayWrite = useDisabledReason("project:write");
  const keys = useQuery(trpc.clientKeys.list.queryOptions({ orgSlug, projectSlug }));
  const newButton = (
    <Button variant="primary" disabledReason={mayWrite} onClick={() => setNaming(true)}>
      <Plus aria-hidden /> New client key
    </Button>
  );
  return (
    <div className="space-y-3">
      <div className="flex flex-wrap items-start justify-between gap-3">
        <p className="max-w-2xl text-ink-2">
          A client key is part of your program and therefore public: it may post crashes to this project and do nothing else. Disable one to
          stop its senders.
        </p>
        {newButton}
      </div>
      {keys.data === undefined ? (
        <TableSkeleton rows={3} />
      ) : keys.data.length === 0 ? (
        <EmptyState icon={KeyRound} title="This project has no client key" actions={newButton}>
          Without one nothing can post crashes here.
        </EmptyState>
      ) : (
        keys.data.map((key, index) => (
          <KeyCard key={key.id} view={key} projectId={projectId} projectSlug={projectSlug} open={index === 0} />
        ))
      )}
      <NewKeyDialog open={naming} onOpenChange={setNaming} projectSlug={projectSlug} />
    </div>
  );
}

function useKeyChanges() {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const onSuccess = () => queryClient.invalidateQueries(trpc.clientKeys.pathFilter());
  const onError = (error: unknown) => void toast.error(explain(error));
  return {
    create: useMutation(trpc.clientKeys.create.mutationOptions({ onSuccess, onError })),
    update: useMutation(trpc.clientKeys.update.mutationOptions({ onSuccess, onError })),
    remove: useMutation(trpc.clientKeys.delete.mutationOptions({ onSuccess, onError })),
  };
}

function KeyCard({
  view,
  projectId,
  projectSlug,
  open: startsOpen,
}: {
  view: ClientKeyView;
  projectId: string;
  projectSlug: string;
  open: boolean;
}) {
  const { orgSlug, crashUrl } = useOrg();
  const [open, setOpen] = useState(startsOpen);
  const [asking, setAsking] = useState(false);
  const mayWrite = useDisabledReason("project:write");
  const { update, remove } = useKeyChanges();
  const urls = clientUrls(crashUrl, projectId, view.publicKey);
  return (
    <Panel
      title={
        <span className="flex flex-wrap items-center gap-2">
          {view.name}
          {view.disabled ? (
            <Badge tone="bad" icon={Ban}>
              Disabled
            </Badge>
          ) : (
            <Badge tone="good" icon={CircleCheck}>
              Active
            </Badge>
          )}
        </span>
      }
      description={
        <>
          Made <RelativeTime at={view.createdAt} /> ·{" "}
          {view.lastUsedAt === null ? (
            "never used"
          ) : (
            <>
              last used <RelativeTime at={view.lastUsedAt} />
            </>
          )}
        </>
      }
      actions={
        <>
          <Button size="sm" aria-expanded={open} onClick={() => setOpen(!open)}>
            {open ? "Hide snippets" : "Snippets"}
          </Button>
          <Button
            size="sm"
            disabledReason={mayWrite}
            busy={update.isPending}
            onClick={() =>
              update.mutate(
                { orgSlug, keyId: view.id, disabled: !view.disabled },
                { onSuccess: () => toast.success(view.disabled ? "Key enabled" : "Key disabled; its posts are refused") },
              )
            }
          >
            {view.disabled ? "Enable" : "Disable"}
          </Button>
          <Button
            size="sm"
            variant="danger"
            disabledReason={mayWrite}
            onClick={() => setAsking(true)}
            aria-label={`Delete the key ${view.name}`}
          >
            <Trash2 aria-hidden />
          </Button>
        </>
      }
      bodyClass="space-y-4"
    >
      <div className="grid gap-3 lg:grid-cols-2">
        <CopyField label="Minidump URL" text={urls.minidump} hint="For curl, Crashpad, Breakpad and Electron" />
        <CopyField label="DSN" text={urls.dsn} hint="For sentry-native and other Sentry clients" />
      </div>
      <RateLimit
        view={view}
        disabledReason={mayWrite}
        onSave={(rateLimitPerMinute) => update.mutateAsync({ orgSlug, keyId: view.id, rateLimitPerMinute })}
      />
      {open ? <Snippets urls={urls} /> : null}
      <ConfirmDialog
        open={asking}
        onOpenChange={setAsking}
        title={`Delete the key ${view.name}?`}
        description={`Programs in the field that carry it can no longer send crashes to ${projectSlug}. Crashes already here stay. To stop it for a while, disable it instead.`}
        action="Delete key"
        typed={view.name}
        onConfirm={() => remove.mutateAsync({ orgSlug, keyId: view.id })}
      />
    </Panel>
  );
}

function RateLimit({
  view,
  disabledReason,
  onSave,
}: {
  view: ClientKeyView;
  disabledReason: string | null;
  onSave(value: number | null): Promise<unknown>;
}) {
  const [text, setText] = useState(view.rateLimitPerMinute === null ? "" : String(view.rateLimitPerMinute));
  const [busy, setBusy] = useState(false);
  const value = text.trim() === "" ? null : Number(text);
  const wrong = value !== null && (!Number.isInteger(value) || value < 1 || value > 1_000_000);
  const changed = value !== view.rateLimitPerMinute;
  return (
    <form
      className="flex flex-wrap items-end gap-2"
      onSubmit={(event) => {
        event.preventDefault();
        if (wrong || !changed) return;
        setBusy(true);
        void onSave(value)
          .then(() => toast.success(value === null ? "The server's limit applies" : `At most ${formatCount(value)} crashes a minute`))
          .catch(() => undefined)
          .finally(() => setBusy(false));
      }}
    >
      <Field label="Crashes per minute" error={wrong ? "A whole number from 1 to 1,000,000" : undefined} className="w-52">
        {(ids) => (
          <Input
            {...ids}
            inputMode="numeric"
            placeholder="The server's limit"
            value={text}
            disabled={disabledReason !== null}
            onChange={(event) => setText(event.target.value)}
          />
        )}
      </Field>
      {changed ? (
        <Button type="submit" busy={busy}>
          Save
        </Button>
      ) : null}
    </form>
  );
}

function NewKeyDialog({ open, onOpenChange, projectSlug }: { open: boolean; onOpenChange(open: boolean): void; projectSlug: string }) {
  const { orgSlug } = useOrg();
  const [name, setName] = useState("");
  const { create } = useKeyChanges();
  return (
    <Dialog
      open={open}
      onOpenChange={onOpenChange}
      title="New client key"
      description="One key per program or platform lets you stop one sender without the others."
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (name.trim() === "") return;
          create.mutate(
            { orgSlug, projectSlug, name: name.trim() },
            {
              onSuccess: () => {
                toast.success("Client key made");
                setName("");
                onOpenChange(false);
              },
            },
          );
        }}
      >
        <Field label="Name">
          {(ids) => (
            <Input {...ids} value={name} maxLength={80} onChange={(event) => setName(event.target.value)} placeholder="Windows launcher" />
          )}
        </Field>
        <div className="mt-4 flex justify-end gap-2">
          <Button onClick={() => onOpenChange(false)}>Cancel</Button>
          <Button type="submit" variant="primary" busy={create.isPending}>
            Make key
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

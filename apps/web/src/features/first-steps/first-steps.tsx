"use client";
/** Three cards with live ticks; the first turns green when the first crash arrives, with a link to it. */
import { useQuery } from "@tanstack/react-query";
import { Check, LoaderCircle } from "lucide-react";
import type { ReactNode } from "react";
import { clientUrls, Snippets } from "#web/features/client-keys/index.ts";
import { UploadArea } from "#web/features/uploads/index.ts";
import { paths, useMay, useOrg } from "#web/features/workspace/index.ts";
import { useTRPC } from "#web/server/trpc-client.tsx";
import { ButtonLink } from "#web/ui/button.tsx";
import { cn } from "#web/ui/cn.ts";
import { CodeBlock, CopyField } from "#web/ui/copy.tsx";
import { Notice } from "#web/ui/page.tsx";
import { Tabs } from "#web/ui/tabs.tsx";
import { uploadSnippets } from "./upload-snippets.ts";

const refreshMs = 1500;

export function FirstSteps({ projectSlug, projectId }: { projectSlug: string; projectId: string }) {
  const trpc = useTRPC();
  const { orgSlug, publicUrl, crashUrl } = useOrg();
  const mayInvite = useMay("organization:admin");
  const keys = useQuery(trpc.clientKeys.list.queryOptions({ orgSlug, projectSlug }));
  const crashes = useQuery(
    trpc.crashes.list.queryOptions(
      { orgSlug, projectSlug },
      { refetchInterval: (query) => ((query.state.data?.items.length ?? 0) > 0 ? 10_000 : refreshMs) },
    ),
  );
  const files = useQuery(
    trpc.debugFiles.list.queryOptions(
      { orgSlug },
      { refetchInterval: (query) => ((query.state.data?.items.length ?? 0) > 0 ? false : 3000) },
    ),
  );
  const members = useQuery(trpc.members.list.queryOptions({ orgSlug }));
  const active = keys.data?.find((key) => !key.disabled);
  const first = crashes.data?.items[0];
  return (
    <div className="max-w-4xl space-y-3">
      <Step
        number={1}
        title="Send a crash"
        done={first !== undefined}
        waiting
        status={first === undefined ? "Waiting for the first crash. This tick turns green by itself." : "A crash has arrived."}
        action={
          first === undefined ? null : (
            <ButtonLink variant="primary" size="sm" href={paths.crash(orgSlug, projectSlug, first.id)}>
              Open it
            </ButtonLink>
          )
        }
      >
        {active === undefined ? (
          keys.data === undefined ? null : (
            <Notice
              tone="warn"
              title="Every client key of this project is disabled or deleted"
              actions={
                <ButtonLink size="sm" href={paths.settings(orgSlug, projectSlug, "client-keys")}>
                  Client keys
                </ButtonLink>
              }
            >
              Nothing can post crashes until there is an active one.
            </Notice>
          )
        ) : (
          <div className="space-y-3">
            <CopyField label="Minidump URL of this project" text={clientUrls(crashUrl, projectId, active.publicKey).minidump} />
            <Snippets urls={clientUrls(crashUrl, projectId, active.publicKey)} />
          </div>
        )}
      </Step>
      <Step
        number={2}
        title="Upload debug files"
        done={(files.data?.items.length ?? 0) > 0}
        status={
          (files.data?.items.length ?? 0) > 0
            ? "Debug files are here. Let CI upload those of every build."
            : "They turn addresses into functions, files and lines. Crashes that wait for them upgrade themselves."
        }
      >
        <div className="space-y-2.5">
          <UploadArea projectSlug={projectSlug} label="Drop debug files anywhere on this page" />
          <Tabs
            label="Commands that upload debug files"
            tabs={uploadSnippets(publicUrl, orgSlug).map(({ value, label, note, code }) => ({
              value,
              label,
              content: (
                <div className="space-y-2">
                  <p className="text-sm text-ink-2">{note}</p>
                  <CodeBlock what={`command to upload debug files (${label})`} code={code} />
                </div>
              ),
            }))}
          />
        </div>
      </Step>
      <Step
        number={3}
        title="Invite your team"
        done={(members.data?.length ?? 0) > 1}
        status={(members.data?.length ?? 0) > 1 ? "You are not alone here." : "An invitation is a link that you hand over."}
        action={
          mayInvite ? (
            <ButtonLink size="sm" href={paths.members(orgSlug)}>
              Members
            </ButtonLink>
          ) : null
        }
      />
    </div>
  );
}

function Step({
  number,
  title,
  done,
  waiting = false,
  status,
  action,
  children,
}: {
  number: number;
  title: string;
  done: boolean;
  waiting?: boolean;
  status: string;
  action?: ReactNode;
  children?: ReactNode;
}) {
  return (
    <section aria-label={title} data-step={number} data-done={done} className="rounded-lg border border-line bg-surface">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-2 px-4 py-3">
        <span
          className={cn(
            "flex size-7 shrink-0 items-center justify-center rounded-full border text-sm font-semibold",
            done ? "border-good-line bg-good-soft text-good" : "border-line-strong text-ink-2",
          )}
        >
          {done ? <Check aria-label="Done" className="size-4" /> : number}
        </span>
        <div className="min-w-0 flex-1">
          <h2 className="font-semibold">{title}</h2>
          <p className="flex items-center gap-1.5 text-sm text-ink-2" role="status">
            {waiting && !done ? <LoaderCircle aria-hidden className="size-3.5 shrink-0 animate-spin text-info" /> : null}
            {status}
          </p>
        </div>
        {action}
      </div>
      {children === undefined ? null : <div className="border-t border-line px-4 py-3">{children}</div>}
    </section>
  );
}

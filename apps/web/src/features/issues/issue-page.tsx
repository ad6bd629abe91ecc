"use client";
/** One issue: who, where, since when? Then its newest crash, and all its crashes. */
import type { IssueDetail } from "@salvage/contracts";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { CircleCheck, EyeOff, Inbox, RotateCcw } from "lucide-react";
import { CrashReportInline } from "#web/features/crash-detail/index.ts";
import { CrashTable, nextPage } from "#web/features/crash-list/index.ts";
import { CauseChip, IssueStateMark, ProvisionalMark } from "#web/features/states/index.ts";
import { explain, useDisabledReason, useOrg } from "#web/features/workspace/index.ts";
import { useTRPC } from "#web/server/trpc-client.tsx";
import { Badge } from "#web/ui/badge.tsx";
import { Button } from "#web/ui/button.tsx";
import { CopyId } from "#web/ui/copy.tsx";
import { formatCount, formatDayBefore } from "#web/ui/format.ts";
import { ShowMore } from "#web/ui/list.tsx";
import { LoadFailed } from "#web/ui/load-failed.tsx";
import { EmptyState, Panel, TableSkeleton } from "#web/ui/page.tsx";
import { RelativeTime, useNow } from "#web/ui/relative-time.tsx";
import { RowKeys } from "#web/ui/row-keys.tsx";
import { BarChart } from "#web/ui/sparkline.tsx";
import { useSetIssueState } from "./use-set-issue-state.ts";

const refreshMs = 4000;

export function IssuePage({ issueId, projectSlug }: { issueId: string; projectSlug: string }) {
  const trpc = useTRPC();
  const { orgSlug } = useOrg();
  const issue = useQuery(trpc.issues.byId.queryOptions({ orgSlug, issueId }, { refetchInterval: refreshMs }));
  if (issue.data === undefined) {
    return issue.isPending ? (
      <TableSkeleton />
    ) : (
      <LoadFailed what="This issue" why={explain(issue.error)} onRetry={() => void issue.refetch()} />
    );
  }
  const { newestCrashId } = issue.data;
  return (
    <div className="space-y-4">
      <RowKeys />
      <IssueHeader issue={issue.data} />
      <IssueFigures issue={issue.data} />
      <section className="space-y-3" aria-label="Newest crash">
        <h2 className="font-semibold">Newest crash</h2>
        {newestCrashId === null ? (
          <EmptyState icon={Inbox} title="No crash is left in this issue">
            They were deleted, or moved to another issue when better names arrived.
          </EmptyState>
        ) : (
          <CrashReportInline key={newestCrashId} crashId={newestCrashId} />
        )}
      </section>
      <IssueCrashes issueId={issue.data.id} projectSlug={projectSlug} />
    </div>
  );
}

function IssueHeader({ issue }: { issue: IssueDetail }) {
  const { orgSlug } = useOrg();
  const mayWrite = useDisabledReason("crash:write");
  const setState = useSetIssueState();
  const act = (state: "resolved" | "ignored" | "ongoing") => setState.mutate({ orgSlug, issueIds: [issue.id], state });
  const closed = issue.state === "resolved" || issue.state === "ignored";
  return (
    <header className="flex flex-wrap items-start justify-between gap-x-6 gap-y-2">
      <div className="min-w-0 flex-1 basis-96">
        <div className="mb-1 flex flex-wrap items-center gap-2">
          <IssueStateMark state={issue.state} boxed />
          {issue.provisional ? <ProvisionalMark /> : null}
          <CauseChip cause={issue.cause} />
        </div>
        <h1 className="font-mono text-lg font-semibold [overflow-wrap:anywhere]">{issue.signature}</h1>
      </div>
      <div className="flex flex-wrap items-center gap-2">
        {closed ? (
          <Button disabledReason={mayWrite} busy={setState.isPending} onClick={() => act("ongoing")}>
            <RotateCcw aria-hidden /> Reopen
          </Button>
        ) : (
          <>
            <Button variant="primary" disabledReason={mayWrite} busy={setState.isPending} onClick={() => act("resolved")}>
              <CircleCheck aria-hidden /> Resolve
            </Button>
            <Button disabledReason={mayWrite} busy={setState.isPending} onClick={() => act("ignored")}>
              <EyeOff aria-hidden /> Ignore
            </Button>
          </>
        )}
      </div>
    </header>
  );
}

function IssueFigures({ issue }: { issue: IssueDetail }) {
  const now = useNow();
  return (
    <div className="grid gap-3 lg:grid-cols-[minmax(0,1fr)_22rem]">
      <Panel title="Crashes per day" bodyClass="pt-5 pb-3">
        <BarChart
          values={issue.crashesByDay}
          label="Crashes per day"
          labels={[formatDayBefore(now, issue.crashesByDay.length - 1), "today"]}
        />
      </Panel>
      <Panel bodyClass="grid grid-cols-2 gap-x-4 gap-y-3">
        <Figure label="Crashes" value={<span className="text-2xl font-semibold tabular-nums">{formatCount(issue.crashes)}</span>} />
        <Figure label="Last seen" value={<RelativeTime at={issue.lastSeenAt} />} />
        <Figure label="First seen" value={<RelativeTime at={issue.firstSeenAt} />} />
        <Figure label="Issue id" value={<CopyId text={issue.id} shown={issue.id.slice(0, 8)} what="issue id" />} />
        <div className="col-span-2">
          <Figure
            label="Versions"
            value={
              issue.versions.length === 0 ? (
                "none sent"
              ) : (
                <span className="flex flex-wrap gap-1">
                  {issue.versions.slice(0, 12).map((version) => (
                    <Badge key={version}>{version}</Badge>
                  ))}
                  {issue.versions.length > 12 ? <span className="text-sm text-ink-3">and {issue.versions.length - 12} more</span> : null}
                </span>
              )
            }
          />
        </div>
      </Panel>
    </div>
  );
}

function Figure({ label, value }: { label: string; value: React.ReactNode }) {
  return (
    <div className="min-w-0">
      <div className="text-xs text-ink-3">{label}</div>
      <div className="mt-0.5 min-w-0">{value}</div>
    </div>
  );
}

function IssueCrashes({ issueId, projectSlug }: { issueId: string; projectSlug: string }) {
  const trpc = useTRPC();
  const { orgSlug } = useOrg();
  const list = useInfiniteQuery(
    trpc.crashes.list.infiniteQueryOptions(
      { orgSlug, projectSlug, issueId },
      { ...nextPage, refetchInterval: (query) => ((query.state.data?.pages.length ?? 0) > 1 ? false : refreshMs) },
    ),
  );
  const crashes = list.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <section aria-label="Crashes of this issue">
      <h2 className="mb-2 font-semibold">All crashes</h2>
      {list.isPending ? (
        <TableSkeleton rows={4} />
      ) : (
        <CrashTable crashes={crashes} orgSlug={orgSlug} projectSlug={projectSlug} label="Crashes of this issue" />
      )}
      <ShowMore hasMore={list.hasNextPage} loading={list.isFetchingNextPage} onMore={() => void list.fetchNextPage()} />
    </section>
  );
}

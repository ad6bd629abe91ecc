"use client";
/** What hurts most? The issues of a project with filters in the address and actions on many. */
import { issueSort, issueState } from "@salvage/contracts";
import { useInfiniteQuery } from "@tanstack/react-query";
import { CircleCheck, EyeOff, FlaskConical, RotateCcw, SearchX } from "lucide-react";
import { useQueryStates } from "nuqs";
import { useState } from "react";
import { nextPage } from "#web/features/crash-list/index.ts";
import { issueStateWord } from "#web/features/states/index.ts";
import { explain, paths, useDisabledReason, useOrg } from "#web/features/workspace/index.ts";
import { useTRPC } from "#web/server/trpc-client.tsx";
import { Button, ButtonLink } from "#web/ui/button.tsx";
import { Select } from "#web/ui/field.tsx";
import { plural } from "#web/ui/format.ts";
import { FilterBar, SearchInput, ShowMore } from "#web/ui/list.tsx";
import { LoadFailed } from "#web/ui/load-failed.tsx";
import { EmptyState, TableSkeleton } from "#web/ui/page.tsx";
import { RowKeys } from "#web/ui/row-keys.tsx";
import { useDebounced } from "#web/ui/use-debounced.ts";
import { issueFilters, issueListInput, issueStateChoices } from "./filters.ts";
import { IssueTable } from "./issue-table.tsx";
import { useSetIssueState } from "./use-set-issue-state.ts";

const refreshMs = 5000;
const sortWords = { lastSeen: "Last seen", crashes: "Most crashes", firstSeen: "Newest" } as const;

export function IssueList({ projectSlug, hasCrashes }: { projectSlug: string; hasCrashes: boolean }) {
  const trpc = useTRPC();
  const { orgSlug } = useOrg();
  const mayWrite = useDisabledReason("crash:write");
  const [filters, setFilters] = useQueryStates(issueFilters, { history: "replace" });
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const setState = useSetIssueState();
  const q = useDebounced(filters.q);
  const list = useInfiniteQuery(
    trpc.issues.list.infiniteQueryOptions(issueListInput(orgSlug, projectSlug, { ...filters, q }), {
      ...nextPage,
      refetchInterval: (query) => ((query.state.data?.pages.length ?? 0) > 1 ? false : refreshMs),
      placeholderData: (previous) => previous,
    }),
  );
  const issues = list.data?.pages.flatMap((page) => page.items) ?? [];
  const chosen = issues.filter((issue) => selected.has(issue.id)).map((issue) => issue.id);
  const act = (state: "resolved" | "ignored" | "ongoing") =>
    setState.mutate({ orgSlug, issueIds: chosen, state }, { onSuccess: () => setSelected(new Set()) });

  return (
    <div>
      <RowKeys />
      <FilterBar>
        <SearchInput
          label="Search issues"
          placeholder="Signature, cause or version"
          value={filters.q}
          onChange={(value) => void setFilters({ q: value === "" ? null : value })}
        />
        <Select
          aria-label="State"
          value={filters.state}
          onChange={(event) => void setFilters({ state: issueStateChoices.find((choice) => choice === event.target.value) ?? null })}
        >
          <option value="open">Open</option>
          <option value="all">Every state</option>
          {issueState.options.map((state) => (
            <option key={state} value={state}>
              {issueStateWord(state)}
            </option>
          ))}
        </Select>
        <Select
          aria-label="Order"
          value={filters.sort}
          onChange={(event) => void setFilters({ sort: issueSort.safeParse(event.target.value).data ?? null })}
        >
          {issueSort.options.map((sort) => (
            <option key={sort} value={sort}>
              {sortWords[sort]}
            </option>
          ))}
        </Select>
        {chosen.length === 0 ? null : (
          <div className="flex flex-wrap items-center gap-1.5" role="toolbar" aria-label="Actions on the selected issues">
            <span className="px-1 text-sm text-ink-2">{chosen.length} selected</span>
            <Button busy={setState.isPending} onClick={() => act("resolved")}>
              <CircleCheck aria-hidden /> Resolve
            </Button>
            <Button busy={setState.isPending} onClick={() => act("ignored")}>
              <EyeOff aria-hidden /> Ignore
            </Button>
            <Button busy={setState.isPending} onClick={() => act("ongoing")}>
              <RotateCcw aria-hidden /> Reopen
            </Button>
          </div>
        )}
      </FilterBar>
      {list.isPending ? (
        <TableSkeleton />
      ) : list.isError && issues.length === 0 ? (
        <LoadFailed what="The issues" why={explain(list.error)} onRetry={() => void list.refetch()} />
      ) : issues.length > 0 ? (
        <>
          <IssueTable issues={issues} projectSlug={projectSlug} selected={selected} onSelect={setSelected} selectable={mayWrite === null} />
          <p className="mt-2 text-sm text-ink-3">
            {plural(issues.length, "issue")}
            {list.hasNextPage ? " shown" : ""}
          </p>
        </>
      ) : hasCrashes ? (
        <EmptyState
          icon={SearchX}
          title={filters.q === "" && filters.state === "open" ? "No open issue" : "No issue matches"}
          actions={<Button onClick={() => void setFilters({ q: null, state: "all" })}>Show every issue</Button>}
        >
          {filters.q === "" && filters.state === "open" ? "Everything is resolved or ignored." : "Try fewer words, or another state."}
        </EmptyState>
      ) : (
        <EmptyState
          icon={FlaskConical}
          title="No crash has arrived yet"
          actions={
            <ButtonLink variant="primary" href={paths.firstSteps(orgSlug, projectSlug)}>
              Send the first crash
            </ButtonLink>
          }
        >
          Crashes that happen in the same place become one issue. The first one appears here seconds after it is posted.
        </EmptyState>
      )}
      <ShowMore hasMore={list.hasNextPage} loading={list.isFetchingNextPage} onMore={() => void list.fetchNextPage()} />
    </div>
  );
}

"use client";
/** The crash list with its filters; new crashes appear by themselves. */
import { crashState } from "@salvage/contracts";
import { useInfiniteQuery } from "@tanstack/react-query";
import { FlaskConical, SearchX } from "lucide-react";
import { useQueryStates } from "nuqs";
import { crashStateWord } from "#web/features/states/index.ts";
import { explain, paths, useOrg } from "#web/features/workspace/index.ts";
import { useTRPC } from "#web/server/trpc-client.tsx";
import { Button, ButtonLink } from "#web/ui/button.tsx";
import { Select } from "#web/ui/field.tsx";
import { FilterBar, SearchInput, ShowMore } from "#web/ui/list.tsx";
import { LoadFailed } from "#web/ui/load-failed.tsx";
import { EmptyState, TableSkeleton } from "#web/ui/page.tsx";
import { RowKeys } from "#web/ui/row-keys.tsx";
import { useDebounced } from "#web/ui/use-debounced.ts";
import { CrashTable } from "./crash-table.tsx";
import { crashFilters, crashListInput, nextPage } from "./filters.ts";

/** Pause between two looks at the first page; a list that was paged on is left alone. */
const refreshMs = 4000;

export function CrashList({ projectSlug }: { projectSlug: string }) {
  const trpc = useTRPC();
  const { orgSlug } = useOrg();
  const [filters, setFilters] = useQueryStates(crashFilters, { history: "replace" });
  const q = useDebounced(filters.q);
  const list = useInfiniteQuery(
    trpc.crashes.list.infiniteQueryOptions(crashListInput(orgSlug, projectSlug, { ...filters, q }), {
      ...nextPage,
      refetchInterval: (query) => ((query.state.data?.pages.length ?? 0) > 1 ? false : refreshMs),
      placeholderData: (previous) => previous,
    }),
  );
  const crashes = list.data?.pages.flatMap((page) => page.items) ?? [];
  const filtered = q !== "" || filters.state !== null;
  return (
    <div>
      <RowKeys />
      <FilterBar>
        <SearchInput
          label="Search crashes"
          placeholder="Signature, version or crash id"
          value={filters.q}
          onChange={(value) => void setFilters({ q: value === "" ? null : value })}
        />
        <Select
          aria-label="State"
          value={filters.state ?? ""}
          onChange={(event) => void setFilters({ state: crashState.safeParse(event.target.value).data ?? null })}
        >
          <option value="">Every state</option>
          {crashState.options.map((state) => (
            <option key={state} value={state}>
              {crashStateWord(state)}
            </option>
          ))}
        </Select>
      </FilterBar>
      {list.isPending ? (
        <TableSkeleton />
      ) : list.isError && crashes.length === 0 ? (
        <LoadFailed what="The crashes" why={explain(list.error)} onRetry={() => void list.refetch()} />
      ) : crashes.length > 0 ? (
        <CrashTable crashes={crashes} orgSlug={orgSlug} projectSlug={projectSlug} label="Crashes, newest first" />
      ) : filtered ? (
        <EmptyState
          icon={SearchX}
          title="No crash matches"
          actions={<Button onClick={() => void setFilters({ q: null, state: null })}>Clear filters</Button>}
        >
          Try fewer words, or another state.
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
          Point your crash reporter at this project. A crash appears here seconds after it is posted; this page need not be reloaded.
        </EmptyState>
      )}
      <ShowMore hasMore={list.hasNextPage} loading={list.isFetchingNextPage} onMore={() => void list.fetchNextPage()} />
    </div>
  );
}

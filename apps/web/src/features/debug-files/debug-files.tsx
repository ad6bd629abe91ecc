"use client";
/** The list of debug files with search, upload and delete. */
import type { DebugFileView } from "@salvage/contracts";
import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { FileCode2, SearchX } from "lucide-react";
import { useQueryStates } from "nuqs";
import { useState } from "react";
import { toast } from "sonner";
import { nextPage } from "#web/features/crash-list/index.ts";
import { UploadArea } from "#web/features/uploads/index.ts";
import { explain, paths, useDisabledReason, useMay, useOrg } from "#web/features/workspace/index.ts";
import { useTRPC } from "#web/server/trpc-client.tsx";
import { Button, ButtonLink } from "#web/ui/button.tsx";
import { CodeBlock } from "#web/ui/copy.tsx";
import { ConfirmDialog } from "#web/ui/dialog.tsx";
import { FilterBar, SearchInput, ShowMore } from "#web/ui/list.tsx";
import { LoadFailed } from "#web/ui/load-failed.tsx";
import { EmptyState, TableSkeleton } from "#web/ui/page.tsx";
import { RowKeys } from "#web/ui/row-keys.tsx";
import { useDebounced } from "#web/ui/use-debounced.ts";
import { DebugFileTable } from "./debug-file-table.tsx";
import { Debuggers } from "./debuggers.tsx";
import { debugFileFilters, debugFilesInput } from "./filters.ts";

const refreshMs = 5000;

export function DebugFiles() {
  const trpc = useTRPC();
  const { orgSlug } = useOrg();
  const [filters, setFilters] = useQueryStates(debugFileFilters, { history: "replace" });
  const [asking, setAsking] = useState<DebugFileView | null>(null);
  const mayDelete = useDisabledReason("debug-file:write");
  const remove = useDelete();
  const q = useDebounced(filters.q);
  const list = useInfiniteQuery(
    trpc.debugFiles.list.infiniteQueryOptions(debugFilesInput(orgSlug, q), {
      ...nextPage,
      refetchInterval: (query) => ((query.state.data?.pages.length ?? 0) > 1 ? false : refreshMs),
      placeholderData: (previous) => previous,
    }),
  );
  const files = list.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <div className="space-y-3">
      <RowKeys />
      <UploadArea projectSlug={null} recent />
      <FilterBar>
        <SearchInput
          label="Search debug files"
          placeholder="Name, debug id or code id"
          value={filters.q}
          onChange={(value) => void setFilters({ q: value === "" ? null : value })}
        />
      </FilterBar>
      {list.isPending ? (
        <TableSkeleton />
      ) : list.isError && files.length === 0 ? (
        <LoadFailed what="The files" why={explain(list.error)} onRetry={() => void list.refetch()} />
      ) : files.length > 0 ? (
        <DebugFileTable files={files} deleteBlocked={mayDelete} onDelete={setAsking} />
      ) : q === "" ? (
        <NoFiles />
      ) : (
        <EmptyState
          icon={SearchX}
          title="No debug file matches"
          actions={<Button onClick={() => void setFilters({ q: null })}>Clear the search</Button>}
        >
          A debug id is matched whole or from its start.
        </EmptyState>
      )}
      <ShowMore hasMore={list.hasNextPage} loading={list.isFetchingNextPage} onMore={() => void list.fetchNextPage()} />
      <Debuggers />
      <ConfirmDialog
        open={asking !== null}
        onOpenChange={(open) => {
          if (!open) setAsking(null);
        }}
        title={`Delete ${asking?.name ?? ""}?`}
        description="Crashes that are finished keep their reports. Crashes that come later, or are processed again, will miss this file and ask for it."
        action="Delete debug file"
        onConfirm={() => (asking === null ? Promise.resolve() : remove.mutateAsync({ orgSlug, debugFileId: asking.id }))}
      />
    </div>
  );
}

function useDelete() {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  return useMutation(
    trpc.debugFiles.delete.mutationOptions({
      onSuccess: () => {
        toast.success("Debug file deleted");
        return queryClient.invalidateQueries(trpc.debugFiles.pathFilter());
      },
      onError: (error) => toast.error(explain(error)),
    }),
  );
}

function NoFiles() {
  const { orgSlug, publicUrl } = useOrg();
  const mayMakeTokens = useMay("organization:admin");
  return (
    <EmptyState
      icon={FileCode2}
      title="No debug file has been uploaded yet"
      actions={
        <>
          <CodeBlock
            className="w-full text-left"
            what="command to upload debug files"
            code={`./salvage upload ./build --url ${publicUrl} --org ${orgSlug} --token "$SALVAGE_TOKEN"`}
          />
          {mayMakeTokens ? <ButtonLink href={paths.tokens(orgSlug)}>Make an API token for CI</ButtonLink> : null}
        </>
      }
    >
      Debug files give stacks their names. Drop some on this page, or let CI upload every build:
    </EmptyState>
  );
}

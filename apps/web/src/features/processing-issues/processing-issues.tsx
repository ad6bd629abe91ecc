"use client";
/** The page: tabs, one drop zone for everything, a card per file, ranked by what it would fix. Follows arrivals live. */
import type { MissingFilesFilter } from "@salvage/contracts";
import { useInfiniteQuery } from "@tanstack/react-query";
import { CircleCheck, EyeOff, History, PackageSearch } from "lucide-react";
import { useQueryStates } from "nuqs";
import { nextPage } from "#web/features/crash-list/index.ts";
import { UploadArea } from "#web/features/uploads/index.ts";
import { explain, paths, useOrg } from "#web/features/workspace/index.ts";
import { useTRPC } from "#web/server/trpc-client.tsx";
import { ButtonLink } from "#web/ui/button.tsx";
import { ShowMore } from "#web/ui/list.tsx";
import { LoadFailed } from "#web/ui/load-failed.tsx";
import { EmptyState, TableSkeleton } from "#web/ui/page.tsx";
import { RowKeys } from "#web/ui/row-keys.tsx";
import { LinkTabs } from "#web/ui/tabs.tsx";
import { BlockingBadge } from "./blocking-badge.tsx";
import { missingFilters, missingListInput } from "./filters.ts";
import { IgnoreRules } from "./ignore-rules.tsx";
import { MissingFileCard } from "./missing-file-card.tsx";

/** Pause between two looks; short, since a page is open while files arrive. */
const refreshMs = 1500;

const tabWords: Record<MissingFilesFilter, string> = {
  blocking: "Blocking",
  other: "Other modules",
  ignored: "Ignored",
  resolved: "Resolved lately",
};

export function ProcessingIssues({ projectSlug, hasCrashes }: { projectSlug: string; hasCrashes: boolean }) {
  const trpc = useTRPC();
  const { orgSlug } = useOrg();
  const [{ tab }] = useQueryStates(missingFilters);
  const list = useInfiniteQuery(
    trpc.missingFiles.list.infiniteQueryOptions(missingListInput(orgSlug, projectSlug, tab), {
      ...nextPage,
      refetchInterval: (query) => ((query.state.data?.pages.length ?? 0) > 1 ? 10_000 : refreshMs),
    }),
  );
  const files = list.data?.pages.flatMap((page) => page.items) ?? [];
  const base = paths.processingIssues(orgSlug, projectSlug);
  return (
    <div className="space-y-3">
      <RowKeys />
      <UploadArea projectSlug={projectSlug} label="Drop debug files here, or anywhere on this page" />
      <LinkTabs
        label="Missing files"
        tabs={(Object.keys(tabWords) as MissingFilesFilter[]).map((value) => ({
          href: value === "blocking" ? base : `${base}?tab=${value}`,
          active: value === tab,
          label: (
            <>
              {tabWords[value]}
              {value === "blocking" ? <BlockingBadge projectSlug={projectSlug} /> : null}
            </>
          ),
        }))}
      />
      {tab === "ignored" ? <IgnoreRules projectSlug={projectSlug} /> : null}
      {list.isPending ? (
        <TableSkeleton rows={4} />
      ) : list.isError && files.length === 0 ? (
        <LoadFailed what="The list" why={explain(list.error)} onRetry={() => void list.refetch()} />
      ) : files.length === 0 ? (
        <NothingMissing tab={tab} hasCrashes={hasCrashes} projectSlug={projectSlug} />
      ) : (
        <div className="space-y-2.5">
          {files.map((file, index) => (
            <MissingFileCard key={file.id} file={file} projectSlug={projectSlug} open={tab === "blocking" && index === 0} />
          ))}
        </div>
      )}
      <ShowMore hasMore={list.hasNextPage} loading={list.isFetchingNextPage} onMore={() => void list.fetchNextPage()} />
    </div>
  );
}

function NothingMissing({ tab, hasCrashes, projectSlug }: { tab: MissingFilesFilter; hasCrashes: boolean; projectSlug: string }) {
  const { orgSlug } = useOrg();
  if (tab === "ignored") {
    return (
      <EmptyState icon={EyeOff} title="Nothing is ignored">
        Files that will never come can be ignored, one by one, by pattern or by version. They are kept here and can be wanted again.
      </EmptyState>
    );
  }
  if (tab === "resolved") {
    return (
      <EmptyState icon={History} title="Nothing was resolved lately">
        A file that arrives stays here for a day, with what it upgraded.
      </EmptyState>
    );
  }
  if (tab === "other") {
    return (
      <EmptyState icon={PackageSearch} title="No other module lacks its file">
        System libraries and drivers would be listed here. They are not yours, so no crash ever waits for them.
      </EmptyState>
    );
  }
  return hasCrashes ? (
    <EmptyState icon={CircleCheck} tone="good" title="Nothing is missing">
      Every crash is fully named as far as your own modules go. When a new build crashes without its debug files, they are asked for here.
    </EmptyState>
  ) : (
    <EmptyState
      icon={PackageSearch}
      title="No crash has arrived yet"
      actions={
        <ButtonLink variant="primary" href={paths.firstSteps(orgSlug, projectSlug)}>
          Send the first crash
        </ButtonLink>
      }
    >
      You can upload debug files ahead of time: crashes of builds whose files are here are complete from the start.
    </EmptyState>
  );
}

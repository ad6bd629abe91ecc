"use client";
/** One row per project: what crashed today, what is missing. Refreshes itself. */
import { mostCrashesCounted, type ProjectSummary } from "@salvage/contracts";
import { useQuery } from "@tanstack/react-query";
import { Box, CircleDashed, Flame } from "lucide-react";
import Link from "next/link";
import { explain, paths, useDisabledReason, useOrg } from "#web/features/workspace/index.ts";
import { useTRPC } from "#web/server/trpc-client.tsx";
import { Button, ButtonLink } from "#web/ui/button.tsx";
import { formatCount, formatCountUpTo } from "#web/ui/format.ts";
import { LoadFailed } from "#web/ui/load-failed.tsx";
import { EmptyState, TableSkeleton } from "#web/ui/page.tsx";
import { RelativeTime } from "#web/ui/relative-time.tsx";
import { RowKeys } from "#web/ui/row-keys.tsx";
import { Sparkline } from "#web/ui/sparkline.tsx";
import { Table, Td, Th, Thead, Tr } from "#web/ui/table.tsx";
import { isSpike } from "./spike.ts";

const refreshMs = 5000;

export function ProjectList() {
  const trpc = useTRPC();
  const { orgSlug } = useOrg();
  const mayWrite = useDisabledReason("project:write");
  const list = useQuery(trpc.projects.list.queryOptions({ orgSlug }, { refetchInterval: refreshMs }));
  if (list.data === undefined) {
    return list.isPending ? (
      <TableSkeleton rows={4} />
    ) : (
      <LoadFailed what="The projects" why={explain(list.error)} onRetry={() => void list.refetch()} />
    );
  }
  if (list.data.length === 0) {
    return (
      <EmptyState
        icon={Box}
        title="No project yet"
        actions={
          mayWrite === null ? (
            <ButtonLink variant="primary" href={paths.newProject(orgSlug)}>
              Create the first project
            </ButtonLink>
          ) : (
            <Button disabledReason={mayWrite}>Create the first project</Button>
          )
        }
      >
        A project stands for one program that you ship. It takes a name and gives you an address to post crashes to.
      </EmptyState>
    );
  }
  return (
    <>
      <RowKeys />
      <Table label="Projects">
        <Thead>
          <Th>Project</Th>
          <Th className="hidden sm:table-cell">14 days</Th>
          <Th num>24 h</Th>
          <Th className="hidden md:table-cell" num>
            Open issues
          </Th>
          <Th num>Missing files</Th>
          <Th className="hidden lg:table-cell" num>
            Waiting crashes
          </Th>
          <Th className="hidden md:table-cell" num>
            Last crash
          </Th>
        </Thead>
        <tbody>
          {list.data.map((project) => (
            <ProjectRow key={project.id} project={project} orgSlug={orgSlug} />
          ))}
        </tbody>
      </Table>
    </>
  );
}

function ProjectRow({ project, orgSlug }: { project: ProjectSummary; orgSlug: string }) {
  const spike = isSpike(project.crashesByDay);
  return (
    <Tr>
      <Td className="w-full max-w-0 py-2">
        <Link
          data-row-link
          href={paths.project(orgSlug, project.slug)}
          className="block truncate font-semibold hover:text-accent hover:underline"
        >
          {project.name}
        </Link>
        <span className="block truncate text-xs text-ink-3">{project.lastCrashAt === null ? "No crash yet" : project.slug}</span>
      </Td>
      <Td className="hidden sm:table-cell">
        <Sparkline values={project.crashesByDay} label="Crashes" width={112} height={24} />
      </Td>
      <Td num className="font-medium whitespace-nowrap">
        {spike ? (
          <span className="inline-flex items-center gap-1 text-bad" title="Far more than on the days before">
            <Flame aria-hidden className="size-3.5" />
            <span className="sr-only">On fire: </span>
            {formatCount(project.crashes24h)}
          </span>
        ) : (
          formatCount(project.crashes24h)
        )}
      </Td>
      <Td num className="hidden md:table-cell">
        {formatCount(project.openIssues)}
      </Td>
      <Td num className="whitespace-nowrap">
        {project.missingFiles === 0 ? (
          <span className="text-ink-3">0</span>
        ) : (
          <Link
            href={paths.processingIssues(orgSlug, project.slug)}
            aria-label={`${formatCount(project.missingFiles)} missing files of ${project.name}`}
            className="inline-flex items-center gap-1 font-medium text-warn underline-offset-2 hover:underline"
          >
            <CircleDashed aria-hidden className="size-3.5" />
            {formatCount(project.missingFiles)}
          </Link>
        )}
      </Td>
      <Td num className="hidden lg:table-cell">
        {project.waitingCrashes === 0 ? <span className="text-ink-3">0</span> : formatCountUpTo(project.waitingCrashes, mostCrashesCounted)}
      </Td>
      <Td num className="hidden text-sm whitespace-nowrap text-ink-2 md:table-cell">
        {project.lastCrashAt === null ? "–" : <RelativeTime at={project.lastCrashAt} />}
      </Td>
    </Tr>
  );
}

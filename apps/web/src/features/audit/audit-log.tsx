"use client";
/** The audit log, newest first. */
import { useInfiniteQuery } from "@tanstack/react-query";
import { ScrollText } from "lucide-react";
import { nextPage } from "#web/features/crash-list/index.ts";
import { explain, useOrg } from "#web/features/workspace/index.ts";
import { useTRPC } from "#web/server/trpc-client.tsx";
import { Badge } from "#web/ui/badge.tsx";
import { ShowMore } from "#web/ui/list.tsx";
import { LoadFailed } from "#web/ui/load-failed.tsx";
import { EmptyState, TableSkeleton } from "#web/ui/page.tsx";
import { RelativeTime } from "#web/ui/relative-time.tsx";
import { Table, Td, Th, Thead, Tr } from "#web/ui/table.tsx";

export function AuditLog() {
  const trpc = useTRPC();
  const { orgSlug } = useOrg();
  const list = useInfiniteQuery(trpc.audit.list.infiniteQueryOptions({ orgSlug }, nextPage));
  const entries = list.data?.pages.flatMap((page) => page.items) ?? [];
  if (list.isPending) return <TableSkeleton />;
  if (list.isError && entries.length === 0) {
    return <LoadFailed what="The audit log" why={explain(list.error)} onRetry={() => void list.refetch()} />;
  }
  if (entries.length === 0) {
    return (
      <EmptyState icon={ScrollText} title="Nothing has been done yet">
        Changes to members, tokens, projects and files, and every download of a minidump, are written here.
      </EmptyState>
    );
  }
  return (
    <>
      <Table label="Audit log, newest first">
        <Thead>
          <Th>When</Th>
          <Th>Who</Th>
          <Th>What</Th>
          <Th>Subject</Th>
          <Th className="hidden lg:table-cell">Detail</Th>
        </Thead>
        <tbody>
          {entries.map((entry) => (
            <Tr key={entry.id}>
              <Td className="text-sm whitespace-nowrap text-ink-2">
                <RelativeTime at={entry.at} />
              </Td>
              <Td className="max-w-48 truncate">{entry.actor}</Td>
              <Td>
                <Badge>
                  <code className="text-xs">{entry.action}</code>
                </Badge>
              </Td>
              <Td className="max-w-64 truncate" title={entry.subject}>
                {entry.subject}
              </Td>
              <Td className="hidden max-w-96 lg:table-cell">
                <code className="block truncate text-xs text-ink-3" title={JSON.stringify(entry.detail)}>
                  {Object.keys(entry.detail).length === 0 ? "" : JSON.stringify(entry.detail)}
                </code>
              </Td>
            </Tr>
          ))}
        </tbody>
      </Table>
      <ShowMore hasMore={list.hasNextPage} loading={list.isFetchingNextPage} onMore={() => void list.fetchNextPage()} />
    </>
  );
}

"use client";
/** The drop log: posts that did not become a crash, per reason, and what to do about each. */
import type { RefusalReason } from "@salvage/contracts";
import { useQuery } from "@tanstack/react-query";
import { CircleCheck } from "lucide-react";
import { explain, useOrg } from "#web/features/workspace/index.ts";
import { useTRPC } from "#web/server/trpc-client.tsx";
import { formatCount } from "#web/ui/format.ts";
import { LoadFailed } from "#web/ui/load-failed.tsx";
import { EmptyState, TableSkeleton } from "#web/ui/page.tsx";
import { RelativeTime } from "#web/ui/relative-time.tsx";
import { Table, Td, Th, Thead, Tr } from "#web/ui/table.tsx";

const words: Record<RefusalReason, { title: string; remedy: string }> = {
  missing_credentials: { title: "No key", remedy: "The address lacks ?sentry_key=…; copy it from the client keys." },
  conflicting_credentials: { title: "Two different keys", remedy: "Send the key once: in the address or in a header." },
  wrong_key: { title: "Wrong key", remedy: "The key is not one of this project. Was it deleted, or is it another project's?" },
  disabled_key: { title: "Disabled key", remedy: "Enable the key, or ship an update without it." },
  rate_limited: { title: "Over the rate limit", remedy: "Raise the limit of the client key, or look for a crash loop." },
  storage_quota: { title: "Storage is full", remedy: "Delete crashes or debug files, or ask the operator for more room." },
  disk_full: { title: "The server's disk is full", remedy: "Tell the operator of this server." },
  too_large: { title: "Too large", remedy: "Send smaller dumps, or ask the operator to raise the limit." },
  malformed_multipart: { title: "Broken form", remedy: "The multipart body could not be read. Check the sender's boundary." },
  missing_minidump: { title: "No minidump in the form", remedy: "The field must be named upload_file_minidump." },
  empty_body: { title: "Empty body", remedy: "The sender posted nothing. Does the dump file exist?" },
  invalid_minidump: { title: "Not a minidump", remedy: "The file does not begin with MDMP. Is it the right file, sent in binary?" },
  invalid_compression: { title: "Broken compression", remedy: "The body does not match its Content-Encoding." },
  unsupported_encoding: { title: "Unknown compression", remedy: "Use gzip, deflate, or none." },
  malformed_body: { title: "Unreadable body", remedy: "The body is not what its address takes: an envelope, JSON, or App Center's logs." },
  event_without_minidump: {
    title: "Event without a minidump",
    remedy: "Salvage keeps native crashes. Errors of a script or a managed runtime belong elsewhere.",
  },
  item_not_kept: { title: "Not kept", remedy: "Sessions, traces, logs and the like are accepted and not kept. Nothing to do." },
  file_without_crash: {
    title: "File for no crash",
    remedy: "The crash it belongs to is unknown, or its dump and files are deleted. Send files with the crash, or soon after it.",
  },
  aborted: { title: "Broken off", remedy: "The sender or the network ended the request. It is usually tried again." },
};

export function Refusals({ projectSlug }: { projectSlug: string }) {
  const trpc = useTRPC();
  const { orgSlug } = useOrg();
  const refusals = useQuery(trpc.refusals.list.queryOptions({ orgSlug, projectSlug }, { refetchInterval: 5000 }));
  if (refusals.data === undefined) {
    return refusals.isError ? (
      <LoadFailed what="The drop log" why={explain(refusals.error)} onRetry={() => void refusals.refetch()} />
    ) : (
      <TableSkeleton rows={4} />
    );
  }
  return (
    <div className="space-y-3">
      <p className="max-w-2xl text-ink-2">
        Posts to this project that did not become a crash, over the last 30 days. Nothing is dropped without being counted here.
      </p>
      {refusals.data.length === 0 ? (
        <EmptyState icon={CircleCheck} tone="good" title="Nothing was refused">
          Every post of the last 30 days became a crash.
        </EmptyState>
      ) : (
        <Table label="Refused posts by reason">
          <Thead>
            <Th>Reason</Th>
            <Th num>Posts</Th>
            <Th className="hidden md:table-cell">What to do</Th>
            <Th className="hidden lg:table-cell">Example</Th>
            <Th num>Last</Th>
          </Thead>
          <tbody>
            {refusals.data.map((refusal) => (
              <Tr key={refusal.reason}>
                <Td className="py-1.5 font-medium">
                  {words[refusal.reason].title}
                  <span className="block text-sm font-normal text-ink-2 md:hidden">{words[refusal.reason].remedy}</span>
                </Td>
                <Td num>{formatCount(refusal.count)}</Td>
                <Td className="hidden text-sm text-ink-2 md:table-cell">{words[refusal.reason].remedy}</Td>
                <Td className="hidden max-w-64 lg:table-cell">
                  <code className="block truncate text-xs text-ink-3" title={refusal.example ?? undefined}>
                    {refusal.example ?? "–"}
                  </code>
                </Td>
                <Td num className="text-sm whitespace-nowrap text-ink-2">
                  <RelativeTime at={refusal.lastAt} />
                </Td>
              </Tr>
            ))}
          </tbody>
        </Table>
      )}
    </div>
  );
}

"use client";
/** The drop log: posts that did not become a crash, per reason, and what to do about each. */
import type { RefusalView } from "@salvage/contracts";
import { useQuery } from "@tanstack/react-query";
import { CircleCheck } from "lucide-react";
import { explain, paths, useOrg } from "#web/features/workspace/index.ts";
import { useTRPC } from "#web/server/trpc-client.tsx";
import { formatCount } from "#web/ui/format.ts";
import { LoadFailed } from "#web/ui/load-failed.tsx";
import { EmptyState, TableSkeleton } from "#web/ui/page.tsx";
import { RelativeTime } from "#web/ui/relative-time.tsx";
import { Table, Td, Th, Thead, Tr } from "#web/ui/table.tsx";
import { metLimit, refusalWords } from "./refusal-words.ts";

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
            <Th className="hidden md:table-cell">Limit</Th>
            <Th className="hidden md:table-cell">What to do, and the last example</Th>
            <Th num>Last</Th>
          </Thead>
          <tbody>
            {refusals.data.map((refusal) => (
              <Tr key={refusal.reason}>
                <Td className="py-1.5 align-top font-medium">
                  {refusalWords[refusal.reason].title}
                  <div className="text-sm font-normal md:hidden">
                    {metLimit(refusal) === null ? null : <MetLimit refusal={refusal} projectSlug={projectSlug} />}
                    <Advice refusal={refusal} />
                  </div>
                </Td>
                <Td num className="py-1.5 align-top">
                  {formatCount(refusal.count)}
                </Td>
                <Td className="hidden py-1.5 align-top text-sm md:table-cell">
                  <MetLimit refusal={refusal} projectSlug={projectSlug} />
                </Td>
                <Td className="hidden py-1.5 md:table-cell">
                  <Advice refusal={refusal} />
                </Td>
                <Td num className="py-1.5 align-top text-sm whitespace-nowrap text-ink-2">
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

function Advice({ refusal }: { refusal: RefusalView }) {
  return (
    <>
      <p className="text-sm text-ink-2">{refusalWords[refusal.reason].remedy}</p>
      {refusal.example === null ? null : <code className="block text-xs text-ink-3 [overflow-wrap:anywhere]">{refusal.example}</code>}
    </>
  );
}

/** The limit that the last post met, the value seen, and where the limit is set. */
function MetLimit({ refusal, projectSlug }: { refusal: RefusalView; projectSlug: string }) {
  const { orgSlug } = useOrg();
  const met = metLimit(refusal);
  if (met === null) return <span className="text-ink-3">–</span>;
  return (
    <>
      <span className="whitespace-nowrap">
        {met.seen} of {met.limit}
      </span>
      <span className="block text-ink-3">
        {met.page === null ? (
          <>
            set by the operator: <code>{met.knob}</code>
          </>
        ) : (
          <a className="underline" href={paths.settings(orgSlug, projectSlug, met.page)}>
            {met.knob}
          </a>
        )}
      </span>
    </>
  );
}

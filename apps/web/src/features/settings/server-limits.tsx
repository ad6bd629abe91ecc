"use client";
/** What the operator of this server allows everybody: each setting with its value, as ingest, which keeps to it, tells it. */
import { type ServerLimits, serverLimits } from "@salvage/contracts";
import { useQuery } from "@tanstack/react-query";
import { explain } from "#web/features/workspace/index.ts";
import { formatBytes, formatCount } from "#web/ui/format.ts";
import { LoadFailed } from "#web/ui/load-failed.tsx";
import { TableSkeleton } from "#web/ui/page.tsx";
import { Table, Td, Th, Thead, Tr } from "#web/ui/table.tsx";

const settings: Record<keyof ServerLimits, { what: string; words(value: number): string }> = {
  MAX_DUMP_BYTES: { what: "One minidump, unpacked", words: formatBytes },
  MAX_REQUEST_BYTES: { what: "One post of a crash, as sent and again unpacked", words: formatBytes },
  MAX_ATTACHMENT_BYTES: { what: "One file beside the dump", words: formatBytes },
  MAX_ATTACHMENTS: { what: "Files beside the dump", words: formatCount },
  MAX_DEBUG_FILE_BYTES: { what: "One debug file, or archive of them", words: formatBytes },
  ORGANIZATION_STORAGE_BYTES: { what: "All that an organization stores, whatever its quota", words: formatBytes },
  DEFAULT_RATE_LIMIT_PER_MINUTE: { what: "Crashes by a client key that has no rate of its own", words: aMinute },
  PROJECT_RATE_LIMIT_PER_MINUTE: { what: "Crashes of a project that has no rate of its own", words: aMinute },
  ORGANIZATION_RATE_LIMIT_PER_MINUTE: { what: "Crashes of an organization that has no rate of its own", words: aMinute },
};

/** The front door answers this itself, on the dashboard's own address. */
export function useServerLimits() {
  return useQuery({
    queryKey: ["server limits"],
    queryFn: async ({ signal }) => {
      const answer = await fetch("/api/v1/limits", { signal });
      if (!answer.ok) throw new Error(`The server answered ${answer.status}.`);
      return serverLimits.parse(await answer.json());
    },
  });
}

export function ServerLimitsTable() {
  const limits = useServerLimits();
  const { data } = limits;
  if (data === undefined) {
    return limits.isError ? (
      <LoadFailed what="This server's limits" why={explain(limits.error)} onRetry={() => void limits.refetch()} />
    ) : (
      <TableSkeleton rows={9} />
    );
  }
  return (
    <Table label="What this server allows">
      <Thead>
        <Th>What this server allows</Th>
        <Th num>At most</Th>
        <Th className="hidden sm:table-cell">Setting</Th>
      </Thead>
      <tbody>
        {(Object.keys(settings) as (keyof ServerLimits)[]).map((name) => {
          const { what, words } = settings[name];
          const value = data[name];
          return (
            <Tr key={name}>
              <Td>
                {what}
                <code className="block text-xs text-ink-3 [overflow-wrap:anywhere] sm:hidden">{name}</code>
              </Td>
              <Td num className="whitespace-nowrap">
                {value === null ? "no limit" : words(value)}
              </Td>
              <Td className="hidden sm:table-cell">
                <code className="text-sm text-ink-2">{name}</code>
              </Td>
            </Tr>
          );
        })}
      </tbody>
    </Table>
  );
}

function aMinute(value: number): string {
  return `${formatCount(value)} a minute`;
}

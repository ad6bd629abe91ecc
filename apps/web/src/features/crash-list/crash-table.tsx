/** Crashes as a table; each row opens its crash. */
import type { CrashSummary } from "@salvage/contracts";
import Link from "next/link";
import { CrashStateMark, OsName } from "#web/features/states/index.ts";
import { paths } from "#web/features/workspace/index.ts";
import { plural } from "#web/ui/format.ts";
import { RelativeTime } from "#web/ui/relative-time.tsx";
import { Table, Td, Th, Thead, Tr } from "#web/ui/table.tsx";

export function CrashTable({
  crashes,
  orgSlug,
  projectSlug,
  label,
}: {
  crashes: CrashSummary[];
  orgSlug: string;
  projectSlug: string;
  label: string;
}) {
  return (
    <Table label={label}>
      <Thead>
        <Th className="w-30">State</Th>
        <Th>Crash</Th>
        <Th className="hidden md:table-cell">Version</Th>
        <Th className="hidden lg:table-cell">System</Th>
        <Th className="hidden sm:table-cell" num>
          Missing
        </Th>
        <Th num>Received</Th>
      </Thead>
      <tbody>
        {crashes.map((crash) => (
          <Tr key={crash.id}>
            <Td>
              <CrashStateMark state={crash.state} />
            </Td>
            <Td className="w-full max-w-0">
              <div className="flex min-w-0 items-baseline gap-2.5">
                <Link
                  data-row-link
                  href={paths.crash(orgSlug, projectSlug, crash.id)}
                  className="min-w-0 truncate font-mono text-sm font-medium hover:text-accent hover:underline"
                >
                  {crash.signature ?? (crash.state === "rejected" ? "No report could be made" : "Waiting for the first report")}
                </Link>
                {crash.crashReason === null ? null : (
                  <span className="hidden shrink-0 truncate text-xs text-ink-3 lg:inline">{crash.crashReason}</span>
                )}
              </div>
            </Td>
            <Td className="hidden max-w-40 truncate text-sm text-ink-2 md:table-cell">{crash.release ?? "–"}</Td>
            <Td className="hidden text-sm text-ink-2 lg:table-cell">
              <OsName os={crash.os} cpu={crash.cpu} />
            </Td>
            <Td num className="hidden text-sm sm:table-cell">
              {crash.missingFiles === 0 ? (
                <span className="text-ink-3">–</span>
              ) : (
                <span className="text-warn">{plural(crash.missingFiles, "file")}</span>
              )}
            </Td>
            <Td num className="text-sm whitespace-nowrap text-ink-2">
              <RelativeTime at={crash.receivedAt} />
            </Td>
          </Tr>
        ))}
      </tbody>
    </Table>
  );
}

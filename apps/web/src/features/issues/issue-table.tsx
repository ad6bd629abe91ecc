"use client";
/** Issues as a table: signature, cause, days, counts, state; a box to select rows. */
import type { IssueSummary } from "@salvage/contracts";
import Link from "next/link";
import { CauseChip, IssueStateMark, ProvisionalMark } from "#web/features/states/index.ts";
import { paths, useOrg } from "#web/features/workspace/index.ts";
import { formatCount } from "#web/ui/format.ts";
import { RelativeTime } from "#web/ui/relative-time.tsx";
import { Sparkline } from "#web/ui/sparkline.tsx";
import { Table, Td, Th, Thead, Tr } from "#web/ui/table.tsx";

export type IssueTableProps = {
  issues: IssueSummary[];
  projectSlug: string;
  selected: ReadonlySet<string>;
  onSelect(ids: ReadonlySet<string>): void;
  selectable: boolean;
};

export function IssueTable({ issues, projectSlug, selected, onSelect, selectable }: IssueTableProps) {
  const { orgSlug } = useOrg();
  const all = issues.length > 0 && issues.every((issue) => selected.has(issue.id));
  function toggle(id: string) {
    const next = new Set(selected);
    if (!next.delete(id)) next.add(id);
    onSelect(next);
  }
  return (
    <Table label="Issues">
      <Thead>
        {selectable ? (
          <Th className="w-8 pr-0">
            <input
              type="checkbox"
              aria-label="Select every issue shown"
              checked={all}
              onChange={() => onSelect(all ? new Set() : new Set(issues.map((issue) => issue.id)))}
              className="block size-3.5 accent-(--accent)"
            />
          </Th>
        ) : null}
        <Th>Issue</Th>
        <Th className="hidden lg:table-cell">14 days</Th>
        <Th num>Crashes</Th>
        <Th className="hidden md:table-cell" num>
          Last seen
        </Th>
        <Th className="hidden xl:table-cell" num>
          First seen
        </Th>
        <Th className="hidden xl:table-cell">Versions</Th>
        <Th className="hidden sm:table-cell">State</Th>
      </Thead>
      <tbody>
        {issues.map((issue) => (
          <Tr key={issue.id}>
            {selectable ? (
              <Td className="pr-0">
                <input
                  type="checkbox"
                  data-row-select
                  aria-label={`Select ${issue.signature}`}
                  checked={selected.has(issue.id)}
                  onChange={() => toggle(issue.id)}
                  className="block size-3.5 accent-(--accent)"
                />
              </Td>
            ) : null}
            <Td className="w-full max-w-0">
              <div className="flex min-w-0 items-center gap-2">
                <Link
                  data-row-link
                  href={paths.issue(orgSlug, projectSlug, issue.id)}
                  title={issue.signature}
                  className="min-w-0 truncate font-mono text-sm font-medium hover:text-accent hover:underline"
                >
                  {issue.signature}
                </Link>
                <span className="hidden shrink-0 xl:block">
                  <CauseChip cause={issue.cause} />
                </span>
                {issue.provisional ? (
                  <span className="shrink-0">
                    <ProvisionalMark />
                  </span>
                ) : null}
              </div>
            </Td>
            <Td className="hidden lg:table-cell">
              <Sparkline values={issue.crashesByDay} label="Crashes" />
            </Td>
            <Td num className="font-medium">
              {formatCount(issue.crashes)}
            </Td>
            <Td num className="hidden text-sm whitespace-nowrap text-ink-2 md:table-cell">
              <RelativeTime at={issue.lastSeenAt} />
            </Td>
            <Td num className="hidden text-sm whitespace-nowrap text-ink-2 xl:table-cell">
              <RelativeTime at={issue.firstSeenAt} />
            </Td>
            <Td className="hidden max-w-36 truncate text-sm text-ink-2 xl:table-cell" title={issue.versions.join(", ")}>
              {issue.versions.length === 0 ? "–" : issue.versions.join(", ")}
            </Td>
            <Td className="hidden sm:table-cell">
              <IssueStateMark state={issue.state} />
            </Td>
          </Tr>
        ))}
      </tbody>
    </Table>
  );
}

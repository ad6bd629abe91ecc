/** What the sender knew before the crash: contexts by name, and breadcrumbs, the last one first. */
import type { CrashDetail } from "@salvage/contracts";
import { Facts } from "#web/ui/page.tsx";
import { Table, Td, Th, Thead, Tr } from "#web/ui/table.tsx";
import { shownValue } from "./extra-data.tsx";

export function Contexts({ crash }: { crash: CrashDetail }) {
  return (
    <div className="grid gap-x-8 gap-y-4 px-4 py-3 sm:grid-cols-2 xl:grid-cols-3">
      {Object.entries(crash.contexts).map(([name, members]) => (
        <div key={name} className="min-w-0">
          <h3 className="mb-1 text-sm font-semibold">{name}</h3>
          <Facts
            items={Object.entries(members).map(([label, value]) => ({
              label,
              value: <span className="font-mono text-sm [overflow-wrap:anywhere] whitespace-pre-wrap">{shownValue(value)}</span>,
            }))}
          />
        </div>
      ))}
    </div>
  );
}

export function Breadcrumbs({ crash }: { crash: CrashDetail }) {
  return (
    <Table label="Breadcrumbs, the last one first" className="rounded-none border-0">
      <Thead>
        <Th>Time (UTC)</Th>
        <Th className="hidden sm:table-cell">Kind</Th>
        <Th>What happened</Th>
      </Thead>
      <tbody>
        {crash.breadcrumbs.toReversed().map((crumb, i) => (
          <Tr key={i}>
            <Td className="align-top text-sm text-ink-2 tabular-nums">{crumb.at === null ? "–" : <CrumbTime at={crumb.at} />}</Td>
            <Td className="hidden align-top text-sm whitespace-nowrap text-ink-2 sm:table-cell">{kindOf(crumb) || "–"}</Td>
            <Td className="w-full align-top font-mono text-sm [overflow-wrap:anywhere]">
              <span className="block font-sans text-ink-3 sm:hidden">{kindOf(crumb)}</span>
              {crumb.message}
              {Object.entries(crumb.data).map(([name, value]) => (
                <span key={name} className="block text-ink-3">
                  {name}: {shownValue(value)}
                </span>
              ))}
            </Td>
          </Tr>
        ))}
      </tbody>
    </Table>
  );
}

type Breadcrumb = CrashDetail["breadcrumbs"][number];

const kindOf = (crumb: Breadcrumb) => [crumb.level, crumb.category ?? crumb.type].filter((word) => word !== null).join(" · ");

/** The time of day; the date, which seldom differs, in the second line. @param at ISO 8601, UTC */
function CrumbTime({ at }: { at: string }) {
  const [date = "", time = ""] = at.replace("Z", "").split("T");
  return (
    <time dateTime={at} className="whitespace-nowrap">
      {time.replace(".000", "")}
      <span className="block text-xs text-ink-3">{date}</span>
    </time>
  );
}

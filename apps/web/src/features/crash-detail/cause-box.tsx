/** What happened, in words first, then the facts it rests on. */
import type { Report } from "@salvage/contracts";
import { Badge } from "#web/ui/badge.tsx";
import { shortHex } from "#web/ui/format.ts";

const confidenceWords = {
  certain: "The evidence leaves no other reading",
  likely: "The evidence points here; other readings exist",
  possible: "A guess from the little that is known",
} as const;

export function CauseBox({ report }: { report: Report }) {
  const { cause, crash_info: crash } = report;
  const instruction = crash.instruction ?? null;
  // The line below the title says type, address and instruction already.
  const shown = [crash.type, crash.address === null ? null : `address ${shortHex(crash.address)}`, `instruction ${instruction}`];
  const evidence = (cause?.evidence ?? []).filter((line) => !shown.includes(line));
  const title = cause?.title ?? crash.assertion ?? crash.type ?? "The dump holds no exception";
  return (
    <section aria-label="Cause" className="min-w-0 rounded-lg border border-line border-l-[3px] border-l-bad bg-surface px-4 py-3">
      <div className="flex flex-wrap items-start justify-between gap-x-4 gap-y-1">
        <h2 className="min-w-0 text-lg font-semibold [overflow-wrap:anywhere]">{title}</h2>
        {cause === null ? null : (
          <Badge title={confidenceWords[cause.confidence]} className="mt-0.5">
            {cause.confidence}
          </Badge>
        )}
      </div>
      <div className="mt-1.5 flex flex-wrap items-center gap-x-3 gap-y-1 text-sm text-ink-2">
        {crash.type === null ? null : <code>{crash.type}</code>}
        {crash.address === null ? null : (
          <span>
            address <code>{shortHex(crash.address)}</code>
          </span>
        )}
        {instruction === null ? null : (
          <span>
            instruction <code>{instruction}</code>
          </span>
        )}
        {crash.assertion === null || crash.assertion === title ? null : <code>{crash.assertion}</code>}
      </div>
      {evidence.length === 0 ? null : (
        <ul className="mt-2 space-y-0.5 text-sm text-ink-2">
          {evidence.map((line) => (
            <li key={line} className="flex gap-2">
              <span aria-hidden className="text-ink-3">
                ·
              </span>
              <span className="min-w-0 [overflow-wrap:anywhere]">{line}</span>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

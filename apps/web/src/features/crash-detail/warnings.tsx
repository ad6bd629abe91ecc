/** What the dump's reader had to skip, with place and reason. */
import type { Report } from "@salvage/contracts";

export function Warnings({ warnings }: { warnings: Report["warnings"] }) {
  return (
    <ul className="divide-y divide-line">
      {warnings.map((warning) => (
        <li key={`${warning.stream}/${warning.offset}/${warning.message}`} className="flex flex-wrap gap-x-3 px-4 py-1.5 text-sm">
          <span className="font-medium">{warning.stream}</span>
          {warning.offset === null ? null : <code className="text-xs leading-[18px] text-ink-3">0x{warning.offset.toString(16)}</code>}
          <span className="min-w-0 text-ink-2 [overflow-wrap:anywhere]">{warning.message}</span>
        </li>
      ))}
    </ul>
  );
}

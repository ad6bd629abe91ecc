"use client";
/** One call of a stack. The number opens what else is known: addresses, full name, registers. */
import { ChevronRight } from "lucide-react";
import { useState } from "react";
import { cn } from "#web/ui/cn.ts";
import { CopyButton, CopyId } from "#web/ui/copy.tsx";
import { shortHex } from "#web/ui/format.ts";
import { Facts } from "#web/ui/page.tsx";
import { type CallRow, sourceOf } from "./frames.ts";
import { shortFunctionName } from "./short-name.ts";
import { TrustMark, trustTitle } from "./trust.tsx";

export type FrameRowProps = {
  row: CallRow;
  fullNames: boolean;
  /** The row got its name while the page was open: it lights up once. */
  fresh: boolean;
  /** Draws attention: the place of the crash. */
  crashed: boolean;
};

export function FrameRow({ row, fullNames, fresh, crashed }: FrameRowProps) {
  const [open, setOpen] = useState(false);
  const source = sourceOf(row, fullNames);
  const name = row.function === null ? null : fullNames ? row.function : shortFunctionName(row.function);
  return (
    <li
      className={cn(
        "border-b border-line last:border-b-0 hover:bg-sunken has-[[data-row-link]:focus-visible]:bg-accent-soft",
        fresh && "animate-named",
        crashed && "shadow-[inset_3px_0_0_var(--bad)]",
      )}
    >
      <div
        className={cn(
          "grid min-h-8 grid-cols-[2.75rem_minmax(0,1fr)_auto] items-baseline gap-x-3 px-2 py-1.5",
          "md:grid-cols-[2.75rem_minmax(0,1fr)_minmax(6rem,13rem)_8.5rem_5.5rem]",
        )}
      >
        <button
          type="button"
          data-row-link
          aria-expanded={open}
          aria-label={`Details of frame ${row.frame.frame}${row.inline ? ", inlined call" : ""}`}
          onClick={() => setOpen(!open)}
          className="flex items-center gap-0.5 text-xs text-ink-3 tabular-nums hover:text-ink"
        >
          <ChevronRight aria-hidden className={cn("size-3 shrink-0 transition-transform", open && "rotate-90")} />
          <span className="w-6 text-right">{row.number ?? ""}</span>
        </button>
        <div className="min-w-0">
          {name === null ? (
            <code className="break-words text-ink-2">{row.place}</code>
          ) : (
            <code
              className={cn("break-words [overflow-wrap:anywhere]", row.own ? "font-medium text-ink" : "text-ink-2")}
              title={[row.function, row.mangled].filter((each) => each !== null).join("\n")}
            >
              {name}
            </code>
          )}
          <div className="text-xs text-ink-3 md:hidden">
            {[source, row.function === null ? "no debug file" : row.module].filter((part) => part !== null).join(" · ")}
          </div>
        </div>
        <div className="hidden min-w-0 text-sm md:block">
          {source !== null ? (
            <code className="block truncate text-xs text-ink-2" title={sourceOf(row, true) ?? undefined}>
              {source}
            </code>
          ) : row.function === null && row.module !== null ? (
            <span className="text-xs text-ink-3">no debug file</span>
          ) : null}
        </div>
        <div className="hidden min-w-0 truncate text-xs text-ink-3 md:block" title={row.module ?? undefined}>
          {row.function === null ? "" : row.module}
        </div>
        <TrustMark trust={row.frame.trust} inline={row.inline} />
      </div>
      {open ? <FrameDetails row={row} /> : null}
    </li>
  );
}

function FrameDetails({ row }: { row: CallRow }) {
  const { frame } = row;
  const registers = Object.entries(frame.registers ?? {});
  return (
    <div className="grid gap-4 border-t border-line bg-sunken px-4 py-3 text-sm lg:grid-cols-2">
      <Facts
        items={[
          ...(row.function === null ? [] : [{ label: "Function", value: <FunctionName name={row.function} mangled={row.mangled} /> }]),
          ...(row.file === null
            ? []
            : [{ label: "Source", value: <code className="[overflow-wrap:anywhere]">{sourceOf(row, true)}</code> }]),
          { label: "Address", value: <CopyId text={shortHex(frame.offset)} what="address" /> },
          ...(frame.module === null || frame.module_offset === null
            ? []
            : [{ label: "In module", value: <CopyId text={`${frame.module}+${shortHex(frame.module_offset)}`} what="module offset" /> }]),
          ...(frame.function_offset === null || row.inline
            ? []
            : [{ label: "In function", value: <code>+{shortHex(frame.function_offset)}</code> }]),
          { label: "Found by", value: row.inline ? "Inlined call, from debug information" : trustTitle(frame.trust) },
        ]}
      />
      {registers.length === 0 || row.inline ? (
        <p className="text-ink-3">{row.inline ? "Registers are those of the frame below." : "No registers are known for this frame."}</p>
      ) : (
        <dl className="grid grid-cols-[repeat(auto-fill,minmax(12.5rem,1fr))] gap-x-4 gap-y-0.5">
          {registers.map(([register, value]) => (
            <div key={register} className="flex gap-2">
              <dt className="w-10 shrink-0 font-mono text-xs leading-[18px] text-ink-3">{register}</dt>
              <dd className="font-mono text-xs leading-[18px]">0x{value.slice(2).padStart(16, "0")}</dd>
            </div>
          ))}
        </dl>
      )}
    </div>
  );
}

/** The whole name, to copy, and under it the name as the debug file has it. */
function FunctionName({ name, mangled }: { name: string; mangled: string | null }) {
  return (
    <>
      <div className="flex items-start gap-0.5">
        <code className="[overflow-wrap:anywhere]">{name}</code>
        <CopyButton text={name} what="function name" className="-my-0.5" />
      </div>
      {mangled === null ? null : (
        <code className="text-xs text-ink-3 [overflow-wrap:anywhere]" title="The name as the debug file has it">
          {mangled}
        </code>
      )}
    </>
  );
}

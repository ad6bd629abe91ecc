"use client";
/** A part of the crash page that can be closed; its heading says how much is inside. */
import { ChevronRight } from "lucide-react";
import { type ReactNode, useId, useState } from "react";
import { cn } from "#web/ui/cn.ts";

export function Section({
  title,
  count,
  open: startsOpen = false,
  children,
}: {
  title: string;
  count?: string;
  open?: boolean;
  children: ReactNode;
}) {
  const [open, setOpen] = useState(startsOpen);
  const id = useId();
  return (
    <section aria-label={title} className="min-w-0 overflow-hidden rounded-lg border border-line bg-surface">
      <h2>
        <button
          type="button"
          aria-expanded={open}
          aria-controls={id}
          onClick={() => setOpen(!open)}
          className="flex min-h-10 w-full items-center gap-2 px-4 text-left font-semibold hover:bg-sunken"
        >
          <ChevronRight aria-hidden className={cn("size-4 text-ink-3 transition-transform", open && "rotate-90")} />
          {title}
          {count === undefined ? null : <span className="text-sm font-normal text-ink-3">{count}</span>}
        </button>
      </h2>
      <div id={id} hidden={!open} className="border-t border-line">
        {open ? children : null}
      </div>
    </section>
  );
}

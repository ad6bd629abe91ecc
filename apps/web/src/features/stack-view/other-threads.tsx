"use client";
/** All threads but the crashed one, closed until asked for; a closed one shows its innermost call. */
import type { Report, ReportThread } from "@salvage/contracts";
import { ChevronRight } from "lucide-react";
import { useState } from "react";
import { cn } from "#web/ui/cn.ts";
import { plural } from "#web/ui/format.ts";
import { callRows } from "./frames.ts";
import { shortFunctionName } from "./short-name.ts";
import { Stack } from "./stack.tsx";

export function OtherThreads({ report }: { report: Report }) {
  const others = report.threads.filter((_, index) => index !== report.crashing_thread?.threads_index);
  if (others.length === 0)
    return (
      <p className="px-4 py-3 text-ink-3">
        {report.crashing_thread === null ? "The dump lists no thread." : "The process had no other thread."}
      </p>
    );
  return (
    <ul>
      {others.map((thread) => (
        <ThreadRow key={thread.thread_id} thread={thread} modules={report.modules} />
      ))}
    </ul>
  );
}

function ThreadRow({ thread, modules }: { thread: ReportThread; modules: Report["modules"] }) {
  const [open, setOpen] = useState(false);
  const top = callRows(thread, modules)[0];
  const topName = top === undefined ? "no frames" : top.function === null ? top.place : shortFunctionName(top.function);
  const label = `Thread ${thread.thread_id}${thread.thread_name === null ? "" : ` “${thread.thread_name}”`}`;
  return (
    <li className="border-b border-line last:border-b-0">
      <button
        type="button"
        data-row-link
        aria-expanded={open}
        onClick={() => setOpen(!open)}
        className="flex min-h-8 w-full items-center gap-3 px-3 py-1 text-left hover:bg-sunken focus-visible:bg-accent-soft"
      >
        <ChevronRight aria-hidden className={cn("size-3.5 shrink-0 text-ink-3 transition-transform", open && "rotate-90")} />
        <span className="shrink-0 font-medium">{label}</span>
        <code className="min-w-0 flex-1 truncate text-xs text-ink-2">{topName}</code>
        <span className="hidden shrink-0 text-xs text-ink-3 sm:inline">{plural(thread.total_frames, "frame")}</span>
      </button>
      {open ? (
        <div className="border-t border-line pl-3">
          <Stack thread={thread} modules={modules} fullNames={false} foreignFrames crashed={false} label={`Stack of ${label}`} />
        </div>
      ) : null}
    </li>
  );
}

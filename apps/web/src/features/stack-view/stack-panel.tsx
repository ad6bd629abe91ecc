"use client";
/** The crashing thread with its tools: full names, system frames, copy as text. */
import type { Report } from "@salvage/contracts";
import { Layers, Type } from "lucide-react";
import { type ReactNode, useState } from "react";
import { Button } from "#web/ui/button.tsx";
import { CopyTextButton } from "#web/ui/copy.tsx";
import { reportText } from "./report-text.ts";
import { Stack } from "./stack.tsx";

export function StackPanel({ report, link, actions }: { report: Report; link: string; actions?: ReactNode }) {
  const [fullNames, setFullNames] = useState(false);
  const [foreignFrames, setForeignFrames] = useState(false);
  const thread = report.crashing_thread;
  if (thread === null) return null;
  const name = thread.thread_name === null ? "" : ` “${thread.thread_name}”`;
  return (
    <section className="min-w-0 overflow-hidden rounded-lg border border-line bg-surface">
      <div className="flex min-h-11 flex-wrap items-center justify-between gap-x-4 gap-y-2 border-b border-line px-4 py-1.5">
        <h2 className="font-semibold">
          Thread {thread.thread_id}
          {name} <span className="font-normal text-bad">crashed</span>
        </h2>
        <div className="flex flex-wrap items-center gap-1.5">
          <Button size="sm" variant={fullNames ? "primary" : "secondary"} aria-pressed={fullNames} onClick={() => setFullNames(!fullNames)}>
            <Type aria-hidden /> Full names
          </Button>
          <Button
            size="sm"
            variant={foreignFrames ? "primary" : "secondary"}
            aria-pressed={foreignFrames}
            onClick={() => setForeignFrames(!foreignFrames)}
          >
            <Layers aria-hidden /> System frames
          </Button>
          <CopyTextButton text={() => reportText(report, new URL(link, window.location.origin).href)}>Copy as text</CopyTextButton>
          {actions}
        </div>
      </div>
      <Stack
        thread={thread}
        modules={report.modules}
        fullNames={fullNames}
        foreignFrames={foreignFrames}
        crashed
        label={`Stack of the crashed thread ${thread.thread_id}`}
      />
    </section>
  );
}

"use client";
/** A thread's calls as a list, foreign runs folded until asked for. */
import type { Report, ReportThread } from "@salvage/contracts";
import { ChevronsUpDown } from "lucide-react";
import { useMemo, useState } from "react";
import { FrameRow } from "./frame-row.tsx";
import { type CallRow, callRows, foldForeign } from "./frames.ts";

const walkEndWords: Partial<Record<ReportThread["walk_end"], string>> = {
  no_progress: "The walk ended here: the next frame would not have been further up the stack.",
  stack_not_captured: "The walk ended here: the dump holds no more of this stack.",
  limit: "The walk ended here: the stack is longer than the limit.",
  no_context: "The dump holds no registers for this thread.",
  not_walked: "This thread was not walked.",
};

export type StackProps = {
  thread: ReportThread;
  modules: Report["modules"];
  fullNames: boolean;
  foreignFrames: boolean;
  /** Marks the top call as the place of the crash. */
  crashed: boolean;
  label: string;
};

export function Stack({ thread, modules, fullNames, foreignFrames, crashed, label }: StackProps) {
  const rows = useMemo(() => callRows(thread, modules), [thread, modules]);
  // Calls that had no name when the page opened; those that get one light up.
  const [unnamed] = useState(() => new Set(rows.filter((row) => row.function === null).map((row) => row.frame.offset)));
  const [unfolded, setUnfolded] = useState<ReadonlySet<string>>(new Set());
  const shown = foreignFrames ? rows : foldForeign(rows);
  const row = (call: CallRow) => (
    <FrameRow
      key={call.key}
      row={call}
      fullNames={fullNames}
      fresh={call.function !== null && unnamed.has(call.frame.offset)}
      crashed={crashed && call.frame.frame === 0}
    />
  );
  return (
    <>
      <ol aria-label={label}>
        {shown.map((each) => {
          if (each.kind === "call") return row(each);
          if (unfolded.has(each.key)) return each.frames.map(row);
          return (
            <li key={each.key} className="border-b border-line last:border-b-0">
              <button
                type="button"
                data-row-link
                onClick={() => setUnfolded(new Set([...unfolded, each.key]))}
                className="flex min-h-7 w-full items-center gap-2 px-2 pl-6 text-left text-xs text-ink-3 hover:bg-sunken hover:text-ink"
              >
                <ChevronsUpDown aria-hidden className="size-3" />
                {each.count} frames in {each.modules.slice(0, 3).join(", ")}
                {each.modules.length > 3 ? ` and ${each.modules.length - 3} more` : ""}
              </button>
            </li>
          );
        })}
      </ol>
      {thread.frames_truncated ? (
        <p className="border-t border-line px-4 py-2 text-sm text-ink-3">
          {thread.total_frames - thread.frame_count} of {thread.total_frames} frames in the middle are left out.
        </p>
      ) : null}
      {walkEndWords[thread.walk_end] === undefined ? null : (
        <p className="border-t border-line px-4 py-2 text-sm text-ink-3">{walkEndWords[thread.walk_end]}</p>
      )}
    </>
  );
}

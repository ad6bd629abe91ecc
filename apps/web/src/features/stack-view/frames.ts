/** Turns a report's thread into the rows of a stack: inlined calls as rows of their own, foreign frames folded. Pure. */
import type { Report, ReportFrame, ReportThread } from "@salvage/contracts";
import { shortHex } from "../../ui/format.ts";

export type CallRow = {
  kind: "call";
  /** Stable while a crash is upgraded: the physical frame's number and address, and the depth of inlining. */
  key: string;
  /** Number of the physical frame; null on all but the first row of a group. */
  number: number | null;
  inline: boolean;
  /** Null when no name is known: then `place` stands in its stead. */
  function: string | null;
  /** The name as the debug file has it, where `function` is a readable form of it. */
  mangled: string | null;
  /** "engine.dll + 0x1a2f", or the bare address outside of any module. */
  place: string;
  file: string | null;
  line: number | null;
  module: string | null;
  own: boolean;
  frame: ReportFrame;
};

export type FoldedRow = { kind: "folded"; key: string; count: number; modules: string[]; frames: CallRow[] };
export type StackRow = CallRow | FoldedRow;

/** Fewer foreign frames in a row than this are shown: folding one line would save nothing. */
const minFold = 2;

export function placeOf(frame: ReportFrame): string {
  return frame.module !== null && frame.module_offset !== null
    ? `${frame.module} + ${shortHex(frame.module_offset)}`
    : shortHex(frame.offset);
}

/** All calls of a thread, innermost first. */
export function callRows(thread: ReportThread, modules: Report["modules"]): CallRow[] {
  return thread.frames.flatMap((frame) => {
    const own = frame.module_index !== null && (modules[frame.module_index]?.own ?? false);
    const shared = { kind: "call", module: frame.module, own, frame, place: placeOf(frame) } as const;
    const key = `${frame.frame}@${frame.offset}`;
    const inlines = (frame.inlines ?? []).map((call, depth) => ({
      ...shared,
      key: `${key}/${depth}`,
      number: depth === 0 ? frame.frame : null,
      inline: true,
      function: call.function,
      mangled: call.function_mangled ?? null,
      file: call.file,
      line: call.line,
    }));
    const physical = {
      ...shared,
      key,
      number: inlines.length === 0 ? frame.frame : null,
      inline: false,
      function: frame.function,
      mangled: frame.function_mangled ?? null,
      file: frame.file,
      line: frame.line,
    };
    return [...inlines, physical];
  });
}

/** Folds runs of calls in modules that are not the team's own. The top call is never folded: it is where the crash happened. */
export function foldForeign(rows: CallRow[]): StackRow[] {
  const out: StackRow[] = [];
  let run: CallRow[] = [];
  const flush = () => {
    const physical = run.filter((row) => !row.inline).length;
    if (physical < minFold) out.push(...run);
    else {
      const names = [...new Set(run.map((row) => row.module).filter((name) => name !== null))];
      out.push({ kind: "folded", key: `fold-${run[0]?.key ?? ""}`, count: physical, modules: names, frames: run });
    }
    run = [];
  };
  for (const [index, row] of rows.entries()) {
    const foreign = index > 0 && row.module !== null && !row.own && row.frame.frame !== rows[0]?.frame.frame;
    if (foreign) run.push(row);
    else {
      flush();
      out.push(row);
    }
  }
  flush();
  return out;
}

/** The last part of a path, whichever slash it uses. */
export function baseName(path: string): string {
  return path.slice(Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1);
}

/** "player.cpp:218", "player.cpp", or null. */
export function sourceOf(row: { file: string | null; line: number | null }, full = false): string | null {
  if (row.file === null) return null;
  const file = full ? row.file : baseName(row.file);
  return row.line === null || row.line === 0 ? file : `${file}:${row.line}`;
}

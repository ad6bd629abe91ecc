/** Puts names on one frame of a report; the same for a fresh walk and for names that arrive later. */
import type { SourceFrame } from "../symbolicate/lookup.ts";
import type { ReadableNames } from "./readable-names.ts";
import type { FrameStatus, ImageStatus, ReportFrame } from "./report.ts";

export type FrameNames = Pick<
  ReportFrame,
  "function" | "function_mangled" | "function_offset" | "file" | "line" | "inlines" | "missing_symbols" | "status"
>;

/** A frame of which nothing is named. */
export function unnamed(status: FrameNames["status"]): FrameNames {
  return {
    function: null,
    function_mangled: null,
    function_offset: null,
    file: null,
    line: null,
    inlines: null,
    missing_symbols: true,
    status,
  };
}

/** `frames` as a NameLookup gives them (innermost first), null when it knows nothing there; `digits` is the width of hex values. */
export function frameNames(
  frames: SourceFrame[] | null,
  relativeAddress: number,
  namesStatus: ImageStatus,
  digits: number,
  readable: ReadableNames,
): FrameNames {
  const physical = frames?.at(-1);
  if (!frames || !physical) {
    return unnamed(unnamedStatus(namesStatus));
  }
  const inlines = frames.slice(0, -1).map((f) => ({ ...readable.of(f.function), file: f.file, line: f.line }));
  const name = readable.of(physical.function);
  const offset = Math.max(0, relativeAddress - physical.functionAddress)
    .toString(16)
    .padStart(digits, "0");
  return {
    ...name,
    function_offset: name.function === null ? null : `0x${offset}`,
    file: physical.file,
    line: physical.line,
    inlines: inlines.length === 0 ? null : inlines,
    missing_symbols: name.function === null,
    status: name.function === null ? "missing_symbol" : "symbolicated",
  };
}

function unnamedStatus(namesStatus: ImageStatus): FrameStatus {
  if (namesStatus === "found") return "missing_symbol";
  return namesStatus === "malformed" || namesStatus === "unsupported" ? "malformed" : "missing";
}

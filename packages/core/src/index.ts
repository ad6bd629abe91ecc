/** The door of core: everything an app may use. Pure functions over bytes; no I/O, no clock, no dependency. */

export { BufferSource, type ByteSource, checkRange } from "./bytes/byte-source.ts";
export { Cursor } from "./bytes/cursor.ts";
export { FormatError } from "./bytes/format-error.ts";
export { normalizeCodeId, peCodeId } from "./ids/code-id.ts";
export {
  type DebugIdParts,
  debugIdFromBuildId,
  guidFromBytes,
  normalizeDebugId,
  parseDebugId,
  printBreakpadId,
  printHyphenatedId,
} from "./ids/debug-id.ts";
export { applyNames, inspectMinidump, processMinidump } from "./process.ts";
export type { ImageLookup, MinidumpOutline, ModuleIds, ProcessOptions } from "./process-types.ts";
export type * from "./report/report.ts";
export { reportToText } from "./report/to-text.ts";
export type { NameLookup, SourceFrame } from "./symbolicate/lookup.ts";
export type { RegisterRule, UnwindLookup, UnwindRow } from "./unwind/rules.ts";
export { CORE_VERSION } from "./version.ts";

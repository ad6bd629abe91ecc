/** The door of core: everything an app may use. Pure functions over bytes; no I/O, no clock, no dependency. */

export { openSym, type SymFile } from "./breakpad/sym-file.ts";
export { BufferSource, type ByteSource, checkRange } from "./bytes/byte-source.ts";
export { Cursor } from "./bytes/cursor.ts";
export { FormatError } from "./bytes/format-error.ts";
export type { Compression, Ports, ScratchFile } from "./bytes/ports.ts";
export { SliceSource } from "./bytes/slice-source.ts";
export type { CpuName } from "./cpu/cpu.ts";
export type { CodeAt, Disassemble, Instruction, InstructionFlow, MemoryOperand, Operand, OperandAccess } from "./cpu/instruction.ts";
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
export { type MachOSlice, machOSlices } from "./macho/headers.ts";
export type { NameDamage, NameSink, NameSource } from "./names/name-source.ts";
export { identifyObject, identifyObjects, objectKind } from "./object/identify.ts";
export { imageBaseOf } from "./object/image-base.ts";
export { openDebugFile } from "./object/open-debug-file.ts";
export { type CompanionNeed, type OpenedNames, type OpenNamesOptions, openNames } from "./object/open-names.ts";
export { type OpenedUnwind, openUnwind } from "./object/open-unwind.ts";
export type { ObjectFeature, ObjectKind, ObjectVerdict } from "./object/verdict.ts";
export { applyNames, cpuOfMinidump, inspectMinidump, processMinidump } from "./process.ts";
export type { ImageLookup, MinidumpOutline, ModuleIds, ProcessOptions } from "./process-types.ts";
export { type ReadableName, ReadableNames } from "./report/readable-names.ts";
export type * from "./report/report.ts";
export { reportToText } from "./report/to-text.ts";
export type { NameLookup, SourceFrame } from "./symbolicate/lookup.ts";
export { type ImageFile, imageLookup, rememberNames } from "./symbolicate/symbolicate.ts";
export { buildSymcache, type SymcacheOptions, type SymcacheSummary } from "./symcache/build.ts";
export { checkSymcache } from "./symcache/check.ts";
export { symcacheVersion } from "./symcache/layout.ts";
export type { SymcacheSink } from "./symcache/page-writer.ts";
export { openSymcache, type Symcache, type SymcacheHeader } from "./symcache/reader.ts";
export type { RegisterRule, UnwindLookup, UnwindRange, UnwindRow, UnwindSource, WindowsFrame, WindowsFrameLookup } from "./unwind/rules.ts";
export { CORE_VERSION } from "./version.ts";

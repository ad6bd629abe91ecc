/**
 * The report: what a crash's processing leaves behind. Field names are those of `minidump-stackwalk --json`
 * (rust-minidump's json-schema.md) where it has them; ours are added beside. 64-bit values are hex strings "0x…".
 * Described field by field in docs/formats/report.md. packages/core writes it; nothing else does.
 */
import { z } from "zod";

const hex = z.string().regex(/^0x[0-9a-f]+$/);

export const frameTrust = z.enum(["context", "prewalked", "cfi", "cfi_scan", "frame_pointer", "scan", "none"]);
export const frameStatus = z.enum(["symbolicated", "missing_symbol", "unknown_image", "missing", "malformed"]);
export const imageStatus = z.enum(["found", "unused", "missing", "malformed", "fetching_failed", "timeout", "unsupported", "other"]);
/** Why a walk ended. */
export const walkEnd = z.enum(["end_of_stack", "no_progress", "stack_not_captured", "limit", "no_context", "not_walked"]);

/** Frames that exist in debug info only, innermost first, called from the physical frame that holds them. */
export const inlineFrame = z.object({ function: z.string().nullable(), file: z.string().nullable(), line: z.number().int().nullable() });

export const reportFrame = z.object({
  frame: z.number().int(),
  /** Absolute address: frame 0 the instruction, callers an address inside the call. */
  offset: hex,
  trust: frameTrust,
  module: z.string().nullable(),
  module_offset: hex.nullable(),
  /** Index into `modules`; ours. */
  module_index: z.number().int().nullable(),
  function: z.string().nullable(),
  function_offset: hex.nullable(),
  file: z.string().nullable(),
  line: z.number().int().nullable(),
  inlines: z.array(inlineFrame).nullable(),
  missing_symbols: z.boolean(),
  /** Ours. */
  status: frameStatus,
  /** Registers known in this frame; frame 0 of the crashing thread has all, callers what the walk recovered. */
  registers: z.record(z.string(), hex).optional(),
});
export type ReportFrame = z.infer<typeof reportFrame>;

export const reportThread = z.object({
  thread_id: z.number().int(),
  thread_name: z.string().nullable(),
  /** Frames listed; a longer stack is cut in the middle and `total_frames` is larger. */
  frame_count: z.number().int(),
  total_frames: z.number().int(),
  frames_truncated: z.boolean(),
  walk_end: walkEnd,
  frames: z.array(reportFrame),
});
export type ReportThread = z.infer<typeof reportThread>;

export const reportModule = z.object({
  filename: z.string(),
  /** Full path as recorded, user names masked; ours. */
  code_file: z.string(),
  debug_file: z.string().nullable(),
  debug_id: z.string().nullable(),
  code_id: z.string().nullable(),
  base_addr: hex,
  end_addr: hex,
  version: z.string().nullable(),
  loaded_symbols: z.boolean(),
  missing_symbols: z.boolean(),
  corrupt_symbols: z.boolean(),
  /** Ours: where names and unwind rules came from, and whether a stack touched this image. */
  status: imageStatus,
  names_status: imageStatus,
  unwind_status: imageStatus,
  /** The team's own (design: main module, modules beside it, uploaded names, patterns). */
  own: z.boolean(),
  /** What the missing file would bring, null when nothing is missing. */
  needs: z.enum(["names", "unwind", "both"]).nullable(),
});
export type ReportModule = z.infer<typeof reportModule>;

export const reportWarning = z.object({ stream: z.string(), offset: z.number().int().nullable(), message: z.string() });

export const reportSchema = z.object({
  status: z.literal("OK"),
  /** Ours: version of this schema and of the core that wrote it. */
  schema_version: z.literal(1),
  core_version: z.string(),
  system_info: z.object({
    os: z.string(),
    os_ver: z.string().nullable(),
    cpu_arch: z.string(),
    cpu_count: z.number().int(),
    cpu_info: z.string().nullable(),
  }),
  pid: z.number().int().nullable(),
  /** Seconds since 1970 from the dump's header, null when absent. */
  crash_time: z.number().int().nullable(),
  process_create_time: z.number().int().nullable(),
  crash_info: z.object({
    /** Crash reason, e.g. "SIGSEGV / SEGV_MAPERR"; null when the dump has no exception. */
    type: z.string().nullable(),
    address: hex.nullable(),
    crashing_thread: z.number().int().nullable(),
    assertion: z.string().nullable(),
  }),
  /** Ours: the cause in words with its evidence. */
  cause: z.object({ title: z.string(), evidence: z.array(z.string()), confidence: z.enum(["certain", "likely", "possible"]) }).nullable(),
  /** Ours: readable signature from the trusted frames of the crashing thread, and what decides the issue. */
  signature: z.object({
    title: z.string(),
    grouping_key: z.string(),
    /** True while a frame that the key uses lacks its name. */
    provisional: z.boolean(),
  }),
  main_module: z.number().int().nullable(),
  modules: z.array(reportModule),
  unloaded_modules: z.array(z.object({ filename: z.string(), code_id: z.string().nullable(), base_addr: hex, end_addr: hex })),
  thread_count: z.number().int(),
  threads: z.array(reportThread),
  crashing_thread: reportThread.extend({ threads_index: z.number().int() }).nullable(),
  /** False when names were added after the dump was gone, so that the stack could not be walked again. */
  re_walked: z.boolean(),
  warnings: z.array(reportWarning),
});
export type Report = z.infer<typeof reportSchema>;

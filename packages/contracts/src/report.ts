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

/** The name as the debug file states it, where `function` is a readable form of it, else null. Ours; absent in earlier reports. */
const mangledName = z.string().nullable().optional();

/** Frames that exist in debug info only, innermost first, called from the physical frame that holds them. */
export const inlineFrame = z.object({
  function: z.string().nullable(),
  function_mangled: mangledName,
  file: z.string().nullable(),
  line: z.number().int().nullable(),
});

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
  function_mangled: mangledName,
  function_offset: hex.nullable(),
  file: z.string().nullable(),
  line: z.number().int().nullable(),
  inlines: z.array(inlineFrame).nullable(),
  missing_symbols: z.boolean(),
  /** Ours. */
  status: frameStatus,
  /** For an address in no module: modules that lay there before they were unloaded, each with the offset in it. */
  unloaded_modules: z.array(z.object({ module: z.string(), offset: hex })).optional(),
  /** Registers known in this frame; frame 0 of the crashing thread has all, callers what the walk recovered. */
  registers: z.record(z.string(), hex).optional(),
});
export type ReportFrame = z.infer<typeof reportFrame>;

export const reportThread = z.object({
  thread_id: z.number().int(),
  thread_name: z.string().nullable(),
  /** Windows: what GetLastError would give, by name or as hex; null where the thread's block was not captured. */
  last_error_value: z.string().nullable().optional(),
  /** Ours: where the thread began, from the thread info list. */
  start_address: hex.optional(),
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

/** A single bit whose flip would make the crash address one that can be accessed; rated as rust-minidump does. */
export const bitFlip = z.object({
  address: hex,
  confidence: z.number(),
  source_register: z.string().nullable(),
  details: z.object({
    was_non_canonical: z.boolean(),
    is_null: z.boolean(),
    was_low: z.boolean(),
    nearby_registers: z.number().int(),
    poison_registers: z.boolean(),
  }),
});

const likelyGuardPage = z.literal(true).optional();

/** What the faulting instruction tells; absent where it was not decoded. */
const instructionFields = {
  /** As an assembler writes it: "mov dword [rcx], eax". */
  instruction: z.string().nullable().optional(),
  memory_accesses: z
    .array(
      z.object({
        address: hex,
        size: z.number().int().nullable(),
        access_type: z.enum(["read", "write", "readwrite"]).optional(),
        is_likely_guard_page: likelyGuardPage,
      }),
    )
    .nullable()
    .optional(),
  instruction_pointer_update: z.object({ address: hex, is_likely_guard_page: likelyGuardPage }).nullable().optional(),
  /** A better word than `address`: what the processor did not tell, or how far from null. */
  adjusted_address: z
    .discriminatedUnion("kind", [
      z.object({ kind: z.literal("non-canonical"), address: hex }),
      z.object({ kind: z.literal("null-pointer"), offset: hex }),
    ])
    .nullable()
    .optional(),
  /** Ours: what was tried, as the system says it, else the instruction. */
  access: z.enum(["read", "write", "readwrite", "execute"]).nullable().optional(),
  /** Ours: the register whose value made the address wrong. */
  bad_register: z.object({ name: z.string(), value: hex }).nullable().optional(),
  /** Ours: after a jump to no code, the call that led there. */
  call_instruction: z.string().nullable().optional(),
};

export const moduleAnnotations = z.object({
  module_index: z.number().int(),
  list_annotations: z.array(z.string()),
  simple_annotations: z.record(z.string(), z.string()),
  annotation_objects: z.record(z.string(), z.string()),
});

export const macCrashRecord = z.object({
  thread: hex.nullable(),
  dialog_mode: hex.nullable(),
  abort_cause: hex.nullable(),
  module: z.string().nullable(),
  message: z.string().nullable(),
  signature_string: z.string().nullable(),
  backtrace: z.string().nullable(),
  message2: z.string().nullable(),
});

/** Bytes as decimal numbers below 2^53, null when the dump does not say. */
const figure = z.number().int().nullable();

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
    cpu_microcode_version: z.string().nullable().optional(),
  }),
  pid: z.number().int().nullable(),
  /** Seconds since 1970 from the dump's header, null when absent. */
  crash_time: z.number().int().nullable(),
  process_create_time: z.number().int().nullable(),
  /** Seconds between the two, as rust-minidump names it. */
  process_uptime: z.number().int().nullable().optional(),
  crash_info: z.object({
    /** Crash reason, e.g. "SIGSEGV / SEGV_MAPERR"; null when the dump has no exception. */
    type: z.string().nullable(),
    address: hex.nullable(),
    crashing_thread: z.number().int().nullable(),
    assertion: z.string().nullable(),
    ...instructionFields,
    /** Null when none was found or nothing could be asked. */
    possible_bit_flips: z.array(bitFlip).nullable().optional(),
    /** Where reason and instruction contradict each other; null without an exception. */
    crash_inconsistencies: z
      .array(
        z.enum([
          "int_div_by_zero_not_possible",
          "priv_instruction_crash_without_priv_instruction",
          "non_canonical_address_falsely_reported",
          "access_violation_when_access_allowed",
          "crashing_access_not_found_in_memory_accesses",
        ]),
      )
      .nullable()
      .optional(),
    /** Ours: the exception record as it is. */
    exception: z
      .object({ code: hex, flags: hex, address: hex, parameters: z.array(hex) })
      .nullable()
      .optional(),
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
  lsb_release: z.object({ id: z.string(), release: z.string(), codename: z.string(), description: z.string() }).nullable().optional(),
  linux_memory_map_count: z.number().int().nullable().optional(),
  proc_limits: z
    .object({ limits: z.array(z.object({ name: z.string(), soft: z.string(), hard: z.string(), unit: z.string() })) })
    .nullable()
    .optional(),
  mac_crash_info: z
    .object({ num_records: z.number().int(), records: z.array(macCrashRecord) })
    .nullable()
    .optional(),
  mac_boot_args: z.string().nullable().optional(),
  /** Ours: Crashpad's annotations, without command lines and environment. */
  crashpad_info: z
    .object({
      report_id: z.string().nullable(),
      simple_annotations: z.record(z.string(), z.string()),
      module_list: z.array(moduleAnnotations),
    })
    .nullable()
    .optional(),
  /** Ours: what the kernel told the program at its start, by name. */
  linux_auxv: z.record(z.string(), hex).nullable().optional(),
  /** Ours: the loader's list of libraries. */
  linux_link_map: z
    .object({
      version: z.number().int(),
      loader_base: hex,
      libraries: z.array(z.object({ base_addr: hex, name: z.string() })),
    })
    .nullable()
    .optional(),
  /** Ours: noted opens, closes and invalid uses of handles. */
  handle_operations: z
    .object({ total: z.number().int(), kinds: z.record(z.string(), z.number().int()) })
    .nullable()
    .optional(),
  /** Ours: access tokens in the dump; what they hold is not read. */
  token_count: z.number().int().nullable().optional(),
  /** Ours: open handles by type; their names are not kept. */
  handle_counts: z
    .object({ total: z.number().int(), types: z.record(z.string(), z.number().int()) })
    .nullable()
    .optional(),
  /** Ours: memory of the process and the system. */
  memory_figures: z
    .object({
      working_set: figure,
      peak_working_set: figure,
      private_bytes: figure,
      virtual_size: figure,
      system_total: figure,
      system_free: figure,
      system_committed: figure,
      system_commit_limit: figure,
    })
    .nullable()
    .optional(),
  /** Ours: what the writer of the dump wrote into it for people. */
  comment: z.string().nullable().optional(),
  /** False when names were added after the dump was gone, so that the stack could not be walked again. */
  re_walked: z.boolean(),
  warnings: z.array(reportWarning),
});
export type Report = z.infer<typeof reportSchema>;

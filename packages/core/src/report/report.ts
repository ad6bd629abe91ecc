/**
 * The report as plain types: what a crash's processing leaves behind. Snake case and the field names of
 * `minidump-stackwalk --json` where it has them, ours beside; described field by field in docs/formats/report.md.
 * The same shape as the zod schema in the contracts package; a test holds the two together.
 */

/** A 64-bit value as "0x…", lower case, no padding. */
export type Hex = string;

/** A contradiction between crash reason and instruction. */
export type ReportInconsistency =
  | "int_div_by_zero_not_possible"
  | "priv_instruction_crash_without_priv_instruction"
  | "non_canonical_address_falsely_reported"
  | "access_violation_when_access_allowed"
  | "crashing_access_not_found_in_memory_accesses";

export type FrameTrust = "context" | "prewalked" | "cfi" | "cfi_scan" | "frame_pointer" | "scan" | "none";
export type FrameStatus = "symbolicated" | "missing_symbol" | "unknown_image" | "missing" | "malformed";
export type ImageStatus = "found" | "unused" | "missing" | "malformed" | "fetching_failed" | "timeout" | "unsupported" | "other";
export type WalkEnd = "end_of_stack" | "no_progress" | "stack_not_captured" | "limit" | "no_context" | "not_walked";
export type ImageNeeds = "names" | "unwind" | "both";

export type ReportInline = {
  function: string | null;
  function_mangled?: string | null | undefined;
  file: string | null;
  line: number | null;
};

export type ReportFrame = {
  frame: number;
  offset: Hex;
  trust: FrameTrust;
  module: string | null;
  module_offset: Hex | null;
  module_index: number | null;
  function: string | null;
  /** The name as the debug file states it, where `function` is a readable form of it. Absent in earlier reports. */
  function_mangled?: string | null | undefined;
  function_offset: Hex | null;
  file: string | null;
  line: number | null;
  inlines: ReportInline[] | null;
  missing_symbols: boolean;
  status: FrameStatus;
  unloaded_modules?: { module: string; offset: Hex }[] | undefined;
  registers?: Record<string, Hex> | undefined;
};

export type ReportThread = {
  thread_id: number;
  thread_name: string | null;
  last_error_value?: string | null | undefined;
  start_address?: Hex | undefined;
  frame_count: number;
  total_frames: number;
  frames_truncated: boolean;
  walk_end: WalkEnd;
  frames: ReportFrame[];
};

export type ReportModule = {
  filename: string;
  code_file: string;
  debug_file: string | null;
  debug_id: string | null;
  code_id: string | null;
  base_addr: Hex;
  end_addr: Hex;
  version: string | null;
  loaded_symbols: boolean;
  missing_symbols: boolean;
  corrupt_symbols: boolean;
  status: ImageStatus;
  names_status: ImageStatus;
  unwind_status: ImageStatus;
  own: boolean;
  needs: ImageNeeds | null;
};

export type ReportWarning = { stream: string; offset: number | null; message: string };

export type ReportSignature = { title: string; grouping_key: string; provisional: boolean };

export type ReportCause = { title: string; evidence: string[]; confidence: "certain" | "likely" | "possible" };

export type ReportUnloadedModule = { filename: string; code_id: string | null; base_addr: Hex; end_addr: Hex };

export type ReportBitFlip = {
  address: Hex;
  confidence: number;
  source_register: string | null;
  details: {
    was_non_canonical: boolean;
    is_null: boolean;
    was_low: boolean;
    nearby_registers: number;
    poison_registers: boolean;
  };
};

export type ReportMemoryAccess = {
  address: Hex;
  /** Bytes; null where the instruction does not fix it. */
  size: number | null;
  access_type?: "read" | "write" | "readwrite" | undefined;
  is_likely_guard_page?: true | undefined;
};

/** What the faulting instruction tells; absent without a disassembler. */
export type ReportInstruction = {
  instruction?: string | null | undefined;
  memory_accesses?: ReportMemoryAccess[] | null | undefined;
  instruction_pointer_update?: { address: Hex; is_likely_guard_page?: true | undefined } | null | undefined;
  adjusted_address?: { kind: "non-canonical"; address: Hex } | { kind: "null-pointer"; offset: Hex } | null | undefined;
  access?: "read" | "write" | "readwrite" | "execute" | null | undefined;
  bad_register?: { name: string; value: Hex } | null | undefined;
  call_instruction?: string | null | undefined;
};

export type ReportMacCrashRecord = {
  thread: Hex | null;
  dialog_mode: Hex | null;
  abort_cause: Hex | null;
  module: string | null;
  message: string | null;
  signature_string: string | null;
  backtrace: string | null;
  message2: string | null;
};

/** What streams beside stacks and modules tell; each null when the dump does not say. Optional: earlier reports have none of it. */
export type ReportFacts = {
  lsb_release?: { id: string; release: string; codename: string; description: string } | null | undefined;
  linux_memory_map_count?: number | null | undefined;
  proc_limits?: { limits: { name: string; soft: string; hard: string; unit: string }[] } | null | undefined;
  mac_crash_info?: { num_records: number; records: ReportMacCrashRecord[] } | null | undefined;
  mac_boot_args?: string | null | undefined;
  crashpad_info?:
    | {
        report_id: string | null;
        simple_annotations: Record<string, string>;
        module_list: {
          module_index: number;
          list_annotations: string[];
          simple_annotations: Record<string, string>;
          annotation_objects: Record<string, string>;
        }[];
      }
    | null
    | undefined;
  linux_auxv?: Record<string, Hex> | null | undefined;
  linux_link_map?: { version: number; loader_base: Hex; libraries: { base_addr: Hex; name: string }[] } | null | undefined;
  handle_operations?: { total: number; kinds: Record<string, number> } | null | undefined;
  token_count?: number | null | undefined;
  handle_counts?: { total: number; types: Record<string, number> } | null | undefined;
  /** Bytes. */
  memory_figures?:
    | {
        working_set: number | null;
        peak_working_set: number | null;
        private_bytes: number | null;
        virtual_size: number | null;
        system_total: number | null;
        system_free: number | null;
        system_committed: number | null;
        system_commit_limit: number | null;
      }
    | null
    | undefined;
  comment?: string | null | undefined;
};

export type Report = ReportFacts & {
  status: "OK";
  schema_version: 1;
  core_version: string;
  system_info: {
    os: string;
    os_ver: string | null;
    cpu_arch: string;
    cpu_count: number;
    cpu_info: string | null;
    cpu_microcode_version?: string | null | undefined;
  };
  pid: number | null;
  crash_time: number | null;
  process_create_time: number | null;
  process_uptime?: number | null | undefined;
  crash_info: ReportInstruction & {
    type: string | null;
    address: Hex | null;
    crashing_thread: number | null;
    assertion: string | null;
    possible_bit_flips?: ReportBitFlip[] | null | undefined;
    crash_inconsistencies?: ReportInconsistency[] | null | undefined;
    exception?: { code: Hex; flags: Hex; address: Hex; parameters: Hex[] } | null | undefined;
  };
  cause: ReportCause | null;
  signature: ReportSignature;
  main_module: number | null;
  modules: ReportModule[];
  unloaded_modules: ReportUnloadedModule[];
  thread_count: number;
  threads: ReportThread[];
  crashing_thread: (ReportThread & { threads_index: number }) | null;
  re_walked: boolean;
  warnings: ReportWarning[];
};

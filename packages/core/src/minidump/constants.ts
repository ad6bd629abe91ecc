/** Numbers of the minidump format: stream types, platforms, architectures, record sizes and the limits we read within. */

export const MINIDUMP_MAGIC = 0x504d444d; // "MDMP"
export const HEADER_BYTES = 32;
export const DIRECTORY_ENTRY_BYTES = 12;

export const STREAM = {
  threadList: 3,
  moduleList: 4,
  memoryList: 5,
  exception: 6,
  systemInfo: 7,
  memory64List: 9,
  commentA: 10,
  commentW: 11,
  handleData: 12,
  functionTable: 13,
  unloadedModuleList: 14,
  miscInfo: 15,
  memoryInfoList: 16,
  threadInfoList: 17,
  handleOperationList: 18,
  tokenInfo: 19,
  systemMemoryInfo: 21,
  processVmCounters: 22,
  threadNames: 24,
  crashpadInfo: 0x43500001,
  breakpadInfo: 0x47670001,
  assertionInfo: 0x47670002,
  linuxCpuInfo: 0x47670003,
  linuxProcStatus: 0x47670004,
  linuxLsbRelease: 0x47670005,
  // 0x47670006 (command line) and 0x47670007 (environment) are left out on purpose: nothing may read them.
  linuxAuxv: 0x47670008,
  linuxMaps: 0x47670009,
  linuxDsoDebug: 0x4767000a,
  macCrashInfo: 0x4d7a0001,
  macBootArgs: 0x4d7a0002,
  linuxLimits: 0x4d7a0003,
} as const;
export type StreamName = keyof typeof STREAM;

/** Names as the format's documentation spells them; used in warnings. */
export const STREAM_TITLE: Readonly<Record<StreamName, string>> = {
  threadList: "ThreadList",
  moduleList: "ModuleList",
  memoryList: "MemoryList",
  exception: "Exception",
  systemInfo: "SystemInfo",
  memory64List: "Memory64List",
  commentA: "CommentStreamA",
  commentW: "CommentStreamW",
  handleData: "HandleData",
  functionTable: "FunctionTable",
  unloadedModuleList: "UnloadedModuleList",
  miscInfo: "MiscInfo",
  memoryInfoList: "MemoryInfoList",
  threadInfoList: "ThreadInfoList",
  handleOperationList: "HandleOperationList",
  tokenInfo: "TokenInfo",
  systemMemoryInfo: "SystemMemoryInfo",
  processVmCounters: "ProcessVmCounters",
  threadNames: "ThreadNames",
  crashpadInfo: "CrashpadInfo",
  breakpadInfo: "BreakpadInfo",
  assertionInfo: "AssertionInfo",
  linuxCpuInfo: "LinuxCpuInfo",
  linuxProcStatus: "LinuxProcStatus",
  linuxLsbRelease: "LinuxLsbRelease",
  linuxAuxv: "LinuxAuxv",
  linuxMaps: "LinuxMaps",
  linuxDsoDebug: "LinuxDsoDebug",
  macCrashInfo: "MozMacosCrashInfo",
  macBootArgs: "MozMacosBootargs",
  linuxLimits: "MozLinuxLimits",
};

/** A directory with more entries than this is damage, not a dump. */
export const MAX_STREAMS = 4096;
/** Threads, modules and memory ranges beyond these are left out with a warning; real processes stay far below. */
export const MAX_THREADS = 20_000;
export const MAX_MODULES = 20_000;
export const MAX_UNLOADED_MODULES = 20_000;
export const MAX_MEMORY_RANGES = 1_000_000;
/** A thread's context is at most this long (amd64 with all extended state). */
export const MAX_CONTEXT_BYTES = 64 * 1024;
export const MAX_STRING_BYTES = 32 * 1024;
export const MAX_PROC_STATUS_BYTES = 16 * 1024;
export const MAX_CODEVIEW_BYTES = 16 * 1024;
export const MAX_ANNOTATIONS = 4096;
/** Files of /proc that a dump carries as text: a list of mappings is the longest of them. */
export const MAX_LINUX_TEXT_BYTES = 8 * 1024 * 1024;
export const MAX_MEMORY_REGIONS = 200_000;
/** The kernel gives some twenty. */
export const MAX_AUXV_ENTRIES = 256;
export const MAX_HANDLES = 200_000;
export const MAX_COMMENT_BYTES = 16 * 1024;
export const MAX_FUNCTION_TABLES = 4096;
export const MAX_FUNCTION_TABLE_ENTRIES = 100_000;
/** Warnings kept in a report. */
export const MAX_WARNINGS = 100;

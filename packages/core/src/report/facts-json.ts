/** What a dump tells beside stacks and modules, in the report's field names; texts have user names masked. */
import { baseName } from "../bytes/text.ts";
import { windowsErrorName } from "../cause/windows-errors.ts";
import type { Dump } from "../minidump/read-dump.ts";
import type { Thread } from "../minidump/threads.ts";
import type { MemoryFigures } from "../minidump/windows-info.ts";
import { maskUserNames } from "./mask-paths.ts";
import type { Hex, ReportFacts } from "./report.ts";

/** A text of the dump longer than this is cut in a report. */
const MAX_TEXT_CHARACTERS = 4000;
/** All annotations together; a hostile dump may repeat one long text a thousand times. */
const MAX_ANNOTATION_CHARACTERS = 200_000;

/** The module list says the same of most, with more. */
const MAX_LISTED_LIBRARIES = 500;

export function factsToJson(dump: Dump): ReportFacts {
  const { linux, mac, handles } = dump;
  return {
    lsb_release: linux.distribution,
    linux_memory_map_count: dump.regions.linuxMapCount,
    proc_limits: linux.limits && {
      limits: linux.limits.map(({ name, soft, hard, unit }) => ({ name, soft: limitText(soft), hard: limitText(hard), unit })),
    },
    mac_crash_info: mac.crashRecords && {
      num_records: mac.crashRecords.length,
      records: mac.crashRecords.map((record) => ({
        thread: hexOrNull(record.thread),
        dialog_mode: hexOrNull(record.dialogMode),
        abort_cause: hexOrNull(record.abortCause),
        module: textOrNull(record.module),
        message: textOrNull(record.message),
        signature_string: textOrNull(record.signature),
        backtrace: textOrNull(record.backtrace),
        message2: textOrNull(record.message2),
      })),
    },
    mac_boot_args: textOrNull(mac.bootArgs),
    crashpad_info: crashpadToJson(dump),
    linux_auxv: linux.auxv && Object.fromEntries([...linux.auxv].map(([name, value]) => [name, hexOf(value)])),
    linux_link_map: linux.linkMap && {
      version: linux.linkMap.version,
      loader_base: hexOf(linux.linkMap.loaderBase),
      libraries: linux.linkMap.libraries
        .slice(0, MAX_LISTED_LIBRARIES)
        .map(({ base, name }) => ({ base_addr: hexOf(base), name: maskText(name) })),
    },
    handle_operations: dump.handleOperations && {
      total: dump.handleOperations.count,
      kinds: Object.fromEntries(dump.handleOperations.kinds),
    },
    token_count: dump.tokens,
    handle_counts: handles && { total: handles.count, types: Object.fromEntries(handles.types) },
    memory_figures: dump.memoryFigures && figuresToJson(dump.memoryFigures),
    comment: textOrNull(dump.comment),
  };
}

function crashpadToJson({ crashpad }: Dump): ReportFacts["crashpad_info"] {
  if (crashpad === null) return null;
  let budget = MAX_ANNOTATION_CHARACTERS;
  const kept = (text: string): string => {
    const cut = maskText(text.slice(0, Math.max(0, budget)));
    budget -= cut.length;
    return cut;
  };
  const record = (annotations: ReadonlyMap<string, string>): Record<string, string> =>
    Object.fromEntries([...annotations].filter(() => budget > 0).map(([key, value]) => [kept(key), kept(value)]));
  return {
    report_id: crashpad.reportId,
    simple_annotations: record(crashpad.annotations),
    module_list: crashpad.modules.map((module) => ({
      module_index: module.moduleIndex,
      list_annotations: module.list.filter(() => budget > 0).map(kept),
      simple_annotations: record(module.simple),
      annotation_objects: record(module.objects),
    })),
  };
}

function figuresToJson(figures: MemoryFigures): ReportFacts["memory_figures"] {
  const value = (bytes: bigint | null): number | null => (bytes === null || bytes > Number.MAX_SAFE_INTEGER ? null : Number(bytes));
  return {
    working_set: value(figures.workingSet),
    peak_working_set: value(figures.peakWorkingSet),
    private_bytes: value(figures.privateBytes),
    virtual_size: value(figures.virtualSize),
    system_total: value(figures.systemTotal),
    system_free: value(figures.systemFree),
    system_committed: value(figures.systemCommitted),
    system_commit_limit: value(figures.systemCommitLimit),
  };
}

function limitText(value: bigint | null): string {
  return value === null ? "unlimited" : value.toString();
}

function hexOrNull(value: bigint | null): Hex | null {
  return value === null ? null : hexOf(value);
}

function hexOf(value: bigint): Hex {
  return `0x${value.toString(16)}`;
}

function maskText(text: string): string {
  return maskUserNames(text.slice(0, MAX_TEXT_CHARACTERS));
}

function textOrNull(text: string | null): string | null {
  return text === null ? null : maskText(text);
}

/** Modules that lay at an address before they were unloaded. */
export function unloadedAt(dump: Dump, address: bigint, digits: number): { module: string; offset: Hex }[] {
  return dump.unloadedModules
    .filter((m) => address >= m.base && address < m.base + BigInt(m.size))
    .slice(0, MAX_UNLOADED_PER_FRAME)
    .map((m) => ({ module: baseName(m.name), offset: `0x${(address - m.base).toString(16).padStart(digits, "0")}` }));
}

const MAX_UNLOADED_PER_FRAME = 8;

/** Where a Windows thread keeps its last error, in its environment block. */
const LAST_ERROR_AT = { 4: 0x34n, 8: 0x68n } as const;

/** What GetLastError would give in a thread; null when that memory was not captured. */
export function lastErrorOf(dump: Dump, thread: Thread): string | null {
  if (dump.cpu === null || thread.teb === 0n) return null;
  const value = dump.memory.word(thread.teb + LAST_ERROR_AT[dump.cpu.pointerBytes], 4);
  return value === null ? null : windowsErrorName(Number(value));
}

/** Everything a report needs of a minidump, read once; damaged or absent streams become warnings. */
import type { ByteSource } from "../bytes/byte-source.ts";
import { FormatError } from "../bytes/format-error.ts";
import type { Cpu, CpuName, Registers } from "../cpu/cpu.ts";
import { readContext } from "../cpu/cpu.ts";
import { cpuByName } from "../cpu/index.ts";
import { type BreakpadInfo, readAssertion, readBreakpadInfo } from "./breakpad-info.ts";
import { MAX_CONTEXT_BYTES } from "./constants.ts";
import { type CrashpadInfo, readCrashpadInfo } from "./crashpad-info.ts";
import { type ExceptionRecord, readException } from "./exception.ts";
import { type HandleOperations, readHandleOperations } from "./handle-operations.ts";
import { type LinkMap, readAuxv, readLinkMap } from "./linux-loader.ts";
import { type LinuxDistribution, type ProcessLimit, readDistribution, readLimits, readMicrocode } from "./linux-text.ts";
import { type MacCrashRecord, readMacBootArgs, readMacCrashInfo } from "./mac-info.ts";
import { type Memory, readMemory } from "./memory.ts";
import { type MemoryRegions, readMemoryRegions } from "./memory-regions.ts";
import { looksLikeMicrodump, readMicrodump } from "./microdump.ts";
import { Minidump } from "./minidump.ts";
import { type MiscInfo, readMiscInfo } from "./misc-info.ts";
import { type Module, readModules, readUnloadedModules, type UnloadedModule } from "./modules.ts";
import { readSystemInfo, type SystemInfo } from "./system-info.ts";
import { type ContextRange, readThreads, type Thread } from "./threads.ts";
import { readTokenCount } from "./token-info.ts";
import type { Warnings } from "./warnings.ts";
import {
  type FunctionTable,
  type HandleCounts,
  type MemoryFigures,
  readComment,
  readFunctionTables,
  readHandles,
  readMemoryFigures,
  readThreadInfos,
  type ThreadInfo,
} from "./windows-info.ts";

export type Dump = {
  /** A microdump is written for crashes only, though it may not say which. */
  form: "minidump" | "microdump";
  littleEndian: boolean;
  writtenAtSeconds: number | null;
  system: SystemInfo;
  /** Null for processors we cannot walk. */
  cpu: Cpu | null;
  misc: MiscInfo;
  modules: Module[];
  unloadedModules: UnloadedModule[];
  threads: Thread[];
  exception: ExceptionRecord | null;
  /** Index into `threads`: the thread with the exception, else the one that asked for the dump. */
  crashingThread: number | null;
  memory: Memory;
  breakpad: BreakpadInfo;
  /** The text of a failed assertion or an abort message: of the stream for it, else of Crashpad's annotations. */
  assertion: string | null;
  /** Crashpad's annotations; null without its stream. */
  crashpad: CrashpadInfo | null;
  regions: MemoryRegions;
  linux: {
    distribution: LinuxDistribution | null;
    microcode: string | null;
    limits: ProcessLimit[] | null;
    auxv: ReadonlyMap<string, bigint> | null;
    linkMap: LinkMap | null;
  };
  mac: { crashRecords: MacCrashRecord[] | null; bootArgs: string | null };
  handles: HandleCounts | null;
  handleOperations: HandleOperations | null;
  tokens: number | null;
  memoryFigures: MemoryFigures | null;
  threadInfos: readonly ThreadInfo[];
  functionTables: readonly FunctionTable[];
  comment: string | null;
  /** Registers of a thread; those of the exception for the crashing thread. Null when absent or damaged. */
  registersOf(threadIndex: number): Registers | null;
  warnings: Warnings;
};

const UNKNOWN_SYSTEM: SystemInfo = {
  os: "other",
  osTitle: "unknown",
  osVersion: null,
  cpu: "unknown",
  cpuTitle: "unknown",
  cpuCount: 0,
  cpuInfo: null,
};

/**
 * Damage took system, exception and modules: without them no register of a thread can be read either, and an empty report would only hide why. A
 * dump whose directory never had them (memory alone) gives a report of what it has.
 */
function refuseWhatDamageLeft(file: Minidump, warnings: Warnings): void {
  const first = warnings.list.find((warning) => warning.offset !== null);
  if (first === undefined || !(file.has("systemInfo") || file.has("exception") || file.has("moduleList"))) return;
  throw new FormatError("minidump", first.offset, `neither system, exception nor modules could be read; ${first.stream}: ${first.message}`);
}

/** A minidump, or a log with a microdump in it. Throws FormatError when the bytes are neither, or damage left nothing to report on. */
export function readDump(source: ByteSource): Dump {
  return looksLikeMicrodump(source) ? readMicrodump(source) : readMinidump(source);
}

/** Only the processor. Throws FormatError as readDump does. */
export function readCpu(source: ByteSource): CpuName {
  if (looksLikeMicrodump(source)) return readMicrodump(source).system.cpu;
  return readSystemInfo(new Minidump(source))?.cpu ?? "unknown";
}

function readMinidump(source: ByteSource): Dump {
  const file = new Minidump(source);
  const { warnings } = file;
  const absent = (stream: string): void => warnings.add(stream, null, "the stream is absent or unreadable");

  const system = readSystemInfo(file);
  if (!system) absent("SystemInfo");
  const modules = readModules(file, system?.os ?? "other");
  if (!modules) absent("ModuleList");
  const listed = readThreads(file);
  if (!listed) absent("ThreadList");
  const exception = readException(file);
  const breakpad = readBreakpadInfo(file);
  const threads = listed ?? [];
  if (exception?.context && !threads.some((t) => t.id === exception.threadId)) {
    warnings.add("Exception", null, `its thread ${exception.threadId} is not in the thread list; shown from the exception alone`);
    threads.push({ id: exception.threadId, name: null, teb: 0n, stackStart: 0n, stackSize: 0, stackOffset: 0, context: exception.context });
  }
  if (!system && exception === null && (modules ?? []).length === 0) refuseWhatDamageLeft(file, warnings);
  const crashpad = readCrashpadInfo(file);
  const mac = { crashRecords: readMacCrashInfo(file), bootArgs: readMacBootArgs(file) };
  const crashingId = exception?.threadId ?? breakpad.requestingThreadId;
  const crashingIndex = threads.findIndex((t) => t.id === crashingId);
  const cpu = cpuByName(system?.cpu ?? "unknown", system?.os === "macos" || system?.os === "ios");

  const registersAt = (range: ContextRange | null, stream: string): Registers | null => {
    if (range === null || cpu === null) return null;
    return warnings.guard<Registers | null>(
      stream,
      () => readContext(cpu, file.bytes("context", range.offset, Math.min(range.size, MAX_CONTEXT_BYTES)), range.offset, file.littleEndian),
      null,
    );
  };

  return {
    form: "minidump",
    littleEndian: file.littleEndian,
    writtenAtSeconds: file.timestampSeconds,
    system: system ?? UNKNOWN_SYSTEM,
    cpu,
    misc: readMiscInfo(file),
    modules: modules ?? [],
    unloadedModules: readUnloadedModules(file),
    threads,
    exception,
    crashingThread: crashingIndex < 0 ? null : crashingIndex,
    memory: readMemory(file, threads),
    breakpad,
    assertion: readAssertion(file) ?? abortMessage(crashpad),
    crashpad,
    regions: readMemoryRegions(file),
    linux: {
      distribution: readDistribution(file),
      microcode: readMicrocode(file),
      limits: readLimits(file),
      auxv: readAuxv(file, cpu?.pointerBytes ?? 8),
      linkMap: readLinkMap(file, cpu?.pointerBytes ?? 8),
    },
    mac,
    handles: readHandles(file),
    handleOperations: readHandleOperations(file),
    tokens: readTokenCount(file),
    memoryFigures: readMemoryFigures(file),
    threadInfos: readThreadInfos(file),
    functionTables: readFunctionTables(file),
    comment: readComment(file),
    registersOf(threadIndex) {
      const thread = threads[threadIndex];
      if (!thread) return null;
      const fromException = threadIndex === crashingIndex && exception ? registersAt(exception.context, "Exception") : null;
      return fromException ?? registersAt(thread.context, "ThreadList");
    },
    warnings,
  };
}

const ABORT_MESSAGE_KEYS = ["abort_message", "abort message", "assertion", "panic", "fatal_message", "LOG_FATAL"];
const MAX_ABORT_MESSAGE_CHARACTERS = 1000;

/** Of the process first, then of its modules. */
function abortMessage(crashpad: CrashpadInfo | null): string | null {
  const all = crashpad === null ? [] : [crashpad.annotations, ...crashpad.modules.flatMap((m) => [m.simple, m.objects])];
  for (const annotations of all) {
    const key = ABORT_MESSAGE_KEYS.find((name) => annotations.get(name));
    if (key !== undefined) return annotations.get(key)?.slice(0, MAX_ABORT_MESSAGE_CHARACTERS) ?? null;
  }
  return null;
}

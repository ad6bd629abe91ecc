/** From a dump and the lookups of its images to the report: walks every thread, puts names on frames, says what was missing. */
import { baseName } from "../bytes/text.ts";
import { type CauseInput, findCause } from "../cause/cause.ts";
import { crashAddress, crashReason } from "../cause/reason.ts";
import type { Registers } from "../cpu/cpu.ts";
import type { Module } from "../minidump/modules.ts";
import type { Dump } from "../minidump/read-dump.ts";
import type { ProcessOptions } from "../process-types.ts";
import type { WalkFrame } from "../unwind/frame.ts";
import { MAX_LISTED_FRAMES_PER_DUMP, MAX_WALKED_FRAMES_PER_DUMP, type Walk, walkStack } from "../unwind/walk.ts";
import { CORE_VERSION } from "../version.ts";
import { Images } from "./images.ts";
import { maskUserNames } from "./mask-paths.ts";
import { needsOf, overallStatus } from "./needs.ts";
import type { Hex, Report, ReportFrame, ReportModule, ReportThread, WalkEnd } from "./report.ts";
import { signatureOf } from "./signature.ts";
import { frameNames } from "./symbolicate-frame.ts";

/** Which modules frames fell into, and what those frames lacked. */
type Use = { frames: boolean; lacksNames: boolean; lacksUnwind: boolean };

export function assembleReport(dump: Dump, options: ProcessOptions): Report {
  const images = new Images(dump.modules, options.image);
  const uses = dump.modules.map((): Use => ({ frames: false, lacksNames: false, lacksUnwind: false }));
  const digits = (dump.cpu?.pointerBytes ?? 8) * 2;
  const hex = (value: bigint): Hex => `0x${value.toString(16).padStart(digits, "0")}`;

  // The crashing thread first, so that lookups opened under a limit are opened for it.
  const order = dump.threads.map((_, i) => i).sort((a, b) => rank(dump, a) - rank(dump, b) || a - b);
  const budget = { walked: MAX_WALKED_FRAMES_PER_DUMP, listed: MAX_LISTED_FRAMES_PER_DUMP };
  const walked = new Map(order.map((i) => [i, walkThread(dump, i, images, budget)]));
  if (budget.walked <= 0 || budget.listed <= 0)
    dump.warnings.add("ThreadList", null, "too many frames in all: some threads were not walked");
  const threads = dump.threads.map((thread, i): ReportThread => {
    const walk = walked.get(i)!;
    return {
      thread_id: thread.id,
      thread_name: thread.name,
      frame_count: walk.frames.length,
      total_frames: walk.totalFrames,
      frames_truncated: walk.totalFrames > walk.frames.length,
      walk_end: walk.end,
      frames: walk.frames.map(({ number, frame }) => reportFrame(number, frame, images, uses, digits)),
    };
  });

  const modules = dump.modules.map((module) => reportModule(module, dump, images, uses[module.index]!, options, hex));
  const exception = dump.exception;
  const reason = exception ? crashReason(exception, dump.system.os, dump.system.cpu) : null;
  const address = exception ? crashAddress(exception, dump.system.os, dump.cpu?.pointerBytes ?? 8) : null;
  const crashing = dump.crashingThread;
  const crashingThread = crashing === null ? null : threads[crashing]!;
  const crashingWalk = crashing === null ? null : walked.get(crashing)!;
  const assertion = dump.assertion === null ? null : maskUserNames(dump.assertion);

  return {
    status: "OK",
    schema_version: 1,
    core_version: CORE_VERSION,
    system_info: {
      os: dump.system.osTitle,
      os_ver: dump.system.osVersion,
      cpu_arch: dump.system.cpuTitle,
      cpu_count: dump.system.cpuCount,
      cpu_info: dump.system.cpuInfo,
    },
    pid: dump.misc.pid,
    crash_time: dump.writtenAtSeconds,
    process_create_time: dump.misc.createTimeSeconds,
    crash_info: { type: reason, address: address === null ? null : hex(address), crashing_thread: crashing, assertion },
    cause: findCause(causeInput(dump, images, reason, address, crashingWalk, crashingThread, assertion)),
    signature: signatureOf(crashingThread, modules, reason),
    main_module: modules.length === 0 ? null : 0,
    modules,
    unloaded_modules: dump.unloadedModules.map((m) => ({
      filename: baseName(m.name),
      code_id: m.codeId,
      base_addr: hex(m.base),
      end_addr: hex(m.base + BigInt(m.size)),
    })),
    thread_count: threads.length,
    threads,
    crashing_thread:
      crashing === null || crashingThread === null || crashingWalk === null
        ? null
        : { ...crashingThread, frames: withRegisters(crashingThread.frames, crashingWalk, dump, hex), threads_index: crashing },
    re_walked: true,
    warnings: dump.warnings.list,
  };
}

function rank(dump: Dump, index: number): number {
  return index === dump.crashingThread ? 0 : 1;
}

function walkThread(dump: Dump, index: number, images: Images, budget: { walked: number; listed: number }): Walk {
  const none = (end: WalkEnd): Walk => ({ frames: [], totalFrames: 0, end });
  // The thread that wrote the dump shows only the writer.
  if (index !== dump.crashingThread && dump.threads[index]!.id === dump.breakpad.dumpThreadId) return none("not_walked");
  const context = dump.registersOf(index);
  if (context === null || dump.cpu === null) return none("no_context");
  if (budget.walked <= 0 || budget.listed <= 0) return none("limit");
  const walk = walkStack(context, { cpu: dump.cpu, memory: dump.memory, images }, budget.walked);
  budget.walked -= walk.totalFrames;
  budget.listed -= walk.frames.length;
  return walk;
}

function reportFrame(number: number, frame: WalkFrame, images: Images, uses: Use[], digits: number): ReportFrame {
  const hex = (value: bigint): Hex => `0x${value.toString(16).padStart(digits, "0")}`;
  const base = { frame: number, offset: hex(frame.lookupAddress), trust: frame.trust };
  const module = images.moduleAt(frame.lookupAddress);
  if (module === null) {
    return {
      ...base,
      module: null,
      module_offset: null,
      module_index: null,
      function: null,
      function_offset: null,
      file: null,
      line: null,
      inlines: null,
      missing_symbols: true,
      status: "unknown_image",
    };
  }
  const relative = Number(frame.lookupAddress - module.base);
  const found = images.names(module, relative);
  const lookup = images.lookupOf(module);
  const use = uses[module.index]!;
  use.frames = true;
  if (found === null && lookup.namesStatus !== "found") use.lacksNames = true;
  if (lookup.unwindStatus !== "found") use.lacksUnwind = true;
  return {
    ...base,
    module: baseName(module.codeFile),
    module_offset: hex(BigInt(relative)),
    module_index: module.index,
    ...frameNames(found, relative, lookup.namesStatus, digits),
  };
}

function reportModule(
  module: Module,
  dump: Dump,
  images: Images,
  use: Use,
  options: ProcessOptions,
  hex: (value: bigint) => Hex,
): ReportModule {
  const lookup = use.frames ? images.lookupOf(module) : null;
  const names = lookup?.namesStatus ?? "unused";
  const unwind = lookup?.unwindStatus ?? "unused";
  const main = dump.modules[0]!;
  return {
    filename: baseName(module.codeFile),
    code_file: maskUserNames(module.codeFile),
    debug_file: module.debugFile === null ? null : baseName(module.debugFile),
    debug_id: module.debugId,
    code_id: module.codeId,
    base_addr: hex(module.base),
    end_addr: hex(module.base + BigInt(module.size)),
    version: module.version,
    loaded_symbols: names === "found",
    missing_symbols: names === "missing",
    corrupt_symbols: names === "malformed" || unwind === "malformed",
    status: overallStatus(names, unwind),
    names_status: names,
    unwind_status: unwind,
    own: options.own({ ...module, isMain: module.index === 0, mainModule: main }),
    // Without any id no file could ever be recognised as the missing one.
    needs: module.debugId === null && module.codeId === null ? null : needsOf(use.lacksNames, use.lacksUnwind),
  };
}

/** Adds each frame's registers, in the order the processor's table prints them. */
function withRegisters(frames: readonly ReportFrame[], walk: Walk, dump: Dump, hex: (value: bigint) => Hex): ReportFrame[] {
  return frames.map((frame, i) => {
    const known: Registers = walk.frames[i]!.frame.registers;
    const registers: Record<string, Hex> = {};
    for (const name of dump.cpu?.registers ?? []) {
      const value = known.get(name);
      if (value !== undefined) registers[name] = hex(value);
    }
    return { ...frame, registers };
  });
}

function causeInput(
  dump: Dump,
  images: Images,
  reason: string | null,
  address: bigint | null,
  walk: Walk | null,
  thread: ReportThread | null,
  assertion: string | null,
): CauseInput {
  const innermost = walk?.frames[0]?.frame ?? null;
  const sp = dump.cpu && innermost ? (innermost.registers.get(dump.cpu.sp) ?? null) : null;
  const captured = dump.crashingThread === null ? undefined : dump.threads[dump.crashingThread];
  const trusted = (thread?.frames ?? []).filter((frame) => frame.trust !== "scan" && frame.trust !== "none");
  return {
    os: dump.system.os,
    cpu: dump.system.cpu,
    reason,
    address,
    access: accessOf(dump),
    ip: innermost?.lookupAddress ?? null,
    sp,
    ipInModule: innermost !== null && images.inModule(innermost.lookupAddress),
    stack:
      captured && captured.stackSize > 0 ? { start: captured.stackStart, end: captured.stackStart + BigInt(captured.stackSize) } : null,
    totalFrames: walk?.totalFrames ?? 0,
    assertion,
    annotations: dump.annotations,
    functions: trusted
      .flatMap((frame) => [...(frame.inlines ?? []).map((f) => f.function), frame.function])
      .filter((name) => name !== null),
  };
}

/** Windows states what was tried: parameter 0 of an access violation. */
function accessOf(dump: Dump): CauseInput["access"] {
  const kind = dump.system.os === "windows" && dump.exception?.code === 0xc0000005 ? dump.exception.information[0] : undefined;
  return kind === 0n ? "read" : kind === 1n ? "write" : kind === 8n ? "execute" : null;
}

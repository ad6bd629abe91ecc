/** From a dump and the lookups of its images to the report: walks every thread, puts names on frames, notes what was missing. */
import { findCause } from "../cause/cause.ts";
import { findInconsistencies } from "../cause/inconsistencies.ts";
import { crashAddress, crashReason } from "../cause/reason.ts";
import type { Dump } from "../minidump/read-dump.ts";
import type { ProcessOptions } from "../process-types.ts";
import type { WalkFrame } from "../unwind/frame.ts";
import { MAX_LISTED_FRAMES_PER_DUMP, MAX_WALKED_FRAMES_PER_DUMP, type Walk, walkStack } from "../unwind/walk.ts";
import { CORE_VERSION } from "../version.ts";
import { causeInput } from "./cause-input.ts";
import { factsToJson, lastErrorOf, unloadedAt } from "./facts-json.ts";
import { Images } from "./images.ts";
import { instructionToJson } from "./instruction-json.ts";
import { maskUserNames } from "./mask-paths.ts";
import { ReadableNames } from "./readable-names.ts";
import type { Report, ReportThread, WalkEnd } from "./report.ts";
import { signatureOf } from "./signature.ts";
import {
  bitFlipToJson,
  type FramePlace,
  frameToJson,
  moduleToJson,
  registersToJson,
  threadToJson,
  toHexValue,
  unloadedModuleToJson,
} from "./to-json.ts";

/** Whether frames fell into a module, and what those frames lacked. */
type Use = { frames: boolean; names: boolean; unwind: boolean };

export function assembleReport(dump: Dump, options: ProcessOptions): Report {
  const images = new Images(dump.modules, options.image, dump.memory, dump.functionTables);
  const uses = dump.modules.map((): Use => ({ frames: false, names: false, unwind: false }));
  const pointerBytes = dump.cpu?.pointerBytes ?? 8;
  const digits = pointerBytes * 2;
  const readable = new ReadableNames();

  const walks = walkThreads(dump, images);
  const startAddresses = new Map(dump.threadInfos.map((info) => [info.threadId, info.startAddress]));
  const threads = dump.threads.map((thread, i): ReportThread => {
    const walk = walks[i]!;
    const frames = walk.frames.map(({ number, frame }) => {
      const place = placeOf(frame, images, uses);
      const unloaded = place === null ? unloadedAt(dump, frame.lookupAddress, digits) : [];
      return { ...frameToJson(number, frame, place, digits, readable), ...(unloaded.length > 0 && { unloaded_modules: unloaded }) };
    });
    const started = startAddresses.get(thread.id);
    return {
      ...threadToJson(thread, walk, frames),
      ...(dump.system.os === "windows" && { last_error_value: lastErrorOf(dump, thread) }),
      ...(started !== undefined && { start_address: toHexValue(started, digits) }),
    };
  });
  const modules = dump.modules.map((module, i) => {
    const own = options.own({ ...module, isMain: i === 0, mainModule: dump.modules[0] ?? null });
    return moduleToJson(module, uses[i]!.frames ? images.lookupOf(module) : null, uses[i]!, own, digits);
  });

  const { exception } = dump;
  const crash = {
    reason: exception && crashReason(exception, dump.system.os, dump.system.cpu),
    address: exception && crashAddress(exception, dump.system.os, pointerBytes),
    assertion: dump.assertion === null ? null : maskUserNames(dump.assertion),
  };
  const crashingWalk = dump.crashingThread === null ? null : walks[dump.crashingThread]!;
  const crashingThread = dump.crashingThread === null ? null : threads[dump.crashingThread]!;
  const cause = causeInput(dump, images, crash, crashingWalk, crashingThread, options.disassemble);

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
      cpu_microcode_version: dump.linux.microcode,
    },
    pid: dump.misc.pid,
    crash_time: dump.writtenAtSeconds,
    process_create_time: dump.misc.createTimeSeconds,
    process_uptime: uptimeSeconds(dump),
    crash_info: {
      type: crash.reason,
      address: crash.address === null ? null : toHexValue(crash.address, digits),
      crashing_thread: dump.crashingThread,
      assertion: crash.assertion,
      ...instructionToJson(cause, digits),
      possible_bit_flips: cause.bitFlips.length === 0 ? null : cause.bitFlips.map((flip) => bitFlipToJson(flip, digits)),
      crash_inconsistencies: exception === null ? null : findInconsistencies(cause),
      exception: exception && {
        code: toHexValue(BigInt(exception.code), 8),
        flags: toHexValue(BigInt(exception.flags), 8),
        address: toHexValue(exception.address, digits),
        parameters: exception.information.map((value) => toHexValue(value, digits)),
      },
    },
    cause: findCause(cause),
    signature: signatureOf(crashingThread, modules, crash.reason),
    main_module: modules.length === 0 ? null : 0,
    modules,
    unloaded_modules: dump.unloadedModules.map((module) => unloadedModuleToJson(module, digits)),
    thread_count: threads.length,
    threads,
    crashing_thread: crashingThread && crashingWalk && withRegisters(crashingThread, crashingWalk, dump, digits),
    ...factsToJson(dump),
    re_walked: true,
    warnings: dump.warnings.list,
  };
}

function uptimeSeconds(dump: Dump): number | null {
  const created = dump.misc.createTimeSeconds;
  return created === null || dump.writtenAtSeconds === null || dump.writtenAtSeconds < created ? null : dump.writtenAtSeconds - created;
}

/** All threads, in the dump's order; the crashing one is walked first, so that it has the budget and the lookups. */
function walkThreads(dump: Dump, images: Images): Walk[] {
  const walks: Walk[] = [];
  const budget = { walked: MAX_WALKED_FRAMES_PER_DUMP, listed: MAX_LISTED_FRAMES_PER_DUMP };
  const rest = dump.threads.map((_, i) => i).filter((i) => i !== dump.crashingThread);
  for (const i of dump.crashingThread === null ? rest : [dump.crashingThread, ...rest]) {
    const walk = walkThread(dump, i, images, budget);
    budget.walked -= walk.totalFrames;
    budget.listed -= walk.frames.length;
    walks[i] = walk;
  }
  if (budget.walked <= 0 || budget.listed <= 0) {
    dump.warnings.add("ThreadList", null, "too many frames in all: some threads were not walked");
  }
  return walks;
}

function walkThread(dump: Dump, index: number, images: Images, budget: { walked: number; listed: number }): Walk {
  const none = (end: WalkEnd): Walk => ({ frames: [], totalFrames: 0, end });
  // The thread that wrote the dump shows only the writer.
  if (index !== dump.crashingThread && dump.threads[index]!.id === dump.breakpad.dumpThreadId) return none("not_walked");
  const context = dump.registersOf(index);
  if (context === null || dump.cpu === null) return none("no_context");
  if (budget.walked <= 0 || budget.listed <= 0) return none("limit");
  return walkStack(context, { cpu: dump.cpu, memory: dump.memory, images }, budget.walked);
}

function placeOf(frame: WalkFrame, images: Images, uses: readonly Use[]): FramePlace | null {
  const module = images.moduleAt(frame.lookupAddress);
  if (module === null) return null;
  const relativeAddress = Number(frame.lookupAddress - module.base);
  const names = images.names(module, relativeAddress);
  // Asked after the names: they may just have turned out to be damaged.
  const lookup = images.lookupOf(module);
  const use = uses[module.index]!;
  use.frames = true;
  if (lookup.bareNames || (names === null && lookup.namesStatus !== "found")) use.names = true;
  if (lookup.unwindStatus !== "found") use.unwind = true;
  return { module, relativeAddress, names, lookup };
}

function withRegisters(thread: ReportThread, walk: Walk, dump: Dump, digits: number): Report["crashing_thread"] {
  const order = dump.cpu?.registers ?? [];
  const frames = thread.frames.map((frame, i) => ({
    ...frame,
    registers: registersToJson(walk.frames[i]!.frame.registers, order, digits),
  }));
  return { ...thread, frames, threads_index: dump.crashingThread ?? 0 };
}

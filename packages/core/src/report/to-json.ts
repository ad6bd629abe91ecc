/** The one place where the walk's terms become the report's field names. */
import { baseName } from "../bytes/text.ts";
import type { BitFlip } from "../cause/bit-flips.ts";
import type { Registers } from "../cpu/cpu.ts";
import type { Module, UnloadedModule } from "../minidump/modules.ts";
import type { Thread } from "../minidump/threads.ts";
import type { ImageLookup } from "../process-types.ts";
import type { SourceFrame } from "../symbolicate/lookup.ts";
import type { WalkFrame } from "../unwind/frame.ts";
import type { Walk } from "../unwind/walk.ts";
import { maskUserNames } from "./mask-paths.ts";
import { needsOf, overallStatus } from "./needs.ts";
import type { ReadableNames } from "./readable-names.ts";
import type { Hex, ReportBitFlip, ReportFrame, ReportModule, ReportThread, ReportUnloadedModule } from "./report.ts";
import { frameNames, unnamed } from "./symbolicate-frame.ts";

/** A 64-bit value as the report writes it; `digits` is twice the processor's pointer size in bytes. */
export function toHexValue(value: bigint, digits: number): Hex {
  return `0x${value.toString(16).padStart(digits, "0")}`;
}

/** Where a frame lies and what is known there; null for an address in no module. */
export type FramePlace = { module: Module; relativeAddress: number; names: SourceFrame[] | null; lookup: ImageLookup };

export function frameToJson(
  number: number,
  frame: WalkFrame,
  place: FramePlace | null,
  digits: number,
  readable: ReadableNames,
): ReportFrame {
  const base = { frame: number, offset: toHexValue(frame.lookupAddress, digits), trust: frame.trust };
  if (place === null) {
    return {
      ...base,
      module: null,
      module_offset: null,
      module_index: null,
      ...unnamed("unknown_image"),
    };
  }
  return {
    ...base,
    module: baseName(place.module.codeFile),
    module_offset: toHexValue(BigInt(place.relativeAddress), digits),
    module_index: place.module.index,
    ...frameNames(place.names, place.relativeAddress, place.lookup.namesStatus, digits, readable),
  };
}

export function threadToJson(thread: Thread, walk: Walk, frames: ReportFrame[]): ReportThread {
  return {
    thread_id: thread.id,
    thread_name: thread.name,
    frame_count: frames.length,
    total_frames: walk.totalFrames,
    frames_truncated: walk.totalFrames > frames.length,
    walk_end: walk.end,
    frames,
  };
}

/** `lookup` is null when no frame lies in the module. */
export function moduleToJson(
  module: Module,
  lookup: ImageLookup | null,
  lacks: { names: boolean; unwind: boolean },
  own: boolean,
  digits: number,
): ReportModule {
  const names = lookup?.namesStatus ?? "unused";
  const unwind = lookup?.unwindStatus ?? "unused";
  return {
    filename: baseName(module.codeFile),
    code_file: maskUserNames(module.codeFile),
    debug_file: module.debugFile === null ? null : baseName(module.debugFile),
    debug_id: module.debugId,
    code_id: module.codeId,
    base_addr: toHexValue(module.base, digits),
    end_addr: toHexValue(module.base + BigInt(module.size), digits),
    version: module.version,
    loaded_symbols: names === "found",
    missing_symbols: names === "missing",
    corrupt_symbols: names === "malformed" || unwind === "malformed",
    status: overallStatus(names, unwind),
    names_status: names,
    unwind_status: unwind,
    own,
    needs: needsOf(module, lacks),
  };
}

export function unloadedModuleToJson(module: UnloadedModule, digits: number): ReportUnloadedModule {
  return {
    filename: baseName(module.name),
    code_id: module.codeId,
    base_addr: toHexValue(module.base, digits),
    end_addr: toHexValue(module.base + BigInt(module.size), digits),
  };
}

/** Known registers in the order the processor's table prints them. */
export function registersToJson(known: Registers, order: readonly string[], digits: number): Record<string, Hex> {
  const registers: Record<string, Hex> = {};
  for (const name of order) {
    const value = known.get(name);
    if (value !== undefined) registers[name] = toHexValue(value, digits);
  }
  return registers;
}

export function bitFlipToJson(flip: BitFlip, digits: number): ReportBitFlip {
  return {
    address: toHexValue(flip.address, digits),
    confidence: flip.confidence,
    source_register: flip.register,
    details: {
      was_non_canonical: flip.wasNonCanonical,
      is_null: flip.isNull,
      was_low: flip.wasLow,
      nearby_registers: flip.nearbyRegisters,
      poison_registers: flip.poisonRegisters,
    },
  };
}

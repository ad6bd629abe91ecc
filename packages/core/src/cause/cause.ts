/**
 * What went wrong, in words: a table of recognisers, each a pure function over the facts of the fault. The first that knows answers;
 * the order goes from what the system stated to what is inferred.
 */
import type { CpuName } from "../cpu/cpu.ts";
import type { MemoryRegion } from "../minidump/memory-regions.ts";
import type { Os } from "../minidump/system-info.ts";
import type { ReportCause } from "../report/report.ts";
import { recogniseAbort } from "./abort.ts";
import { recogniseBadCall } from "./bad-call.ts";
import type { BitFlip } from "./bit-flips.ts";
import { recogniseBreakpoint } from "./breakpoint.ts";
import { recogniseDivideByZero } from "./divide-by-zero.ts";
import type { ExecutedInstruction } from "./executed-instruction.ts";
import type { Fault, FaultAccess } from "./fault.ts";
import { recogniseFillPattern } from "./fill-pattern.ts";
import { recogniseFlippedBit } from "./flipped-bit.ts";
import { recogniseForbiddenCall } from "./forbidden-call.ts";
import { recogniseHang } from "./hang.ts";
import { recogniseIllegalInstruction } from "./illegal-instruction.ts";
import { recogniseImpossibleFault } from "./impossible-fault.ts";
import { inconsistencyEvidence } from "./inconsistencies.ts";
import { recogniseMemoryProtection } from "./memory-protection.ts";
import { recogniseMisaligned } from "./misaligned.ts";
import { recogniseNonCanonical } from "./non-canonical.ts";
import { recogniseNullAccess } from "./null-access.ts";
import { recogniseOutOfMemory } from "./out-of-memory.ts";
import { recogniseOverwrittenPointer } from "./overwritten-pointer.ts";
import { recognisePrivileged } from "./privileged.ts";
import { recogniseRequestedDump } from "./requested-dump.ts";
import { recogniseStackOverflow } from "./stack-overflow.ts";
import { recogniseTrap } from "./trap.ts";
import { recogniseUncaughtException } from "./uncaught-exception.ts";
import { recogniseWildPointer } from "./wild-pointer.ts";
import { recogniseWindowsRuntime } from "./windows-runtime.ts";

export type CauseInput = {
  os: Os;
  cpu: CpuName;
  pointerBytes: 4 | 8;
  /** Something happened, though the dump may not say what. */
  crashed: boolean;
  /** As crashReason spells it; null without an exception. */
  reason: string | null;
  address: bigint | null;
  /** The exception's parameters; empty without any. */
  parameters: readonly bigint[];
  /** Registers of the innermost frame. */
  registers: ReadonlyMap<string, bigint>;
  /** What was tried: as the system says it, else as the instruction does; null where neither tells. */
  access: FaultAccess | null;
  /** The instruction that was stopped; null without a disassembler, or where its code is not at hand. */
  instruction: ExecutedInstruction | null;
  /** The access of it that was refused. */
  fault: Fault | null;
  /** After a call or jump to no code: the instruction that led there. */
  cameFrom: ExecutedInstruction | null;
  ip: bigint | null;
  sp: bigint | null;
  ipInModule: boolean;
  /** The crashing thread's captured stack, [start, end). */
  stack: { start: bigint; end: bigint } | null;
  totalFrames: number;
  assertion: string | null;
  /** Names of the crashing thread's trusted frames, scopes and name alone, inlined ones included, innermost first, each once. */
  functions: readonly string[];
  /** The range of memory that holds an address; null where the dump lists none. */
  region(address: bigint): MemoryRegion | null;
  /** Name of the module at an address. */
  module(address: bigint): string | null;
  /** Name of an unloaded module that lay at an address. */
  unloaded(address: bigint): string | null;
  /** Texts that the program and its libraries left for such an event: annotations by key, messages without one. */
  notes: readonly { key: string; text: string }[];
  /** A word of 4 or 8 bytes in captured memory. */
  word(address: bigint, wordBytes: 4 | 8): bigint | null;
  /** Type of a thrown C++ object, where the dump tells. */
  thrownType: string | null;
  bitFlips: readonly BitFlip[];
};

export type Recogniser = (input: CauseInput) => ReportCause | null;

const RECOGNISERS: readonly Recogniser[] = [
  recogniseHang,
  recogniseOutOfMemory,
  recogniseUncaughtException,
  recogniseAbort,
  recogniseRequestedDump,
  recogniseWindowsRuntime,
  recogniseForbiddenCall,
  recogniseStackOverflow,
  recogniseImpossibleFault,
  recogniseDivideByZero,
  recogniseTrap,
  recogniseIllegalInstruction,
  recogniseBreakpoint,
  recogniseBadCall,
  recogniseMisaligned,
  recognisePrivileged,
  recogniseFillPattern,
  recogniseOverwrittenPointer,
  recogniseNullAccess,
  recogniseNonCanonical,
  recogniseMemoryProtection,
  recogniseFlippedBit,
  recogniseWildPointer,
];

export function findCause(input: CauseInput): ReportCause | null {
  for (const recognise of RECOGNISERS) {
    const cause = recognise(input);
    if (cause) return { ...cause, evidence: [...cause.evidence, ...inconsistencyEvidence(input)] };
  }
  return null;
}

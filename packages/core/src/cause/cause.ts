/**
 * What went wrong, in words: a table of recognisers, each a pure function over the facts of the fault. The first that knows answers;
 * the order goes from what the system stated to what is inferred.
 */
import type { CpuName } from "../cpu/cpu.ts";
import type { Os } from "../minidump/system-info.ts";
import type { ReportCause } from "../report/report.ts";
import { recogniseAbort } from "./abort.ts";
import { recogniseBadCall } from "./bad-call.ts";
import { recogniseBreakpoint } from "./breakpoint.ts";
import { recogniseDivideByZero } from "./divide-by-zero.ts";
import { recogniseIllegalInstruction } from "./illegal-instruction.ts";
import { recogniseNonCanonical } from "./non-canonical.ts";
import { recogniseNullAccess } from "./null-access.ts";
import { recogniseRequestedDump } from "./requested-dump.ts";
import { recogniseStackOverflow } from "./stack-overflow.ts";
import { recogniseWindowsRuntime } from "./windows-runtime.ts";

export type CauseInput = {
  os: Os;
  cpu: CpuName;
  /** As crashReason spells it; null without an exception. */
  reason: string | null;
  address: bigint | null;
  /** What the system says was tried; null where it does not say. */
  access: "read" | "write" | "execute" | null;
  ip: bigint | null;
  sp: bigint | null;
  ipInModule: boolean;
  /** The crashing thread's captured stack, [start, end). */
  stack: { start: bigint; end: bigint } | null;
  totalFrames: number;
  assertion: string | null;
  /** Names of the crashing thread's trusted frames, inlined ones included, innermost first. */
  functions: readonly string[];
};

export type Recogniser = (input: CauseInput) => ReportCause | null;

const RECOGNISERS: readonly Recogniser[] = [
  recogniseAbort,
  recogniseRequestedDump,
  recogniseWindowsRuntime,
  recogniseStackOverflow,
  recogniseDivideByZero,
  recogniseIllegalInstruction,
  recogniseBreakpoint,
  recogniseBadCall,
  recogniseNullAccess,
  recogniseNonCanonical,
];

export function findCause(input: CauseInput): ReportCause | null {
  for (const recognise of RECOGNISERS) {
    const cause = recognise(input);
    if (cause) return cause;
  }
  return null;
}

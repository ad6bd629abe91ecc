/** A breakpoint or trap instruction: debugger break, __builtin_trap, Swift and Chromium checks. */

import type { ReportCause } from "../report/report.ts";
import type { CauseInput } from "./cause.ts";
import { instructionEvidence } from "./memory-fault.ts";

export function recogniseBreakpoint(input: CauseInput): ReportCause | null {
  if (input.reason === null || !/^(SIGTRAP|EXCEPTION_BREAKPOINT|EXC_BREAKPOINT)/.test(input.reason)) return null;
  return {
    title: "Trap instruction: a check in the program failed or a breakpoint was hit",
    evidence: [input.reason, ...instructionEvidence(input)],
    confidence: "likely",
  };
}

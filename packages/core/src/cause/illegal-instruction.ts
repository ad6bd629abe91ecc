/** An instruction the processor refuses; compilers also plant one where code must not be reached. */

import type { ReportCause } from "../report/report.ts";
import type { CauseInput } from "./cause.ts";
import { instructionEvidence } from "./memory-fault.ts";

export function recogniseIllegalInstruction(input: CauseInput): ReportCause | null {
  if (input.reason === null || !/^(SIGILL|EXCEPTION_ILLEGAL_INSTRUCTION|EXC_BAD_INSTRUCTION|EXCEPTION_PRIV_INSTRUCTION)/.test(input.reason))
    return null;
  return {
    title: "Illegal instruction, often a trap that the compiler or the program planted",
    evidence: [input.reason, ...instructionEvidence(input)],
    confidence: "likely",
  };
}

/** A fault that the instruction cannot have raised: the processor, its memory, or the dump is wrong, not the program at this place. */
import type { ReportCause, ReportInconsistency } from "../report/report.ts";
import type { CauseInput } from "./cause.ts";
import { findInconsistencies } from "./inconsistencies.ts";
import { instructionEvidence } from "./memory-fault.ts";

const titles: Readonly<Partial<Record<ReportInconsistency, string>>> = {
  int_div_by_zero_not_possible: "A division by zero where nothing is divided, possibly faulty hardware",
  priv_instruction_crash_without_priv_instruction: "A privileged instruction where there is none, possibly faulty hardware",
};

export function recogniseImpossibleFault(input: CauseInput): ReportCause | null {
  const [first] = findInconsistencies(input);
  const title = first === undefined ? undefined : titles[first];
  // Contradictions about addresses leave the address itself to look at.
  if (title === undefined) return null;
  return { title, evidence: [`${input.reason}`, ...instructionEvidence(input)], confidence: "possible" };
}

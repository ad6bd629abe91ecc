/** An instruction that only the system may execute: on amd64 a general protection fault, which looks like a corrupted pointer. */
import type { ReportCause } from "../report/report.ts";
import type { CauseInput } from "./cause.ts";
import { faultEvidence, hidesAddress, isMemoryFault } from "./memory-fault.ts";

export function recognisePrivileged(input: CauseInput): ReportCause | null {
  if (!isMemoryFault(input.reason) || !hidesAddress(input) || !input.instruction?.instruction.privileged) return null;
  return {
    title: "An instruction that only the system may execute",
    evidence: faultEvidence(input),
    confidence: "certain",
  };
}

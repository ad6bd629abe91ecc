/** An address that no 64-bit pointer can have: a corrupted or never initialised pointer. */

import type { ReportCause } from "../report/report.ts";
import type { CauseInput } from "./cause.ts";
import { isNonCanonical } from "./fault.ts";
import { faultEvidence, hidesAddress, isMemoryFault, throughWords } from "./memory-fault.ts";

export function recogniseNonCanonical(input: CauseInput): ReportCause | null {
  if (!isMemoryFault(input.reason)) return null;
  if (input.cpu === "arm64" && input.address !== null && input.address >> 56n !== 0n && input.address >> 47n !== 0x1ffffn) {
    return {
      title: "Access through a corrupted pointer: its upper bits are no address, as after a failed pointer authentication",
      evidence: faultEvidence(input),
      confidence: "likely",
    };
  }
  if (input.cpu !== "amd64") return null;
  const hidden = hidesAddress(input);
  const outside = input.address !== null && isNonCanonical(input.address);
  if (!hidden && !outside) return null;
  const { fault } = input;
  if (fault?.access === "execute" && fault.operand === null) {
    const returned = input.instruction?.instruction.flow === "return";
    return {
      title: returned
        ? "Return to an address that this processor cannot have: the stack was overwritten"
        : "Call through a corrupted function pointer (not an address this processor can have)",
      evidence: faultEvidence(input),
      confidence: "certain",
    };
  }
  return {
    title: `${throughWords(input.access)} a corrupted pointer (not an address this processor can have)`,
    evidence: faultEvidence(input),
    confidence: outside || fault !== null ? "certain" : "likely",
  };
}

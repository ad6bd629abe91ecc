/** An address that no 64-bit pointer can have: a corrupted or never initialised pointer. */

import type { ReportCause } from "../report/report.ts";
import type { CauseInput } from "./cause.ts";
import { faultEvidence, isMemoryFault } from "./memory-fault.ts";

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
  const hidden =
    input.reason?.endsWith("SI_KERNEL") ||
    input.reason?.endsWith("EXC_I386_GPFLT") ||
    (input.os === "windows" && input.address === 0xffffffffffffffffn);
  const outside = input.address !== null && input.address > 0x7fffffffffffn && input.address < 0xffff800000000000n;
  if (!hidden && !outside) return null;
  return {
    title: "Access through a corrupted pointer (not an address this processor can have)",
    evidence: faultEvidence(input),
    confidence: outside ? "certain" : "likely",
  };
}

/** A crash address that one flipped bit explains: bad memory, or an overheated processor, rather than a fault of the program. */
import type { ReportCause } from "../report/report.ts";
import type { CauseInput } from "./cause.ts";
import { faultEvidence, hex, isMemoryFault } from "./memory-fault.ts";

/** Below this a flip is listed in the report, but no cause. */
const MIN_CONFIDENCE = 0.6;

export function recogniseFlippedBit(input: CauseInput): ReportCause | null {
  if (!isMemoryFault(input.reason)) return null;
  // A null pointer needs no flip to be wrong.
  if (input.fault?.register?.value === 0n) return null;
  const [best] = [...input.bitFlips].sort((a, b) => b.confidence - a.confidence);
  if (best === undefined || best.confidence < MIN_CONFIDENCE) return null;
  return {
    title: "A flipped bit in a pointer, possibly faulty hardware",
    evidence: [
      ...faultEvidence(input),
      `${hex(best.address)} differs in one bit and can be accessed`,
      ...(best.register === null ? [] : [`register ${best.register} would have held it`]),
      ...(best.nearbyRegisters > 0 ? [`${best.nearbyRegisters} registers point near it`] : []),
    ],
    confidence: "possible",
  };
}

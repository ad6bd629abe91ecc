/** Access through a null pointer, or to a field of an object that is null. */

import type { ReportCause } from "../report/report.ts";
import type { CauseInput } from "./cause.ts";
import { accessWords, faultEvidence, hex, isMemoryFault, NEAR_NULL_BYTES } from "./memory-fault.ts";

export function recogniseNullAccess(input: CauseInput): ReportCause | null {
  const { address } = input;
  if (!isMemoryFault(input.reason) || address === null || address >= NEAR_NULL_BYTES) return null;
  // A general protection fault (non-canonical address) is reported with address 0 and SI_KERNEL.
  if (input.reason?.endsWith("SI_KERNEL") || input.reason?.endsWith("EXC_I386_GPFLT")) return null;
  const evidence = faultEvidence(input);
  if (address === 0n) return { title: `${accessWords(input.access)} a null pointer`, evidence, confidence: "likely" };
  return {
    title: `${accessWords(input.access)} a field of a null object`,
    evidence: [...evidence, `offset ${hex(address)} from null`],
    confidence: "likely",
  };
}

/**
 * An address where nothing is: the pointer was never set, went stale, or was computed wrongly. Last of all, when nothing about the address says
 * more.
 */
import type { ReportCause } from "../report/report.ts";
import type { CauseInput } from "./cause.ts";
import { accessedAddress, faultEvidence, hidesAddress, isMemoryFault, throughWords } from "./memory-fault.ts";

/** Reasons by which the system itself says that nothing is mapped. */
const UNMAPPED = /SEGV_MAPERR|KERN_INVALID_ADDRESS/;

export function recogniseWildPointer(input: CauseInput): ReportCause | null {
  const { reason, fault } = input;
  const address = accessedAddress(input);
  if (!isMemoryFault(reason) || address === null || hidesAddress(input)) return null;
  const region = input.region(address);
  if (region?.committed) return null;
  const stated = UNMAPPED.test(reason ?? "");
  // Without a word of the system or a list of its memory, the process may well have had memory there.
  if (!stated && region === null && fault === null) return null;
  const freed = region !== null ? ["the address lies in memory that is reserved only, or was given back"] : [];
  return {
    title: `${throughWords(input.access)} a wild pointer: nothing is mapped there`,
    evidence: [...faultEvidence(input), ...freed],
    confidence: stated || region !== null ? "likely" : "possible",
  };
}

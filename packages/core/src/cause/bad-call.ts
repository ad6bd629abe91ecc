/** A call or jump to something that is no code: a null or wild function pointer, or data executed. */

import type { ReportCause } from "../report/report.ts";
import type { CauseInput } from "./cause.ts";
import { faultEvidence, hex, isMemoryFault, NEAR_NULL_BYTES } from "./memory-fault.ts";

export function recogniseBadCall(input: CauseInput): ReportCause | null {
  const { ip, address } = input;
  if (!isMemoryFault(input.reason) || ip === null) return null;
  const executed = input.access === "execute" || (!input.ipInModule && address === ip);
  if (!executed || (input.ipInModule && input.access !== "execute")) return null;
  const evidence = [...faultEvidence(input), `instruction pointer ${hex(ip)} is in no module`];
  if (ip < NEAR_NULL_BYTES)
    return { title: `Call through a ${ip === 0n ? "null" : "near-null"} function pointer`, evidence, confidence: "certain" };
  return { title: "Execution of memory that is not code", evidence, confidence: "certain" };
}

/** A call or jump to something that is no code: a null or wild function pointer, or data executed. */

import type { ReportCause } from "../report/report.ts";
import type { CauseInput } from "./cause.ts";
import { faultEvidence, hex, isMemoryFault, NEAR_NULL_BYTES } from "./memory-fault.ts";

export function recogniseBadCall(input: CauseInput): ReportCause | null {
  const { ip, address } = input;
  const gone = ip === null || input.ipInModule ? null : input.unloaded(ip);
  if (gone !== null && isMemoryFault(input.reason)) {
    const evidence = [...faultEvidence(input), `instruction pointer ${hex(ip ?? 0n)} lies in ${gone}, which was unloaded`];
    return { title: "Call into a library that had been unloaded", evidence, confidence: "certain" };
  }
  if (!isMemoryFault(input.reason) || ip === null) return null;
  const executed = input.access === "execute" || (!input.ipInModule && address === ip);
  if (!executed || (input.ipInModule && input.access !== "execute")) return null;
  const evidence = [...faultEvidence(input), `instruction pointer ${hex(ip)} is in no module`];
  if (ip < NEAR_NULL_BYTES)
    return { title: `Call through a ${ip === 0n ? "null" : "near-null"} function pointer`, evidence, confidence: "certain" };
  const region = input.region(ip);
  if (region?.committed && !region.execute) evidence.push("the memory there is data: it must not be executed");
  return { title: "Execution of memory that is not code", evidence, confidence: "certain" };
}

/** A call or jump to something that is no code: a null or wild function pointer, or data executed. */

import type { ReportCause } from "../report/report.ts";
import type { CauseInput } from "./cause.ts";
import { faultEvidence, hex, isMemoryFault, NEAR_NULL_BYTES } from "./memory-fault.ts";

export function recogniseBadCall(input: CauseInput): ReportCause | null {
  const { ip, address } = input;
  const gone = ip === null || input.ipInModule ? null : input.unloaded(ip);
  if (gone !== null && isMemoryFault(input.reason)) {
    const where = `instruction pointer ${hex(ip ?? 0n)} lies in ${gone}, which was unloaded`;
    return { title: "Call into a library that had been unloaded", evidence: [...faultEvidence(input), where], confidence: "certain" };
  }
  // A call that the processor refused to carry out has not led anywhere yet.
  if (!isMemoryFault(input.reason) || ip === null || input.fault?.access === "execute") return null;
  const executed = input.access === "execute" || (!input.ipInModule && address === ip);
  if (!executed || (input.ipInModule && input.access !== "execute")) return null;
  const region = input.region(ip);
  // Code that is there and may be executed was stopped by something it did itself.
  if (region?.committed && region.execute && input.access !== "execute") return null;
  const evidence = [
    ...faultEvidence(input),
    `instruction pointer ${hex(ip)} is in ${input.ipInModule ? "data of a module" : "no module"}`,
    ...cameFrom(input),
  ];
  if (ip < NEAR_NULL_BYTES) {
    return { title: `Call through a ${ip === 0n ? "null" : "near-null"} function pointer`, evidence, confidence: "certain" };
  }
  const what = dataAt(input, ip);
  if (what !== null)
    return { title: `Execution of ${what}: a function pointer or return address led into data`, evidence, confidence: "certain" };
  if (region?.committed) evidence.push("the memory there is data: it must not be executed");
  return { title: "Execution of memory that is not code", evidence, confidence: "certain" };
}

/** What kind of data an address lies in, where the dump shows it. */
function dataAt(input: CauseInput, ip: bigint): string | null {
  const { stack } = input;
  const region = input.region(ip);
  if (region?.execute) return null;
  if (region?.kernelName === "[stack]" || (stack !== null && ip >= stack.start && ip < stack.end)) return "the stack";
  return region?.kernelName === "[heap]" ? "the heap" : null;
}

/** The call that led here, and through what. */
function cameFrom({ cameFrom: call }: CauseInput): string[] {
  if (call === null) return [];
  const [operand] = call.instruction.operands;
  const read = call.accesses.find((access) => access.operand === operand);
  const through = operand?.kind === "memory" && read?.address != null ? `, whose pointer lies at ${hex(read.address)}` : "";
  return [`called by ${call.instruction.text}${through}`];
}

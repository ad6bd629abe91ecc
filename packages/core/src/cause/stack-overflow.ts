/** The stack ran out: stated by Windows; elsewhere a memory fault right at the stack pointer, below the stack that exists. */

import type { ReportCause } from "../report/report.ts";
import type { CauseInput } from "./cause.ts";
import { faultEvidence, hex, isMemoryFault } from "./memory-fault.ts";

/** A function's frame can reach this far below the stack pointer before the first access to it. */
const MAX_REACH_BYTES = 0x10000n;
/** Recursion this deep makes an overflow likely where the address says nothing against it. */
const DEEP_FRAMES = 1000;

export function recogniseStackOverflow(input: CauseInput): ReportCause | null {
  const depth = `${input.totalFrames} frames on the stack`;
  if (input.reason?.startsWith("EXCEPTION_STACK_OVERFLOW")) {
    return { title: "Stack overflow", evidence: [input.reason, depth], confidence: "certain" };
  }
  const { address, sp, stack } = input;
  // Says enough by itself: some writers do not record the address of a fault.
  if (isMemoryFault(input.reason) && sp !== null && input.region(sp)?.guard) {
    const evidence = [...faultEvidence(input), `stack pointer ${hex(sp)} lies in a guard page`, depth];
    return { title: "Stack overflow", evidence, confidence: "certain" };
  }
  if (!isMemoryFault(input.reason) || address === null || sp === null) return null;
  const distance = address > sp ? address - sp : sp - address;
  if (distance > MAX_REACH_BYTES) return null;
  const region = input.region(address);
  const inGuard = region?.guard === true;
  const belowStack = inGuard || stack === null || address < stack.start || sp < stack.start;
  if (!belowStack && input.totalFrames < DEEP_FRAMES) return null;
  return {
    title: "Stack overflow",
    evidence: [...faultEvidence(input), `stack pointer ${hex(sp)}`, ...(inGuard ? ["the address lies in a guard page"] : []), depth],
    confidence: input.totalFrames >= DEEP_FRAMES || inGuard ? "certain" : "likely",
  };
}

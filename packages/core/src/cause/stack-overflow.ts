/** The stack ran out: stated by Windows; elsewhere a memory fault right at the stack pointer, below the stack that exists. */

import type { ReportCause } from "../report/report.ts";
import type { CauseInput } from "./cause.ts";
import { accessedAddress, faultEvidence, hex, instructionEvidence, isMemoryFault } from "./memory-fault.ts";

/** A function's frame can reach this far below the stack pointer before the first access to it. */
const MAX_REACH_BYTES = 0x10000n;
/** What compilers call to touch every page of a large frame in turn. */
const PROBE = /^_*(chkstk|chkstk_ms|alloca_probe(_8|_16)?|rust_probestack)$/;
/** Recursion this deep makes an overflow likely where the address says nothing against it. */
const DEEP_FRAMES = 1000;

export function recogniseStackOverflow(input: CauseInput): ReportCause | null {
  const depth = `${input.totalFrames} frames on the stack`;
  if (input.reason?.startsWith("EXCEPTION_STACK_OVERFLOW")) {
    return { title: "Stack overflow", evidence: [input.reason, ...instructionEvidence(input), depth], confidence: "certain" };
  }
  const { sp, stack } = input;
  const address = accessedAddress(input);
  // Says enough by itself: some writers do not record the address of a fault.
  if (isMemoryFault(input.reason) && sp !== null && input.region(sp)?.guard) {
    const evidence = [...faultEvidence(input), `stack pointer ${hex(sp)} lies in a guard page`, depth];
    return { title: "Stack overflow", evidence, confidence: "certain" };
  }
  if (!isMemoryFault(input.reason) || address === null || sp === null) return null;
  const probe = input.functions[0];
  if (probe !== undefined && PROBE.test(probe) && input.access !== "execute" && !input.region(address)?.write) {
    const evidence = [...faultEvidence(input), `${probe} touches the pages of a large frame`, depth];
    return { title: "Stack overflow", evidence, confidence: "likely" };
  }
  const distance = address > sp ? address - sp : sp - address;
  if (distance > MAX_REACH_BYTES) return null;
  const region = input.region(address);
  const inGuard = region?.guard === true;
  const belowStack = inGuard || stack === null || address < stack.start || sp < stack.start;
  // The instruction says whether it is the stack that it wrote to.
  if (input.fault !== null && stackRegister(input) === null && !inGuard && input.totalFrames < DEEP_FRAMES) return null;
  if (!belowStack && input.totalFrames < DEEP_FRAMES) return null;
  return {
    title: "Stack overflow",
    evidence: [
      ...faultEvidence(input),
      `stack pointer ${hex(sp)}`,
      ...pushes(input),
      ...(inGuard ? ["the address lies in a guard page"] : []),
      depth,
    ],
    confidence: input.totalFrames >= DEEP_FRAMES || inGuard ? "certain" : "likely",
  };
}

/** The processor's stack pointer, or the frame pointer that stands for it. */
function stackRegister({ fault }: CauseInput): string | null {
  const base = fault?.operand?.base ?? null;
  return base !== null && /^([er]?(sp|bp)|fp|r11|x29)$/.test(base) ? base : null;
}

/** That the access was one which only grows the stack. */
function pushes({ fault, instruction }: CauseInput): string[] {
  if (!fault?.operand?.implicit || fault.access !== "write") return [];
  const what = instruction?.instruction.flow === "call" ? "its return address" : "a register";
  return [`the instruction pushes ${what}`];
}

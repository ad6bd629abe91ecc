/** A pointer out of memory that an allocator had filled with its pattern: use after free, or of something never initialised. */
import type { ReportCause } from "../report/report.ts";
import type { CauseInput } from "./cause.ts";
import { accessedAddress, faultEvidence, hex, hidesAddress, isMemoryFault } from "./memory-fault.ts";
import { type FillPattern, fillPattern } from "./poison-patterns.ts";

const TITLE: Readonly<Record<FillPattern["kind"], string>> = {
  freed: "Use after free: a pointer was read from memory that had been freed",
  uninitialised: "Use of uninitialised memory: a pointer was read that nobody had set",
  overrun: "Read past the end of a heap block",
};

export function recogniseFillPattern(input: CauseInput): ReportCause | null {
  if (!isMemoryFault(input.reason)) return null;
  const { pointerBytes, fault } = input;
  const address = accessedAddress(input);
  const direct = address === null ? null : fillPattern(address, pointerBytes);
  if (direct !== null) return cause(input, direct.pattern, `the address is ${describe(direct.offset)}`, "likely");
  // The register of the access tells what the sum of its address may hide.
  const held = fault?.register ? fillPattern(fault.register.value, pointerBytes) : null;
  if (held !== null && fault?.register) return cause(input, held.pattern, `register ${fault.register.name} holds a fill pattern`, "likely");
  // A 64-bit pattern is no address at all, so the system does not tell it; where the instruction is not known, a register that holds one does.
  if (!hidesAddress(input) || input.instruction !== null) return null;
  for (const [name, value] of input.registers) {
    const held = fillPattern(value, pointerBytes);
    if (held !== null) return cause(input, held.pattern, `register ${name} holds ${hex(value)}`, "likely");
  }
  return null;
}

function describe(offset: bigint): string {
  return offset === 0n
    ? "a fill pattern"
    : `${offset < 0n ? "-" : ""}0x${(offset < 0n ? -offset : offset).toString(16)} from a fill pattern`;
}

function cause(input: CauseInput, pattern: FillPattern, how: string, confidence: ReportCause["confidence"]): ReportCause {
  return { title: TITLE[pattern.kind], evidence: [...faultEvidence(input), how, pattern.meaning], confidence };
}

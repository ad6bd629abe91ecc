/** A pointer out of memory that an allocator had filled with its pattern: use after free, or of something never initialised. */
import type { ReportCause } from "../report/report.ts";
import type { CauseInput } from "./cause.ts";
import { faultEvidence, hex, isMemoryFault } from "./memory-fault.ts";
import { type FillPattern, fillPattern } from "./poison-patterns.ts";

const TITLE: Readonly<Record<FillPattern["kind"], string>> = {
  freed: "Use after free: a pointer was read from memory that had been freed",
  uninitialised: "Use of uninitialised memory: a pointer was read that nobody had set",
  overrun: "Read past the end of a heap block",
};

export function recogniseFillPattern(input: CauseInput): ReportCause | null {
  if (!isMemoryFault(input.reason)) return null;
  const { address, pointerBytes } = input;
  const direct = address === null ? null : fillPattern(address, pointerBytes);
  if (direct !== null) return cause(input, direct.pattern, `the address is ${describe(direct.offset)}`, "likely");
  // A 64-bit pattern is no address at all, so the system may not tell it; then a register that holds one does.
  if (!hidesAddress(input)) return null;
  for (const [name, value] of input.registers) {
    const held = fillPattern(value, pointerBytes);
    if (held !== null) return cause(input, held.pattern, `register ${name} holds ${hex(value)}`, "likely");
  }
  return null;
}

function hidesAddress(input: CauseInput): boolean {
  if (input.pointerBytes !== 8 || input.cpu !== "amd64") return false;
  return /(SI_KERNEL|EXC_I386_GPFLT)$/.test(input.reason ?? "") || (input.os === "windows" && input.address === 0xffffffffffffffffn);
}

function describe(offset: bigint): string {
  return offset === 0n
    ? "a fill pattern"
    : `${offset < 0n ? "-" : ""}0x${(offset < 0n ? -offset : offset).toString(16)} from a fill pattern`;
}

function cause(input: CauseInput, pattern: FillPattern, how: string, confidence: ReportCause["confidence"]): ReportCause {
  return { title: TITLE[pattern.kind], evidence: [...faultEvidence(input), how, pattern.meaning], confidence };
}

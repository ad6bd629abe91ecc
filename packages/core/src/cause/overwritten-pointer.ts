/** A pointer whose bytes are text: something wrote a string over it, as a buffer overrun does. */
import type { ReportCause } from "../report/report.ts";
import type { CauseInput } from "./cause.ts";
import { faultEvidence, isMemoryFault } from "./memory-fault.ts";

export function recogniseOverwrittenPointer(input: CauseInput): ReportCause | null {
  if (!isMemoryFault(input.reason)) return null;
  const candidates: [string, bigint][] = [
    ...(input.address === null ? [] : [["the address", input.address] as [string, bigint]]),
    // Eight letters are no address, so the system may not tell it; a register then holds it.
    ...(input.pointerBytes === 8 && hidesAddress(input)
      ? [...input.registers].map(([name, v]): [string, bigint] => [`register ${name}`, v])
      : []),
  ];
  for (const [holder, value] of candidates) {
    const text = asText(value, input.pointerBytes);
    if (text === null) continue;
    return {
      title: "Access through a pointer that was overwritten with text, as a buffer overrun does",
      evidence: [...faultEvidence(input), `${holder} reads "${text}"`],
      confidence: "possible",
    };
  }
  return null;
}

function hidesAddress(input: CauseInput): boolean {
  return /(SI_KERNEL|EXC_I386_GPFLT)$/.test(input.reason ?? "") || (input.os === "windows" && input.address === 0xffffffffffffffffn);
}

/** The bytes in memory order when all are letters or digits; null otherwise. */
function asText(value: bigint, pointerBytes: 4 | 8): string | null {
  const bytes = Array.from({ length: pointerBytes }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn));
  const text = String.fromCharCode(...bytes);
  return /^[0-9A-Za-z]+$/.test(text) ? text : null;
}

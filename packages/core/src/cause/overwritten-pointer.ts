/** A pointer whose bytes are text: something wrote a string over it, as a buffer overrun does. */
import type { ReportCause } from "../report/report.ts";
import type { CauseInput } from "./cause.ts";
import { accessedAddress, faultEvidence, hidesAddress, isMemoryFault } from "./memory-fault.ts";

export function recogniseOverwrittenPointer(input: CauseInput): ReportCause | null {
  if (!isMemoryFault(input.reason)) return null;
  const { fault } = input;
  const candidates: [string, bigint][] = [];
  if (fault?.register) candidates.push([`register ${fault.register.name}`, fault.register.value]);
  const address = accessedAddress(input);
  if (address !== null) candidates.push(["the address", address]);
  // Eight letters are no address, so the system does not tell it; where the instruction is not known, a register holds it.
  if (hidesAddress(input) && input.instruction === null) {
    for (const [name, value] of input.registers) candidates.push([`register ${name}`, value]);
  }
  for (const [holder, value] of candidates) {
    const text = asText(value, input.pointerBytes);
    if (text === null) continue;
    return {
      title: "Access through a pointer that was overwritten with text, as a buffer overrun does",
      evidence: [...faultEvidence(input), `${holder} reads "${text}"`],
      confidence: holder.startsWith("register") && fault !== null ? "likely" : "possible",
    };
  }
  return null;
}

/** The bytes in memory order when all are letters or digits; null otherwise. */
function asText(value: bigint, pointerBytes: 4 | 8): string | null {
  const bytes = Array.from({ length: pointerBytes }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn));
  const text = String.fromCharCode(...bytes);
  return /^[0-9A-Za-z]+$/.test(text) ? text : null;
}

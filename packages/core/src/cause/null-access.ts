/** Access through a null pointer, or to a field or element of an object that is null. */

import type { ReportCause } from "../report/report.ts";
import type { CauseInput } from "./cause.ts";
import type { Fault } from "./fault.ts";
import { accessedAddress, accessWords, faultEvidence, hex, hidesAddress, isMemoryFault, NEAR_NULL_BYTES } from "./memory-fault.ts";

export function recogniseNullAccess(input: CauseInput): ReportCause | null {
  const { fault } = input;
  const address = accessedAddress(input);
  if (!isMemoryFault(input.reason) || address === null || hidesAddress(input)) return null;
  const evidence = faultEvidence(input);
  if (fault !== null && nullBase(fault)) {
    const title = (what: string): string => `${accessWords(input.access)} ${what}`;
    if (fault.address === 0n) return { title: title("a null pointer"), evidence, confidence: "certain" };
    if (fault.operand?.index != null) {
      return {
        title: title("an element of a null array"),
        evidence: [...evidence, `${hex(fault.address)} from null`],
        confidence: "likely",
      };
    }
    const offset = [...evidence, `offset ${hex(fault.address)} from null`];
    return { title: title("a field of a null object"), evidence: offset, confidence: "certain" };
  }
  if (address >= NEAR_NULL_BYTES) return null;
  if (address === 0n) return { title: `${accessWords(input.access)} a null pointer`, evidence, confidence: "likely" };
  return {
    title: `${accessWords(input.access)} a field of a null object`,
    evidence: [...evidence, `offset ${hex(address)} from null`],
    confidence: "likely",
  };
}

/** The operand's base is exactly null; then its displacement is a field's offset, however large. */
function nullBase({ operand, register }: Fault): boolean {
  return operand !== null && operand.segment === null && operand.base !== null && register?.name === operand.base && register.value === 0n;
}

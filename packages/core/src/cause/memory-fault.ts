/** What recognisers of memory faults share. */
import type { CauseInput } from "./cause.ts";

/** Nothing is mapped below this on any system we know; a field of a null object lies here. */
export const NEAR_NULL_BYTES = 0x10000n;

/** Whether the fault was an access to memory. */
export function isMemoryFault(reason: string | null): boolean {
  return reason !== null && /^(SIGSEGV|SIGBUS|EXC_BAD_ACCESS|EXCEPTION_ACCESS_VIOLATION)/.test(reason);
}

/** "Read of", "Write to", "Access to". */
export function accessWords(access: CauseInput["access"]): string {
  if (access === "read") return "Read of";
  return access === "write" ? "Write to" : "Access to";
}

export function hex(value: bigint): string {
  return `0x${value.toString(16)}`;
}

/** Evidence lines every memory fault has. */
export function faultEvidence(input: CauseInput): string[] {
  return [`${input.reason}`, ...(input.address === null ? [] : [`address ${hex(input.address)}`])];
}

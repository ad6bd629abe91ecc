/** What recognisers of memory faults share. */
import type { CauseInput } from "./cause.ts";

/** Nothing is mapped below this on any system we know; a field of a null object lies here. */
export const NEAR_NULL_BYTES = 0x10000n;

/** Whether the fault was an access to memory. */
export function isMemoryFault(reason: string | null): boolean {
  return reason !== null && /^(SIGSEGV|SIGBUS|EXC_BAD_ACCESS|EXCEPTION_ACCESS_VIOLATION)/.test(reason);
}

/** Whether the processor refused the access before it had an address to tell: a general protection fault of amd64. */
export function hidesAddress({ cpu, os, reason, address }: Pick<CauseInput, "cpu" | "os" | "reason" | "address">): boolean {
  if (cpu !== "amd64") return false;
  return /(SI_KERNEL|EXC_I386_GPFLT)$/.test(reason ?? "") || (os === "windows" && address === 0xffffffffffffffffn);
}

/** What could not be accessed: as the system tells it, else the instruction; null where neither does. */
export function accessedAddress(input: CauseInput): bigint | null {
  const { address, fault } = input;
  if (hidesAddress(input)) return fault?.address ?? null;
  return address === 0n && fault !== null ? fault.address : address;
}

/** "Read of", "Write to", "Access to". */
export function accessWords(access: CauseInput["access"]): string {
  if (access === "read") return "Read of";
  return access === "write" || access === "read_write" ? "Write to" : "Access to";
}

/** "Read through", "Write through", "Access through". */
export function throughWords(access: CauseInput["access"]): string {
  if (access === "read") return "Read through";
  return access === "write" || access === "read_write" ? "Write through" : "Access through";
}

export function hex(value: bigint): string {
  return `0x${value.toString(16)}`;
}

/** Evidence lines every memory fault has: what the system says, the instruction, the register to blame. */
export function faultEvidence(input: CauseInput): string[] {
  const { reason, address, fault } = input;
  const lines = [`${reason}`];
  if (address !== null && !hidesAddress(input)) lines.push(`address ${hex(address)}`);
  lines.push(...instructionEvidence(input));
  if (fault?.register) lines.push(`register ${fault.register.name} holds ${hex(fault.register.value)}`);
  if (fault && fault.address !== address) lines.push(`the instruction's address is ${hex(fault.address)}`);
  return lines;
}

/** The faulting instruction, where it is known. */
export function instructionEvidence({ instruction }: CauseInput): string[] {
  return instruction === null ? [] : [`instruction ${instruction.instruction.text}`];
}

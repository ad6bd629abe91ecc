/**
 * Where the crash reason and the instruction contradict each other: a sign of faulty hardware, of a dump whose code or registers are not those
 * of the crash, or of a debugger's tricks. Only what is known for sure counts: without the instruction's accesses, or a map of memory, nothing
 * is said. The words are rust-minidump's (`crash_inconsistencies`).
 */
import type { ReportInconsistency } from "../report/report.ts";
import type { CauseInput } from "./cause.ts";
import { isNonCanonical } from "./fault.ts";
import { hidesAddress } from "./memory-fault.ts";

/** What each says, for people. */
const words: Readonly<Record<ReportInconsistency, string>> = {
  int_div_by_zero_not_possible: "the instruction is no division, so it cannot divide by zero",
  priv_instruction_crash_without_priv_instruction: "the instruction is one that every program may execute",
  non_canonical_address_falsely_reported: "every address of the instruction is canonical",
  access_violation_when_access_allowed: "the memory there allows the access",
  crashing_access_not_found_in_memory_accesses: "the instruction does not access the address that was reported",
};

const divisions = /^(?:i?div|aam|[su]div)$/;
const integerDivision = /FPE_INTDIV|EXCEPTION_INT_DIVIDE_BY_ZERO|EXC_I386_DIV/;
const privileged = /EXCEPTION_PRIV_INSTRUCTION|STATUS_PRIVILEGED_INSTRUCTION/;
/** Instructions of amd64 that raise a general protection fault for a bad address and for nothing else. */
const onlyFaultsByAddress =
  /^(?:mov(?:zx|sxd?|d|q|u[pd]s)?|add|adc|sub|sbb|and|or|xor|not|neg|inc|dec|cmp|test|imul|mul|push|pop|call|ret|jmp|set[a-z]+|cmov[a-z]+)$/;

/** The contradictions of a fault as evidence, in words. */
export function inconsistencyEvidence(input: CauseInput): string[] {
  return findInconsistencies(input).map((found) => words[found]);
}

/** Empty where nothing contradicts, or too little is known. */
export function findInconsistencies(input: CauseInput): ReportInconsistency[] {
  const { reason, instruction } = input;
  if (reason === null || instruction === null) return [];
  if (integerDivision.test(reason)) return divisions.test(instruction.instruction.mnemonic) ? [] : ["int_div_by_zero_not_possible"];
  if (privileged.test(reason)) return instruction.instruction.privileged ? [] : ["priv_instruction_crash_without_priv_instruction"];
  const tried = triedAccess(reason);
  if (tried === null) return [];
  if (hidesAddress(input)) {
    const canonical = knowsAll(input) && onlyFaultsByAddress.test(instruction.instruction.mnemonic) && !anyAddress(input, isNonCanonical);
    return canonical ? ["non_canonical_address_falsely_reported"] : [];
  }
  const found: ReportInconsistency[] = [];
  if (!mayAccess(input, tried)) found.push("crashing_access_not_found_in_memory_accesses");
  if (isAllowed(input, tried)) found.push("access_violation_when_access_allowed");
  return found;
}

type Tried = "read" | "write" | "execute" | "any";

/** What Windows says was tried; a stack overflow is an access of either kind. */
function triedAccess(reason: string): Tried | null {
  const kind = /^EXCEPTION_ACCESS_VIOLATION_(READ|WRITE|EXEC)$/.exec(reason)?.[1];
  if (kind !== undefined) return kind === "READ" ? "read" : kind === "WRITE" ? "write" : "execute";
  return reason === "EXCEPTION_STACK_OVERFLOW" ? "any" : null;
}

/** Every address that the instruction touches or goes to is known. */
function knowsAll({ instruction }: CauseInput): boolean {
  if (instruction === null) return false;
  const { flow } = instruction.instruction;
  const goes = flow === "call" || flow === "jump" || flow === "return";
  return (
    (!goes || instruction.target !== null) &&
    instruction.accesses.every(({ address, operand }) => address !== null && operand.sizeBytes !== null)
  );
}

function anyAddress({ instruction }: CauseInput, test: (address: bigint) => boolean): boolean {
  if (instruction === null) return false;
  if (instruction.target !== null && test(instruction.target)) return true;
  return instruction.accesses.some(({ address, operand }) => address !== null && operand.access !== "none" && test(address));
}

/** False only where it is sure that the instruction does not touch the reported address in the reported way. */
function mayAccess(input: CauseInput, tried: Tried): boolean {
  const { address, instruction } = input;
  if (address === null || instruction === null || !knowsAll(input)) return true;
  // The processor fetches the instruction itself, and what it leads to.
  const fetched = covers(instruction.address, instruction.instruction.lengthBytes, address) || instruction.target === address;
  if (fetched) return true;
  if (tried === "execute") return false;
  return instruction.accesses.some(({ address: at, operand }) => {
    if (at === null || operand.access === "none") return false;
    const same = tried === "any" || operand.access === "read_write" || operand.access === tried;
    return same && covers(at, operand.sizeBytes ?? 1, address);
  });
}

function covers(start: bigint, sizeBytes: number, address: bigint): boolean {
  return address >= start && address < start + BigInt(sizeBytes);
}

function isAllowed(input: CauseInput, tried: Tried): boolean {
  const region = input.address === null ? null : input.region(input.address);
  if (region === null || !region.committed || region.guard || tried === "any") return false;
  return region[tried];
}

/**
 * A vector instruction that demands an aligned address, at one that is not: on amd64 a general protection fault, which looks like a corrupted
 * pointer. Most often the stack pointer itself is off by 8, by a call from hand-written assembler or through a wrong prototype.
 */
import type { ReportCause } from "../report/report.ts";
import type { CauseInput } from "./cause.ts";
import { faultEvidence, hex, hidesAddress, isMemoryFault } from "./memory-fault.ts";

/** Moves that say "aligned" in their name. */
const ALIGNED_MOVE = /^v?mov(aps|apd|dqa|dqa32|dqa64|ntps|ntpd|ntdq|ntdqa)$/;
/** Of the instructions without VEX prefix, arithmetic on 16 bytes of memory demands alignment, too. */
const SSE_ARITHMETIC = /^(?!v|movu|movdqu|lddqu|mov[hl]|movs[dlh]).*(ps|pd)$|^p[a-z]+[bwdq]$/;
const SSE_BYTES = 16;
const STACK_REGISTERS = /^[er](sp|bp)$/;

export function recogniseMisaligned(input: CauseInput): ReportCause | null {
  const { instruction, fault } = input;
  // An access whose address is the fault by itself needs no other reason.
  if (instruction === null || fault !== null || !isMemoryFault(input.reason)) return null;
  if (!hidesAddress(input) && input.cpu !== "x86") return null;
  const { mnemonic } = instruction.instruction;
  const access = instruction.accesses.find(({ operand }) => (operand.sizeBytes ?? 0) >= SSE_BYTES);
  if (access === undefined || access.address === null) return null;
  const bytes = access.operand.sizeBytes ?? SSE_BYTES;
  if (!ALIGNED_MOVE.test(mnemonic) && !(bytes === SSE_BYTES && SSE_ARITHMETIC.test(mnemonic))) return null;
  if (access.address % BigInt(bytes) === 0n) return null;
  const onStack = STACK_REGISTERS.test(access.operand.base ?? "");
  return {
    title: `Access to a misaligned address${onStack ? ": the stack pointer was off when the function was called" : ""}`,
    evidence: [...faultEvidence(input), `${mnemonic} needs a multiple of ${bytes}, its address is ${hex(access.address)}`],
    confidence: "certain",
  };
}

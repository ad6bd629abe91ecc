/**
 * Steps for an innermost frame that has not touched its stack yet, where no rules tell so:
 *
 * - A jump to an address that is no code at all (a null or wild function pointer): the call itself is the last thing that happened,
 *   so the return address is the word at the stack pointer, or in the link register.
 * - A leaf function on a processor with a link register: it never saves the register, whose value is the return address.
 *
 * Found by knowing what a call does, not by searching, so these frames carry the trust "cfi_scan": rules, applied by inference.
 */
import type { Registers } from "../cpu/cpu.ts";
import { get, preserved, type Step, type WalkFrame, type WalkInput } from "./frame.ts";

/** A frame that saved the link register without rules or a frame pointer to tell is seldom larger. */
const SAVED_WITHIN_WORDS = 64;

export function stepAfterBareCall(frame: WalkFrame, { cpu, memory, images }: WalkInput): Step {
  if (frame.trust !== "context") return null;
  const sp = get(frame, cpu.sp);
  if (sp === null) return null;
  const ip = frame.lookupAddress;
  const back = BigInt(cpu.callBackStep);
  if (cpu.lr === null) {
    if (images.inModule(ip)) return null;
    const returnAddress = memory.word(sp, cpu.pointerBytes);
    if (returnAddress === null || !images.inFunction(returnAddress - back)) return null;
    return caller(frame, { cpu, memory, images }, returnAddress, sp + BigInt(cpu.pointerBytes));
  }
  const lr = get(frame, cpu.lr);
  if (lr === null) return null;
  const returnAddress = cpu.stripAddress(lr);
  if (!images.inFunction(returnAddress - back)) return null;
  if (images.inModule(ip)) {
    // In the middle of a function that has called others, the link register still holds a place in the function itself.
    const own = images.functionStart(ip);
    if (own === null || own === images.functionStart(returnAddress - back)) return null;
    // After the prologue the frame record holds the same value, and the frame pointer's step knows more.
    const fp = get(frame, cpu.fp);
    const saved = fp === null ? null : memory.word(fp + BigInt(cpu.pointerBytes), cpu.pointerBytes);
    if (saved !== null && cpu.stripAddress(saved) === returnAddress) return null;
    if (isOnStack(returnAddress, sp, { cpu, memory, images })) return null;
  }
  return caller(frame, { cpu, memory, images }, returnAddress, sp);
}

/** Whether a return address was saved among the innermost words of the stack: then its function is no leaf. */
function isOnStack(returnAddress: bigint, sp: bigint, { cpu, memory }: WalkInput): boolean {
  for (let i = 0; i < SAVED_WITHIN_WORDS; i++) {
    const word = memory.word(sp + BigInt(i * cpu.pointerBytes), cpu.pointerBytes);
    if (word === null) return false;
    if (cpu.stripAddress(word) === returnAddress) return true;
  }
  return false;
}

function caller(frame: WalkFrame, { cpu }: WalkInput, returnAddress: bigint, sp: bigint): Step {
  const registers: Registers = preserved(cpu, frame.registers);
  registers.set(cpu.ip, returnAddress);
  registers.set(cpu.sp, sp);
  return { registers, trust: "cfi_scan" };
}

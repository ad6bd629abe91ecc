/**
 * A step along the chain of saved stack pointers that some ABIs keep in every frame: the back chain of PowerPC, the register windows of SPARC.
 * The processor's table says where the words lie. Nothing needs to be guessed but whether the innermost function has made its frame yet, so a
 * link counts only where its return address lies in a module.
 */
import type { Cpu, Registers } from "../cpu/cpu.ts";
import { canBeCode, get, type Step, type WalkFrame, type WalkInput } from "./frame.ts";

export function stepByBackChain(frame: WalkFrame, { cpu, memory, images }: WalkInput): Step {
  const sp = get(frame, cpu.sp);
  if (cpu.backChain === undefined || sp === null) return null;
  const chained = memory.word(sp + BigInt(cpu.backChain.savedSp), cpu.pointerBytes);
  if (chained === null) return { failed: "stack_not_captured" };
  if (chained === 0n) return { end: "end_of_stack" };
  // On the chain a scan would only find what the frames left behind.
  if (chained <= sp) return frame.trust === "frame_pointer" ? { end: "no_progress" } : { failed: "no_progress" };
  const words = returnAddressesAt(cpu, sp, chained).map((at) => memory.word(at, cpu.pointerBytes));
  if (words.every((word) => word === 0n)) return { end: "end_of_stack" };
  for (const word of words) {
    if (word === null) continue;
    const returnAddress = cpu.stripAddress(word);
    if (!canBeCode(cpu, returnAddress) || !images.inModule(returnAddress - BigInt(cpu.callBackStep))) continue;
    const registers: Registers = new Map([
      [cpu.ip, returnAddress],
      [cpu.sp, chained],
    ]);
    return { registers, trust: "frame_pointer" };
  }
  return null;
}

function returnAddressesAt({ backChain }: Cpu, sp: bigint, callerSp: bigint): readonly bigint[] {
  if (backChain === undefined) return [];
  return "inCallee" in backChain ? [sp + BigInt(backChain.inCallee)] : backChain.inCaller.map((offset) => callerSp + BigInt(offset));
}

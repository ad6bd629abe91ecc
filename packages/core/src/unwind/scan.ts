/**
 * A step by scanning: the first word above the stack pointer that looks like a return address. Where
 * the code is at hand, only words behind a call count. The last resort: it may find leftovers of earlier calls, so scanned frames are marked and never decide a group.
 */
import type { Registers } from "../cpu/cpu.ts";
import { endsInCall, MAX_CALL_BYTES } from "./call-before.ts";
import { canBeCode, get, type Step, type WalkFrame, type WalkInput } from "./frame.ts";

/** Words looked at; more behind the innermost frame, whose function may hold a large buffer or be in an odd state. */
export const MAX_SCAN_WORDS = 40;
export const MAX_SCAN_WORDS_INNERMOST = 160;
/** A frame pointer further than this from the return address beside it is no frame pointer. */
const MAX_FRAME_BYTES = 128n * 1024n;

export function stepByScan(frame: WalkFrame, { cpu, memory, images }: WalkInput): Step {
  const sp = get(frame, cpu.sp);
  if (sp === null) return null;
  const wordBytes = cpu.pointerBytes;
  const word = BigInt(wordBytes);
  const words = frame.trust === "context" ? MAX_SCAN_WORDS_INNERMOST : MAX_SCAN_WORDS;
  for (let i = 0; i < words; i++) {
    const at = sp + BigInt(i) * word;
    const value = memory.word(at, wordBytes);
    if (value === null) return { failed: i === 0 ? "stack_not_captured" : "end_of_stack" };
    const returnAddress = cpu.stripAddress(value);
    if (!canBeCode(cpu, returnAddress) || !images.inFunction(returnAddress - BigInt(cpu.callBackStep))) continue;
    // Where the code is at hand, a return address is one only if a call lies before it.
    const before = images.code?.(returnAddress - BigInt(MAX_CALL_BYTES), MAX_CALL_BYTES) ?? null;
    if (before?.length === MAX_CALL_BYTES && endsInCall(cpu, before) === false) continue;
    const registers: Registers = new Map([
      [cpu.ip, returnAddress],
      [cpu.sp, at + word],
    ]);
    const fp = framePointerBeside(at, frame, { cpu, memory, images });
    if (fp !== null) registers.set(cpu.fp, fp);
    return { registers, trust: "scan" };
  }
  return { failed: "end_of_stack" };
}

/** The caller's frame pointer: saved just below the return address, or never touched by the callee. */
function framePointerBeside(returnAddressAt: bigint, frame: WalkFrame, { cpu, memory }: WalkInput): bigint | null {
  const fp = get(frame, cpu.fp);
  const savedAt = returnAddressAt - BigInt(cpu.pointerBytes);
  // x86 code nearly always starts by pushing the frame pointer, so there the word below counts even when the callee's is lost.
  if (fp === savedAt || (cpu.name === "x86" && (fp === null || fp < returnAddressAt))) {
    const saved = memory.word(savedAt, cpu.pointerBytes);
    const sound = saved !== null && saved > returnAddressAt && saved - savedAt <= MAX_FRAME_BYTES;
    return sound && memory.word(saved, cpu.pointerBytes) !== null ? saved : null;
  }
  return fp !== null && fp > returnAddressAt && memory.word(fp, cpu.pointerBytes) !== null ? fp : null;
}

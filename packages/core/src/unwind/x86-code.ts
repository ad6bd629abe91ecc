/**
 * A step by the code itself, for an innermost frame of 32-bit x86 that is stopped in its prologue or epilogue. Frame data describes the body of
 * a function and leaves its end out, and frame pointers hold only between the two:
 *
 *   push ebp | mov ebp, esp     the return address is at the stack pointer, then above the saved ebp
 *   pop register … | ret        the return address is above what is left to pop
 *
 * Of the kernel's own code, through which every system call of 32-bit Linux goes, a dump seldom has the bytes. There the three registers that
 * it pushes are found again on the stack, unchanged, with the return address above them.
 */
import type { Registers } from "../cpu/cpu.ts";
import { get, preserved, type Step, type WalkFrame, type WalkInput } from "./frame.ts";

const REGISTERS = ["eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi"] as const;
/** All registers popped, then "ret n". */
const MAX_EPILOGUE_BYTES = 11;
const WORD = 4n;

export function stepByX86Code(frame: WalkFrame, input: WalkInput): Step {
  const { cpu, memory, images } = input;
  const sp = get(frame, cpu.sp);
  if (cpu.name !== "x86" || frame.trust !== "context" || sp === null) return null;
  const popped = poppedHere(frame.lookupAddress, input) ?? savedForSystemCall(frame, sp, input);
  if (popped === null) return null;

  const registers: Registers = preserved(cpu, frame.registers);
  let at = sp;
  for (const register of popped) {
    const value = memory.word(at, 4);
    if (value === null) return null;
    if (cpu.calleeSaved.includes(register)) registers.set(register, value);
    at += WORD;
  }
  const returnAddress = memory.word(at, 4);
  if (returnAddress === null || !images.inFunction(returnAddress - 1n)) return null;
  registers.set("eip", returnAddress);
  registers.set("esp", at + WORD);
  return { registers, trust: "cfi" };
}

/** What "push ecx; push edx; push ebp" saved, if it lies there still. */
function savedForSystemCall(frame: WalkFrame, sp: bigint, { memory, images }: WalkInput): readonly string[] | null {
  if ((images.code?.(frame.lookupAddress, 1) ?? null) !== null) return null;
  const pushed = ["ebp", "edx", "ecx"];
  const isThere = pushed.every(
    (register, i) => get(frame, register) === memory.word(sp + BigInt(i) * WORD, 4) && get(frame, register) !== null,
  );
  return isThere ? pushed : null;
}

/** The registers that lie between stack pointer and return address, lowest first; null where the code does not tell. */
function poppedHere(address: bigint, { images }: WalkInput): readonly string[] | null {
  const code = images.code?.(address, MAX_EPILOGUE_BYTES) ?? null;
  if (code === null) return null;
  // "mov edi, edi" in front leaves room for patching.
  const start = code[0] === 0x8b && code[1] === 0xff ? 2 : 0;
  if (code[start] === 0x55 && isFrameSetUp(code, start + 1)) return [];
  if (isFrameSetUp(code, 0) && images.code?.(address - 1n, 1)?.[0] === 0x55) return ["ebp"];
  const popped: string[] = [];
  for (const byte of code) {
    if (byte === 0xc3 || byte === 0xc2) return popped;
    if ((byte & 0xf8) !== 0x58 || byte === 0x5c) return null;
    popped.push(REGISTERS[byte & 7]!);
  }
  return null;
}

/** "mov ebp, esp" in either encoding. */
function isFrameSetUp(code: Uint8Array, at: number): boolean {
  return (code[at] === 0x8b && code[at + 1] === 0xec) || (code[at] === 0x89 && code[at + 1] === 0xe5);
}

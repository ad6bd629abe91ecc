/** What the steps of a stack walk share: a frame, what they may ask of memory and images, and what a step may answer. */
import type { Cpu, Registers } from "../cpu/cpu.ts";
import type { FrameTrust, WalkEnd } from "../report/report.ts";
import type { UnwindRow, WindowsFrame } from "./rules.ts";

export type WalkFrame = {
  registers: Registers;
  trust: FrameTrust;
  /** The address to look up: the instruction of the innermost frame, a byte inside the call of its callers. */
  lookupAddress: bigint;
  /** Bytes of parameters that the callee of this frame still has on the stack (x86 on Windows, where callees pop them); 0 elsewhere. */
  calleeParameterBytes: number;
  /** How many signals or traps the walk has stepped over to get here. */
  interruptions?: number;
};

/** Captured memory. */
export interface WalkMemory {
  /** A word of 4 or 8 bytes, null when it was not captured. */
  word(address: bigint, wordBytes: 4 | 8): bigint | null;
  /** Whether two addresses lie in one captured range, as all of a thread's stack does. */
  inSameRange(a: bigint, b: bigint): boolean;
}

/** The walker's view of the loaded images; it knows no file format. */
export interface WalkImages {
  /** Whether an address lies in any module. */
  inModule(address: bigint): boolean;
  /** Whether an address can be code that was called from: in a module and, where the module's names are known, in a function. */
  inFunction(address: bigint): boolean;
  /** Code bytes at an address, at most so many: from the dump where it holds them, else from a file of the image. Null when neither has them. */
  code?(address: bigint, maxBytes: number): Uint8Array | null;
  /** Name of the function that holds an address, where names are known. */
  functionName?(address: bigint): string | null;
  /** Start of the function that holds an address, where names are known. */
  functionStart(address: bigint): bigint | null;
  /** Whether an address lies in a function that nobody called: where a thread starts. False where names are unknown. */
  isThreadEntry(address: bigint): boolean;
  /** Unwind rules in force at an address. */
  rules(address: bigint): UnwindRow | null;
  /** The STACK WIN record in force at an address (32-bit Windows code). */
  windowsFrame(address: bigint): WindowsFrame | null;
}

export type WalkInput = { cpu: Cpu; memory: WalkMemory; images: WalkImages };

/** A step finds the caller's registers, or the end of the stack, or knows why it cannot though it should, or nothing. */
export type Step =
  /** `interrupted`: the caller did not call, so its address is that of the instruction it was stopped at. */
  { registers: Registers; trust: FrameTrust; interrupted?: true } | { end: WalkEnd } | { failed: WalkEnd } | null;

/** A register's value, null when unknown. */
export function get(frame: WalkFrame, name: string): bigint | null {
  return frame.registers.get(name) ?? null;
}

/** Addresses below this are never code: no system maps its first page. */
export const LOWEST_CODE_ADDRESS = 4096n;

/** Whether an address could be an instruction on this processor, before any module is asked. */
export function canBeCode(cpu: Cpu, address: bigint): boolean {
  if (address < LOWEST_CODE_ADDRESS) return false;
  return cpu.pointerBytes === 4 || address <= 0x7fffffffffffn || address >= 0xffff800000000000n;
}

/** The registers that a callee gives back, as far as they are known. */
export function preserved(cpu: Cpu, callee: Registers): Registers {
  const registers: Registers = new Map();
  for (const name of cpu.calleeSaved) {
    const value = callee.get(name);
    if (value !== undefined) registers.set(name, value);
  }
  return registers;
}

/**
 * What the walker must know of a processor: its registers, where a saved context keeps them, which of them a callee preserves.
 * One table per processor; everything that differs by more than data is in unwind/<cpu>.ts.
 */
import { Cursor } from "../bytes/cursor.ts";

/** "unknown": read and reported, not walked. */
export type CpuName = "x86" | "amd64" | "arm" | "arm64" | "mips" | "mips64" | "riscv64" | "ppc" | "ppc64" | "sparc" | "unknown";

/** Register values by name; a register that is not known is absent. */
export type Registers = Map<string, bigint>;

export type Cpu = {
  name: Exclude<CpuName, "unknown">;
  pointerBytes: 4 | 8;
  /** Instruction pointer, stack pointer, frame pointer; link register where the processor has one. */
  ip: string;
  sp: string;
  fp: string;
  lr: string | null;
  /** In the order they are printed. */
  registers: readonly string[];
  /** Registers that a callee gives back unchanged, so that a caller's value is known even without a rule. */
  calleeSaved: readonly string[];
  /** How far before the return address the call can be looked up, in bytes. */
  callBackStep: number;
  /** Other names that rules use for a register: "x29" for "fp". */
  aliases: ReadonlyMap<string, string>;
  /** Where a function that keeps frame pointers saves its caller's, in bytes from the frame pointer; null where the ABI has no such record. */
  frameRecord: { savedFp: number; returnAddress: number; callerSp: number } | null;
  /**
   * Where the ABI chains stack pointers: the caller's is saved at the callee's plus `savedSp` bytes. The return address is saved there, too
   * (`inCallee`), or at one of some places in the caller's frame; null where there is no such chain.
   */
  backChain?: { savedSp: number; inCallee: number } | { savedSp: number; inCaller: readonly number[] };
  /** Strips what is no part of an address: pointer-authentication bits, the Thumb bit. */
  stripAddress(address: bigint): bigint;
  layouts: readonly ContextLayout[];
};

/** One form of a saved context: register name → byte offset and size. */
export type ContextLayout = {
  minBytes: number;
  /** Whether a context of this many bytes, whose first 8 bytes are given as two words, has this layout. */
  matches(size: number, flagsLow: number, flagsHigh: number, littleEndian: boolean): boolean;
  fields: readonly { name: string; at: number; bytes: 2 | 4 | 8 }[];
};

/** Registers of a saved context. Throws FormatError when no layout fits. `offset` is the context's place in the file. */
export function readContext(cpu: Cpu, bytes: Uint8Array, offset: number, littleEndian: boolean): Registers {
  const c: Cursor = new Cursor(bytes, `minidump: ${cpu.name} context`, offset, littleEndian);
  const flagsLow = c.u32();
  const flagsHigh = c.u32();
  const layout = cpu.layouts.find((l) => bytes.length >= l.minBytes && l.matches(bytes.length, flagsLow, flagsHigh, littleEndian));
  if (!layout) {
    c.seek(0);
    c.fail(`context of ${bytes.length} bytes with flags 0x${flagsLow.toString(16)} is none of ${cpu.name}`);
  }
  const registers: Registers = new Map();
  for (const field of layout.fields) {
    c.seek(field.at);
    const value = field.bytes === 8 ? c.u64() : BigInt(field.bytes === 4 ? c.u32() : c.u16());
    // Contexts of 32-bit MIPS keep registers sign-extended in 64-bit fields.
    registers.set(field.name, BigInt.asUintN(cpu.pointerBytes * 8, value));
  }
  return registers;
}

/** The frame record most processors share: the caller's frame pointer, above it the return address. */
export function recordAtFramePointer(wordBytes: 4 | 8): Cpu["frameRecord"] {
  return { savedFp: 0, returnAddress: wordBytes, callerSp: 2 * wordBytes };
}

/** Fields of equal size that follow each other. */
export function fieldRow(names: readonly string[], start: number, bytes: 4 | 8): ContextLayout["fields"] {
  return names.map((name, i) => ({ name, at: start + i * bytes, bytes }));
}

export function numbered(prefix: string, first: number, last: number): string[] {
  return Array.from({ length: last - first + 1 }, (_, i) => `${prefix}${first + i}`);
}

/**
 * One decoded machine instruction as plain data. Core decodes none itself: a disassembler is given to it as a port, since instruction sets grow
 * every year and well-kept libraries follow them.
 */
import type { CpuName } from "./cpu.ts";

export type OperandAccess = "read" | "write" | "read_write" | "none";

/**
 * Memory an instruction touches: segment + base + index × scale + displacement. Registers as the processor's full ones are called ("rax", "x1",
 * "r9"), also where the code names a part of one.
 */
export type MemoryOperand = {
  kind: "memory";
  /** "fs" or "gs", whose base the address is relative to; null where the segment starts at 0. */
  segment: string | null;
  base: string | null;
  index: string | null;
  /** What the index is made from: all of its register, or its lower 32 bits, zero- or sign-extended. */
  indexBits: "all" | "zero32" | "sign32";
  /** Factor of the index, negative where it is subtracted. */
  scale: number;
  displacement: bigint;
  /** Addresses wrap at this many bits. */
  addressBits: 16 | 32 | 64;
  /** Null where the instruction does not fix it. */
  sizeBytes: number | null;
  access: OperandAccess;
  /** Not written as an operand: the stack of a push or a call, the strings of a string instruction. */
  implicit: boolean;
};

/** `bits` of a register: how much of it is meant, from its low end; null where the name says nothing. */
export type Operand =
  | { kind: "register"; register: string; bits: number | null; access: OperandAccess }
  | { kind: "immediate"; value: bigint }
  | MemoryOperand;

/** Where control goes after it. "trap": the instruction exists to raise an exception. */
export type InstructionFlow = "next" | "branch" | "jump" | "call" | "return" | "trap";

export type Instruction = {
  /** As an assembler writes it: "mov dword [rcx], eax". */
  text: string;
  mnemonic: string;
  lengthBytes: number;
  flow: InstructionFlow;
  /** As written, left to right. */
  operands: readonly Operand[];
  /** All memory it touches, operands and implicit. */
  memory: readonly MemoryOperand[];
  /** Only the system may execute it. */
  privileged: boolean;
};

/** Code to decode: bytes from an absolute address; more than one instruction is fine. */
export type CodeAt = { cpu: CpuName; bytes: Uint8Array; address: bigint; littleEndian: boolean /** arm only. */; thumb: boolean };

/** The instruction at the start of some code; null where it is none, is cut off, or the processor is unknown to the disassembler. Never throws. */
export type Disassemble = (code: CodeAt) => Instruction | null;

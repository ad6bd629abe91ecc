/** An instruction together with the registers it was to run with: the addresses of its memory, and where it leads to. */
import type { Instruction, MemoryOperand } from "../cpu/instruction.ts";

export type MemoryAccess = {
  operand: MemoryOperand /** Null where a register or a segment's base is not known. */;
  address: bigint | null;
};

export type ExecutedInstruction = {
  instruction: Instruction;
  /** Where it lies. */
  address: bigint;
  accesses: readonly MemoryAccess[];
  /** Where a call, jump or return leads; null for other instructions and where the dump does not tell. */
  target: bigint | null;
};

/** What of the stopped processor is asked for. */
export type Machine = {
  pointerBytes: 4 | 8;
  /** By any name the processor's table knows; null where it was not saved. */
  register(name: string): bigint | null;
  /** What an address in "fs" or "gs" is counted from; null where the dump does not tell. */
  segmentBase(name: string): bigint | null;
  /** A pointer in captured memory. */
  pointer(address: bigint): bigint | null;
};

export function withRegisters(instruction: Instruction, address: bigint, machine: Machine): ExecutedInstruction {
  const accesses = instruction.memory.map((operand) => ({ operand, address: effectiveAddress(operand, machine) }));
  return { instruction, address, accesses, target: targetOf(instruction, accesses, machine) };
}

/** Segment + base + index × scale + displacement, as wide as the instruction counts addresses. */
export function effectiveAddress(operand: MemoryOperand, machine: Machine): bigint | null {
  const base = operand.base === null ? 0n : machine.register(operand.base);
  const index = operand.index === null ? 0n : indexValue(operand, machine);
  const segment = operand.segment === null ? 0n : machine.segmentBase(operand.segment);
  if (base === null || index === null || segment === null) return null;
  const offset = BigInt.asUintN(operand.addressBits, base + index * BigInt(operand.scale) + operand.displacement);
  return BigInt.asUintN(machine.pointerBytes * 8, segment + offset);
}

function indexValue({ index, indexBits }: MemoryOperand, machine: Machine): bigint | null {
  const value = index === null ? null : machine.register(index);
  if (value === null || indexBits === "all") return value;
  return indexBits === "sign32" ? BigInt.asIntN(32, value) : BigInt.asUintN(32, value);
}

function targetOf(instruction: Instruction, accesses: readonly MemoryAccess[], machine: Machine): bigint | null {
  if (instruction.flow !== "call" && instruction.flow !== "jump" && instruction.flow !== "return") return null;
  const [first] = instruction.operands;
  if (first?.kind === "immediate") return instruction.flow === "return" ? onStack(accesses, machine) : first.value;
  if (first?.kind === "register") return machine.register(first.register);
  if (first?.kind === "memory") {
    const read = accesses.find(({ operand }) => !operand.implicit);
    return read === undefined || read.address === null ? null : machine.pointer(read.address);
  }
  return instruction.flow === "return" ? onStack(accesses, machine) : null;
}

/** A return without operand: the word it takes from the stack; where it takes none, the link register. */
function onStack(accesses: readonly MemoryAccess[], machine: Machine): bigint | null {
  const read = accesses.find(({ operand }) => operand.implicit && operand.access === "read");
  if (read === undefined) return machine.register("lr");
  return read.address === null ? null : machine.pointer(read.address);
}

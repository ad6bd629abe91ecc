/**
 * Which of an instruction's accesses the system refused, and the register whose value made its address wrong.
 *
 * Where the system tells an address, it is the access that covers it. A general protection fault of amd64 tells none: it is what the processor
 * says of an address whose upper bits are neither all 0 nor all 1, so then it is the access with such an address. Some writers leave the address
 * 0; an instruction with one access, to another place where nothing is, then knows better.
 */
import type { MemoryOperand } from "../cpu/instruction.ts";
import type { ExecutedInstruction, Machine } from "./executed-instruction.ts";
import { NEAR_NULL_BYTES } from "./memory-fault.ts";

export type FaultAccess = "read" | "write" | "read_write" | "execute";

export type BadRegister = { name: string; value: bigint };

export type Fault = {
  access: FaultAccess;
  /** Where the refused access began. */
  address: bigint;
  /** Null where the instruction's target was refused, not an operand. */
  operand: MemoryOperand | null;
  /** Null where no register takes part, or none is to blame. */
  register: BadRegister | null;
};

/** An access whose size the instruction does not fix: the largest state a processor saves at once. */
const MAX_ACCESS_BYTES = 4096n;

/** Lower and upper half of the addresses amd64 has with four levels of page tables. */
export function isNonCanonical(address: bigint): boolean {
  return address > 0x7fffffffffffn && address < 0xffff800000000000n;
}

/**
 * `address` null: the system does not tell it, though the fault was one of an address (general protection). `isMapped`: whether the process has
 * memory there, as far as the dump says.
 */
export function findFault(
  executed: ExecutedInstruction,
  address: bigint | null,
  machine: Machine,
  isMapped: (address: bigint) => boolean,
): Fault | null {
  for (const access of executed.accesses) {
    const { operand } = access;
    if (access.address === null || operand.access === "none") continue;
    const refused = address === null ? isNonCanonical(access.address) : covers(access.address, operand.sizeBytes, address);
    if (refused) return { access: operand.access, address: access.address, operand, register: toBlame(operand, machine, isMapped) };
  }
  const [only, second] = executed.accesses;
  if (address === 0n && only !== undefined && second === undefined && only.address !== null && !isMapped(only.address)) {
    const { operand } = only;
    if (operand.access !== "none")
      return { access: operand.access, address: only.address, operand, register: toBlame(operand, machine, isMapped) };
  }
  const { target } = executed;
  if (target === null || (address === null ? !isNonCanonical(target) : target !== address)) return null;
  const [first] = executed.instruction.operands;
  const register = first?.kind === "register" ? { name: first.register, value: target } : null;
  return { access: "execute", address: target, operand: null, register };
}

/** Whether an access touches an address. Systems leave out an address' upper byte where processors ignore it. */
function covers(start: bigint, sizeBytes: number | null, address: bigint): boolean {
  const size = sizeBytes === null ? MAX_ACCESS_BYTES : BigInt(sizeBytes);
  const within = (at: bigint): boolean => address >= at && address < at + size;
  return within(start) || within(BigInt.asUintN(56, start));
}

/** The register that is no pointer where one was needed, or the index that leads away from a good one. */
function toBlame(operand: MemoryOperand, machine: Machine, isMapped: (address: bigint) => boolean): BadRegister | null {
  const held = (name: string | null): BadRegister | null => {
    const value = name === null ? null : machine.register(name);
    return name === null || value === null ? null : { name, value };
  };
  const base = held(operand.base);
  const index = held(operand.index);
  if (base === null || index === null) return base ?? index;
  // Compilers may write the pointer as the index and the number as the base.
  if (base.value < NEAR_NULL_BYTES) return isMapped(index.value) ? null : base;
  if (isMapped(base.value)) return index;
  return isNonCanonical(index.value) && !isNonCanonical(base.value) ? index : base;
}

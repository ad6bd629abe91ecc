/**
 * Disassembly for core: one instruction, decoded by a well-kept library, as the plain data that core's port asks for.
 *
 * - x86 and amd64 by iced-x86: text, and exactly what memory every instruction reads and writes, implicit accesses included.
 * - the others by Capstone: text, from which arm-operands.ts and plain-operands.ts read the operands.
 *
 * Both are WebAssembly inside their package, so nothing is fetched or built. Loading one takes some 50 ms; only the one asked for is loaded.
 */
import type { CpuName, Disassemble } from "@salvage/core";

let x86: Promise<Disassemble> | null = null;
let others: Promise<Disassemble> | null = null;

const none: Disassemble = () => null;

/** The port for dumps of one processor. A second call for the same family gives the same one. */
export async function openDisassembler(cpu: CpuName): Promise<Disassemble> {
  if (cpu === "unknown") return none;
  if (cpu === "x86" || cpu === "amd64") {
    x86 ??= import("./x86.ts").then((module) => module.disassembleX86);
    return x86;
  }
  others ??= import("./capstone.ts").then((module) => module.loadCapstone());
  return others;
}

/**
 * PowerPC, 32 and 64 bits. Breakpad's layout: flags, srr0 (the instruction pointer), srr1, general registers, cr, xer, lr, ctr, each of one
 * word; the stack pointer is r1 and points at the saved one of the caller (the back chain). A function saves its return address in the frame
 * of its caller: one word above the chain on Linux, two on 32-bit macOS and everywhere with 64 bits.
 */
import { type Cpu, fieldRow, numbered } from "./cpu.ts";

function make(name: "ppc" | "ppc64", pointerBytes: 4 | 8): Cpu {
  return {
    name,
    pointerBytes,
    ip: "srr0",
    sp: "r1",
    fp: "r31",
    lr: "lr",
    registers: ["srr0", ...numbered("r", 0, 31), "cr", "xer", "lr", "ctr"],
    calleeSaved: numbered("r", 14, 31),
    callBackStep: 4,
    aliases: new Map([["pc", "srr0"]]),
    frameRecord: null,
    backChain: { savedSp: 0, inCaller: pointerBytes === 8 ? [16] : [4, 8] },
    stripAddress: (address) => address,
    layouts: [
      {
        minBytes: 39 * pointerBytes,
        matches: () => true,
        fields: fieldRow(["srr0", "srr1", ...numbered("r", 0, 31), "cr", "xer", "lr", "ctr"], pointerBytes, pointerBytes),
      },
    ],
  };
}

export const ppc: Cpu = make("ppc", 4);
export const ppc64: Cpu = make("ppc64", 8);

/**
 * SPARC V9. Breakpad's layout: flags 0, general registers (globals, outs, locals, ins) from 8, ccr 0x108, pc 0x110, npc 0x118. The stack
 * pointer carries a bias of 2047; where it points, the system saves the function's window: locals, ins, of which i6 is the caller's stack
 * pointer and i7 the address of the call itself.
 */
import { type Cpu, fieldRow, numbered } from "./cpu.ts";

const NAMES = [...numbered("g", 0, 7), ...numbered("o", 0, 5), "sp", "o7", ...numbered("l", 0, 7), ...numbered("i", 0, 5), "fp", "i7"];

const STACK_BIAS = 2047;

export const sparc: Cpu = {
  name: "sparc",
  pointerBytes: 8,
  ip: "pc",
  sp: "sp",
  fp: "fp",
  lr: null,
  registers: [...NAMES.slice(1), "pc", "npc"],
  calleeSaved: [],
  callBackStep: 0,
  aliases: new Map(),
  frameRecord: null,
  backChain: { savedSp: STACK_BIAS + 14 * 8, inCallee: STACK_BIAS + 15 * 8 },
  stripAddress: (address) => address,
  layouts: [{ minBytes: 0x120, matches: () => true, fields: [...fieldRow(NAMES, 8, 8), ...fieldRow(["pc", "npc"], 0x110, 8)] }],
};

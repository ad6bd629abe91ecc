/** RISC-V, 64 bits. Flags 0, version 4, then pc and x1 … x31 from 8, as Crashpad and Breakpad write it. */
import { type Cpu, fieldRow, numbered } from "./cpu.ts";

const NAMES = [
  ...["ra", "sp", "gp", "tp", "t0", "t1", "t2", "fp", "s1", ...numbered("a", 0, 7), ...numbered("s", 2, 11)],
  ...numbered("t", 3, 6),
];

export const riscv64: Cpu = {
  name: "riscv64",
  pointerBytes: 8,
  ip: "pc",
  sp: "sp",
  fp: "fp",
  lr: "ra",
  registers: ["pc", ...NAMES],
  calleeSaved: ["fp", "s1", ...numbered("s", 2, 11)],
  callBackStep: 2,
  aliases: new Map([["s0", "fp"], ...NAMES.map((name, i): [string, string] => [`x${i + 1}`, name])]),
  // The frame pointer is the caller's stack pointer; the record lies below it.
  frameRecord: { savedFp: -16, returnAddress: -8, callerSp: 0 },
  stripAddress: (address) => address & ~1n,
  layouts: [{ minBytes: 0x108, matches: () => true, fields: fieldRow(["pc", ...NAMES], 8, 8) }],
};

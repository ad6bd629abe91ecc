/** MIPS, 32 and 64 bits: one context of 64-bit fields, flags 0, general registers from 8, pc ("epc") at 0x138. Breakpad's layout. */
import { type Cpu, fieldRow, numbered } from "./cpu.ts";

const NAMES = [
  ...["zero", "at", "v0", "v1", ...numbered("a", 0, 3), ...numbered("t", 0, 7), ...numbered("s", 0, 7)],
  ...["t8", "t9", "k0", "k1", "gp", "sp", "fp", "ra"],
];
const ALIASES = new Map([["s8", "fp"], ...NAMES.map((name, i): [string, string] => [`r${i}`, name])]);

function make(name: "mips" | "mips64", pointerBytes: 4 | 8): Cpu {
  return {
    name,
    pointerBytes,
    ip: "pc",
    sp: "sp",
    fp: "fp",
    lr: "ra",
    registers: [...NAMES.slice(1), "pc"],
    calleeSaved: [...numbered("s", 0, 7), "gp", "fp"],
    // A call has a delay slot behind it.
    callBackStep: 8,
    aliases: ALIASES,
    frameRecord: null,
    stripAddress: (address) => address,
    layouts: [
      {
        minBytes: 0x140,
        matches: () => true,
        fields: [...fieldRow(NAMES, 8, 8), { name: "pc", at: 0x138, bytes: 8 }],
      },
    ],
  };
}

export const mips: Cpu = make("mips", 4);
export const mips64: Cpu = make("mips64", 8);

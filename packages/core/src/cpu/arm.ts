/** arm, 32 bits. Breakpad's context is 368 bytes: flags 0, r0 … r15 from 4, cpsr 0x44; Windows' one begins alike. */
import { type Cpu, fieldRow, numbered, recordAtFramePointer } from "./cpu.ts";

export const arm: Cpu = {
  name: "arm",
  pointerBytes: 4,
  ip: "pc",
  sp: "sp",
  fp: "fp",
  lr: "lr",
  registers: [...numbered("r", 0, 10), "fp", "r12", "sp", "lr", "pc"],
  calleeSaved: [...numbered("r", 4, 10), "fp"],
  callBackStep: 2,
  aliases: new Map([
    ["r11", "fp"],
    ["r13", "sp"],
    ["r14", "lr"],
    ["r15", "pc"],
  ]),
  frameRecord: recordAtFramePointer(4),
  // Bit 0 of a code address says Thumb.
  stripAddress: (address) => address & ~1n,
  layouts: [
    {
      minBytes: 0x48,
      matches: () => true,
      fields: fieldRow([...numbered("r", 0, 10), "fp", "r12", "sp", "lr", "pc", "cpsr"], 4, 4),
    },
  ],
};

/** x86-64. CONTEXT is 1232 bytes: flags at 0x30, eflags 0x44, general registers from 0x78 in encoding order, rip 0xf8. */
import { type Cpu, fieldRow, numbered, recordAtFramePointer } from "./cpu.ts";

export const amd64: Cpu = {
  name: "amd64",
  pointerBytes: 8,
  ip: "rip",
  sp: "rsp",
  fp: "rbp",
  lr: null,
  registers: ["rax", "rdx", "rcx", "rbx", "rsi", "rdi", "rbp", "rsp", ...numbered("r", 8, 15), "rip"],
  calleeSaved: ["rbx", "rbp", "r12", "r13", "r14", "r15"],
  callBackStep: 1,
  aliases: new Map(),
  frameRecord: recordAtFramePointer(8),
  stripAddress: (address) => address,
  layouts: [
    {
      minBytes: 0x100,
      matches: () => true,
      fields: fieldRow(["rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", ...numbered("r", 8, 15), "rip"], 0x78, 8),
    },
  ],
};

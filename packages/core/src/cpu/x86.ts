/** x86, 32 bits. CONTEXT is 716 bytes: flags 0, floating point 0x1c, segments 0x8c, edi 0x9c … eip 0xb8, eflags 0xc0, esp 0xc4. */
import { type Cpu, fieldRow, recordAtFramePointer } from "./cpu.ts";

export const x86: Cpu = {
  name: "x86",
  pointerBytes: 4,
  ip: "eip",
  sp: "esp",
  fp: "ebp",
  lr: null,
  registers: ["eip", "esp", "ebp", "ebx", "esi", "edi", "eax", "ecx", "edx", "eflags"],
  calleeSaved: ["ebp", "ebx", "edi", "esi"],
  callBackStep: 1,
  aliases: new Map(),
  frameRecord: recordAtFramePointer(4),
  stripAddress: (address) => address,
  layouts: [
    {
      minBytes: 0xcc,
      matches: () => true,
      fields: [
        ...fieldRow(["edi", "esi", "ebx", "edx", "ecx", "eax", "ebp", "eip"], 0x9c, 4),
        { name: "eflags", at: 0xc0, bytes: 4 },
        { name: "esp", at: 0xc4, bytes: 4 },
      ],
    },
  ],
};

/**
 * arm64. Two layouts: the current one (Windows, Crashpad, newer Breakpad; 912 bytes, u32 flags, cpsr, then x0) and Breakpad's
 * older one (796 bytes, u64 flags with bit 31, then x0 … sp, pc, cpsr behind). Windows writes flags 0x00400000.
 */
import { type Cpu, fieldRow, numbered, recordAtFramePointer } from "./cpu.ts";

const NAMES = [...numbered("x", 0, 28), "fp", "lr", "sp", "pc"];
const OLD_FLAG = 0x80000000;

/** Pointer-authentication and tag bits lie above what user addresses need: 47 bits on macOS and iOS, 48 at most elsewhere. */
const ADDRESS_MASK = (1n << 48n) - 1n;
const APPLE_ADDRESS_MASK = (1n << 47n) - 1n;

export const arm64: Cpu = {
  name: "arm64",
  pointerBytes: 8,
  ip: "pc",
  sp: "sp",
  fp: "fp",
  lr: "lr",
  registers: [...numbered("x", 0, 28), "fp", "lr", "sp", "pc"],
  calleeSaved: [...numbered("x", 19, 28), "fp"],
  callBackStep: 4,
  aliases: new Map([
    ["x29", "fp"],
    ["x30", "lr"],
    ["x31", "sp"],
  ]),
  frameRecord: recordAtFramePointer(8),
  stripAddress: (address) => address & ADDRESS_MASK,
  layouts: [
    {
      minBytes: 0x114,
      // The 64-bit flags word: its low half has bit 31 and its high half nothing.
      matches: (size, low, high, littleEndian) => size === 796 || ((littleEndian ? low : high) & OLD_FLAG) !== 0,
      fields: [...fieldRow(NAMES, 8, 8), { name: "cpsr", at: 0x110, bytes: 4 }],
    },
    {
      minBytes: 0x110,
      matches: () => true,
      fields: [...fieldRow(NAMES, 8, 8), { name: "cpsr", at: 4, bytes: 4 }],
    },
  ],
};

/** As macOS and iOS use it: bit 47 of a signed pointer belongs to its signature. */
export const appleArm64: Cpu = { ...arm64, stripAddress: (address) => address & APPLE_ADDRESS_MASK };

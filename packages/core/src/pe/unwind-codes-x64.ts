/**
 * The unwind info of x86-64 Windows code: what a function's prologue did, newest first.
 *
 *   version (3 bits), flags (5), prologue bytes u8, code count u8, frame register (4 bits), frame offset / 16 (4)
 *   codes u16 each: offset of the instruction's end u8, operation (4 bits), operand (4); some take one or two more slots
 *   rounded up to an even number of codes, then with the flag 4 ("chained") another function table entry: the info of the enclosing code
 *
 *   0 push register                            6 version 2: epilogue; before: one more slot
 *   1 allocate: +1 slot * 8, or +2 slots       7 spare, two more slots
 *   2 allocate operand * 8 + 8                 8, 9 save a vector register (+1 slot * 16, +2 slots)
 *   3 frame register := rsp + frame offset     10 push a machine frame, operand 1: with an error code
 *   4, 5 save a register at +1 slot * 8, +2 slots
 *
 * Version 2 tells epilogues first: size u8 and flag 1 "one ends the function", then the distance of each from the function's end (12 bits),
 * padded to pairs. Specification: "x64 exception handling" in Microsoft's documentation, which leaves version 2 out.
 */
import { Cursor } from "../bytes/cursor.ts";
import { FormatError } from "../bytes/format-error.ts";
import type { PeImage } from "./image.ts";

export const registersX64 = [
  "rax",
  "rcx",
  "rdx",
  "rbx",
  "rsp",
  "rbp",
  "rsi",
  "rdi",
  "r8",
  "r9",
  "r10",
  "r11",
  "r12",
  "r13",
  "r14",
  "r15",
] as const;

/** An entry of the function table. */
export type FunctionX64 = { begin: number; end: number; info: number };

/** One operation of a prologue; `end` is the offset in the function of the end of its instruction. */
export type OperationX64 =
  | { kind: "push"; end: number; register: string }
  | { kind: "allocate"; end: number; bytes: number }
  | { kind: "setFrame"; end: number }
  | { kind: "save"; end: number; register: string; offset: number }
  | { kind: "machineFrame"; end: number; errorCode: boolean };

export type UnwindInfoX64 = {
  version: number;
  prologueBytes: number;
  /** Null when the function has no frame register. */
  frameRegister: string | null;
  frameOffset: number;
  operations: readonly OperationX64[];
  /** Version 2: size of every epilogue and their distances from the function's end. */
  epilogues: { bytes: number; fromEnd: readonly number[] };
  /** The entry whose info goes on with this one. */
  chained: FunctionX64 | null;
};

const what = "pe: x64 unwind info";
const flagChained = 4;
const extraSlots = [0, 1, 0, 0, 1, 2, 1, 2, 1, 2, 0] as const;

/** Reads the info at an image-relative address. Throws FormatError for unknown versions and operations and for info outside the file. */
export function readUnwindInfoX64(image: Pick<PeImage, "read">, address: number): UnwindInfoX64 {
  const head = image.read(address, 4, what);
  const version = head[0]! & 7;
  const flags = head[0]! >> 3;
  const count = head[2]!;
  if (version < 1 || version > 2) throw new FormatError(what, null, `version ${version} at address 0x${address.toString(16)}`);
  const chainedAt = 2 * (count + (count & 1));
  const isChained = (flags & flagChained) !== 0;
  const codes = new Cursor(image.read(address + 4, isChained ? chainedAt + 12 : 2 * count, what), what);
  const frame = head[3]!;
  const epilogues = { bytes: 0, fromEnd: [] as number[] };
  const operations: OperationX64[] = [];
  while (codes.pos < 2 * count) {
    const end = codes.u8();
    const code = codes.u8();
    const operation = code & 15;
    const operand = code >> 4;
    const slots = (extraSlots[operation] ?? 0) + (operation === 1 && operand !== 0 ? 1 : 0);
    if (operation >= extraSlots.length) codes.fail(`operation ${operation}`);
    if (codes.pos + 2 * slots > 2 * count) codes.fail(`operation ${operation} is cut off`);
    if (operation === 6 && version === 2) {
      readEpilogues(codes, end, operand, epilogues);
      continue;
    }
    const extra = slots === 0 ? 0 : slots === 1 ? codes.u16() : codes.u32();
    switch (operation) {
      case 0:
        operations.push({ kind: "push", end, register: registersX64[operand]! });
        break;
      case 1:
        operations.push({ kind: "allocate", end, bytes: operand === 0 ? extra * 8 : extra });
        break;
      case 2:
        operations.push({ kind: "allocate", end, bytes: operand * 8 + 8 });
        break;
      case 3:
        operations.push({ kind: "setFrame", end });
        break;
      case 4:
      case 5:
        operations.push({ kind: "save", end, register: registersX64[operand]!, offset: operation === 4 ? extra * 8 : extra });
        break;
      case 10:
        operations.push({ kind: "machineFrame", end, errorCode: operand !== 0 });
        break;
      // Vector registers say nothing about the stack.
    }
  }
  let chained: FunctionX64 | null = null;
  if (isChained) {
    codes.seek(chainedAt);
    chained = { begin: codes.u32(), end: codes.u32(), info: codes.u32() };
  }
  return {
    version,
    prologueBytes: head[1]!,
    frameRegister: (frame & 15) === 0 ? null : registersX64[frame & 15]!,
    frameOffset: (frame >> 4) * 16,
    operations,
    epilogues,
    chained,
  };
}

/** A pair of epilogue codes; the first half of the first pair holds size and flag, every other half a distance from the function's end. */
function readEpilogues(codes: Cursor, low: number, operand: number, into: { bytes: number; fromEnd: number[] }): void {
  const secondLow = codes.u8();
  const second = codes.u8();
  if (into.bytes === 0) {
    into.bytes = low;
    if ((operand & 1) !== 0) into.fromEnd.push(low);
  } else if (low + operand * 256 > 0) {
    into.fromEnd.push(low + operand * 256);
  }
  if ((second & 15) === 6 && secondLow + (second >> 4) * 256 > 0) into.fromEnd.push(secondLow + (second >> 4) * 256);
}

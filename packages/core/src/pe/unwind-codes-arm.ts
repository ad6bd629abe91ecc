/**
 * Unwind data of 32-bit ARM Windows code (Thumb-2), from Microsoft's "ARM exception handling": packed into the function table's entry, or a
 * record of its own. Both become lists of operations, in the order in which they undo a prologue; each tells the bytes of the instruction it
 * stands for, so that an address inside of a prologue or epilogue can be placed.
 *
 *   entry    start RVA (bit 0: Thumb) · flag 2 bits: 0 RVA of a record, 1 packed, 2 packed without prologue · length 11 bits (× 2 bytes) · Ret 2 ·
 *            H 1 · Reg 3 · R 1 · L 1 · C 1 · stack adjust 10
 *   record   length 18 bits (× 2 bytes) · version 2 · X 1 · E 1 · F 1 · epilogues 5 · code words 4; then, where both are 0: epilogues 16, code
 *            words 8; then unless E an epilogue each: start 18 (× 2 bytes) · 2 · condition 4 · index 8; then codes
 *
 * Floating-point registers are stepped over: no caller's address depends on them.
 */
import { Cursor } from "../bytes/cursor.ts";
import { FormatError } from "../bytes/format-error.ts";
import type { PeImage } from "./image.ts";

const what = "pe: ARM unwind data";

/** `instructionBytes`: of the instruction that does it; 0 where it belongs to the one before. `pop`: r0 to r12 and lr (bit 14) by mask. */
export type OperationArm =
  | { kind: "release"; bytes: number; instructionBytes: number }
  | { kind: "pop"; mask: number; instructionBytes: number }
  | { kind: "moveSp"; register: number; instructionBytes: number }
  | { kind: "nothing"; instructionBytes: number }
  | { kind: "unknown"; instructionBytes: number };

/** Bytes from the function's start; its operations from the first instruction on. */
export type EpilogueArm = { start: number; operations: readonly OperationArm[] };

export type UnwindInfoArm = {
  /** Of the function, in bytes. */
  length: number;
  prologue: readonly OperationArm[];
  /** The code is the end of a function whose prologue lies elsewhere and is done. */
  isFragment: boolean;
  epilogues: readonly EpilogueArm[];
};

export const LR_MASK = 1 << 14;
const R11_MASK = 1 << 11;
/** Registers that instructions of 16 bits can pop. */
const LOW_MASK = 0xff | LR_MASK;
/** From here on the field holds folding flags instead of a size. */
const FOLDED_ADJUST = 0x3f4;
const HOME_BYTES = 16;

export function lengthOf(operations: readonly OperationArm[]): number {
  return operations.reduce((sum, { instructionBytes }) => sum + instructionBytes, 0);
}

/** The operations that an entry's second word stands for. */
export function unpackArm(data: number): UnwindInfoArm {
  const length = ((data >>> 2) & 0x7ff) * 2;
  const ret = (data >>> 13) & 3;
  const home = ((data >>> 15) & 1) !== 0;
  const reg = (data >>> 16) & 7;
  const isFloat = ((data >>> 19) & 1) !== 0;
  const savesLink = ((data >>> 20) & 1) !== 0;
  const isChained = ((data >>> 21) & 1) !== 0;
  const adjust = data >>> 22;
  const isFolded = adjust >= FOLDED_ADJUST;
  const words = isFolded ? (adjust & 3) + 1 : adjust;
  const foldedInPrologue = isFolded && (adjust & 4) !== 0;
  const foldedInEpilogue = isFolded && (adjust & 8) !== 0;

  const kept = (isFloat ? 0 : ((1 << (reg + 1)) - 1) << 4) | (isChained ? R11_MASK : 0) | (savesLink ? LR_MASK : 0);
  /** The words below r4 that a folded push or pop takes along: r3, r2, … */
  const extra = ((1 << words) - 1) << (4 - words);
  const floats: OperationArm[] = isFloat && reg !== 7 ? [{ kind: "release", bytes: 8 * (reg + 1), instructionBytes: 4 }] : [];
  const release = (isWanted: boolean): OperationArm[] =>
    isWanted && words > 0 ? [{ kind: "release", bytes: 4 * words, instructionBytes: words <= 0x7f ? 2 : 4 }] : [];

  const pushed = kept | (foldedInPrologue ? extra : 0);
  const prologue = [...release(!foldedInPrologue), ...floats];
  // "mov r11, sp" where only r11 and lr were pushed, else "add r11, sp, #n".
  if (isChained) prologue.push({ kind: "nothing", instructionBytes: pushed === (R11_MASK | LR_MASK) ? 2 : 4 });
  if (pushed !== 0) prologue.push(popOf(pushed));
  if (home) prologue.push({ kind: "release", bytes: HOME_BYTES, instructionBytes: 2 });

  const isFragment = (data & 3) === 2;
  if (ret === 3) return { length, prologue, isFragment, epilogues: [] };
  const operations = [...release(!foldedInEpilogue), ...floats];
  const popped = kept | (foldedInEpilogue ? extra : 0);
  // With home space "ldr pc, [sp], #20" takes both away at once.
  const takesPc = home && ret === 0 && savesLink;
  const first = takesPc ? popped & ~LR_MASK : popped;
  if (first !== 0) operations.push(popOf(first));
  if (takesPc) operations.push({ kind: "pop", mask: LR_MASK, instructionBytes: 4 });
  if (home) operations.push({ kind: "release", bytes: HOME_BYTES, instructionBytes: takesPc ? 0 : 2 });
  if (ret !== 0) operations.push({ kind: "nothing", instructionBytes: ret === 1 ? 2 : 4 });
  return { length, prologue, isFragment, epilogues: [{ start: Math.max(0, length - lengthOf(operations)), operations }] };
}

function popOf(mask: number): OperationArm {
  return { kind: "pop", mask, instructionBytes: (mask & ~LOW_MASK) === 0 ? 2 : 4 };
}

/** Reads a record at an image-relative address. Throws FormatError for unknown versions and records outside the file. */
export function readRecordArm(image: Pick<PeImage, "read">, address: number): UnwindInfoArm {
  const word = (at: number): number => new Cursor(image.read(at, 4, what), what).u32();
  const header = word(address);
  if (((header >>> 18) & 3) !== 0) throw new FormatError(what, null, `version ${(header >>> 18) & 3} at address 0x${address.toString(16)}`);
  const length = (header & 0x3ffff) * 2;
  const oneAtEnd = (header & (1 << 21)) !== 0;
  const isFragment = (header & (1 << 22)) !== 0;
  let epilogueCount = (header >>> 23) & 31;
  let codeWords = header >>> 28;
  let at = address + 4;
  if (epilogueCount === 0 && codeWords === 0) {
    const extended = word(at);
    epilogueCount = extended & 0xffff;
    codeWords = (extended >>> 16) & 0xff;
    at += 4;
  }
  const scopes = new Cursor(oneAtEnd ? new Uint8Array(0) : image.read(at, 4 * epilogueCount, what), what);
  const codes = image.read(at + scopes.left, 4 * codeWords, what);
  const prologue = readCodes(codes, 0, false);
  const epilogues: EpilogueArm[] = [];
  if (oneAtEnd) {
    const operations = readCodes(codes, epilogueCount, true);
    epilogues.push({ start: Math.max(0, length - lengthOf(operations)), operations });
  }
  // Epilogues share their codes: each list is read once.
  const lists = new Map<number, OperationArm[]>();
  while (scopes.left >= 4) {
    const scope = scopes.u32();
    const index = scope >>> 24;
    let operations = lists.get(index);
    if (operations === undefined) {
      operations = readCodes(codes, index, true);
      lists.set(index, operations);
    }
    epilogues.push({ start: (scope & 0x3ffff) * 2, operations });
  }
  return { length, prologue, isFragment, epilogues };
}

/** The operations from an index of the codes on, up to the end; an epilogue's end may stand for an instruction, too. */
function readCodes(codes: Uint8Array, from: number, isEpilogue: boolean): OperationArm[] {
  const operations: OperationArm[] = [];
  const c = new Cursor(codes, what);
  c.seek(Math.min(from, codes.length));
  while (c.left > 0) {
    const code = c.u8();
    if (code >= 0xfd) {
      if (isEpilogue && code !== 0xff) operations.push({ kind: "nothing", instructionBytes: code === 0xfd ? 2 : 4 });
      break;
    }
    operations.push(readCode(code, c));
  }
  return operations;
}

function readCode(code: number, c: Cursor): OperationArm {
  if (code < 0x80) return release(code, 2);
  if (code < 0xc0) {
    const mask = ((code & 0x3f) << 8) | c.u8();
    return { kind: "pop", mask: (mask & 0x1fff) | ((mask & 0x2000) !== 0 ? LR_MASK : 0), instructionBytes: 4 };
  }
  if (code < 0xd0) return { kind: "moveSp", register: code & 15, instructionBytes: 2 };
  if (code < 0xe0) {
    const last = (code & 3) + (code < 0xd8 ? 4 : 8);
    const mask = ((1 << (last - 3)) - 1) << 4;
    return { kind: "pop", mask: mask | ((code & 4) !== 0 ? LR_MASK : 0), instructionBytes: code < 0xd8 ? 2 : 4 };
  }
  if (code < 0xe8) return { kind: "release", bytes: 8 * ((code & 7) + 1), instructionBytes: 4 };
  if (code < 0xec) return release(((code & 3) << 8) | c.u8(), 4);
  if (code < 0xee) return { kind: "pop", mask: c.u8() | ((code & 1) !== 0 ? LR_MASK : 0), instructionBytes: 2 };
  switch (code) {
    case 0xef: {
      const words = c.u8();
      return words < 16 ? { kind: "pop", mask: LR_MASK, instructionBytes: 4 } : { kind: "unknown", instructionBytes: 4 };
    }
    case 0xf5:
    case 0xf6: {
      const range = c.u8();
      return { kind: "release", bytes: 8 * Math.max(0, (range & 15) - (range >>> 4) + 1), instructionBytes: 4 };
    }
    case 0xf7:
      return release((c.u8() << 8) | c.u8(), 2);
    case 0xf8:
      return release((c.u8() << 16) | (c.u8() << 8) | c.u8(), 2);
    case 0xf9:
      return release((c.u8() << 8) | c.u8(), 4);
    case 0xfa:
      return release((c.u8() << 16) | (c.u8() << 8) | c.u8(), 4);
    case 0xfb:
      return { kind: "nothing", instructionBytes: 2 };
    case 0xfc:
      return { kind: "nothing", instructionBytes: 4 };
    default:
      if (code === 0xee) c.u8();
      return { kind: "unknown", instructionBytes: 2 };
  }
}

function release(words: number, instructionBytes: number): OperationArm {
  return { kind: "release", bytes: 4 * words, instructionBytes };
}

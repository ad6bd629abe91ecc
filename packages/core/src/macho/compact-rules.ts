/**
 * What a compact unwind encoding says, as an unwind row. Personality, LSDA and "starts a function" bits do not matter.
 *
 *   x86, x86-64   frame pointer: up to five registers in a window below the frame pointer
 *                 frameless: stack size in words (at once, or in the immediate of the `sub` at a place in the code), which registers were
 *                 pushed, and in which order (a permutation as one number)
 *                 DWARF: offset of the function's record in __eh_frame
 *   arm64         frame pointer, frameless: pairs of registers, saved one after the other; DWARF
 */
import type { RegisterRule, UnwindRow } from "../unwind/rules.ts";
import { UNWIND_DWARF_OFFSET_MASK, UNWIND_MODE_MASK, UnwindModeArm64, UnwindModeX86 } from "./constants.ts";
import type { MachOCpu } from "./headers.ts";

export type CompactRule =
  | { kind: "row"; row: UnwindRow }
  /** The record at this offset of __eh_frame describes the function. */
  | { kind: "dwarf"; offset: number }
  /** No rule: a function without unwind information, or an encoding nobody writes. */
  | { kind: "none" };

/** `code` gives the word of four bytes at an offset from the function's start, or null: where one encoding keeps its stack size. */
export function compactRule(cpu: MachOCpu, encoding: number, code: (offset: number) => number | null): CompactRule {
  return cpu === "arm64" ? arm64Rule(encoding) : x86Rule(cpu, encoding, code);
}

const NONE: CompactRule = { kind: "none" };

/** Register numbers 1 to 6 of the encodings. */
const X86_REGISTERS: Readonly<Record<"x86" | "amd64", readonly (string | null)[]>> = {
  x86: [null, "ebx", "ecx", "edx", "edi", "esi", "ebp"],
  amd64: [null, "rbx", "r12", "r13", "r14", "r15", "rbp"],
};

function x86Rule(cpu: "x86" | "amd64", encoding: number, code: (offset: number) => number | null): CompactRule {
  const word = cpu === "amd64" ? 8 : 4;
  const fp = cpu === "amd64" ? "rbp" : "ebp";
  const names = X86_REGISTERS[cpu];
  const registers = new Map<string, RegisterRule>();
  switch (encoding & UNWIND_MODE_MASK) {
    case UnwindModeX86.frame: {
      // Five registers of three bits each, the first at the window's low end; the window starts this many words below the frame pointer.
      const window = (encoding >>> 16) & 0xff;
      for (let i = 0; i < 5; i++) {
        const number = (encoding >>> (3 * i)) & 7;
        if (number === 0) continue;
        const name = names[number];
        if (name === undefined || name === null || name === fp || i >= window) return NONE;
        registers.set(name, { kind: "cfaOffset", offset: -2 * word - (window - i) * word });
      }
      registers.set(fp, { kind: "cfaOffset", offset: -2 * word });
      return { kind: "row", row: x86Row(fp, 2 * word, word, registers) };
    }
    case UnwindModeX86.stackImmediate:
      return framelessX86(cpu, encoding, ((encoding >>> 16) & 0xff) * word);
    case UnwindModeX86.stackIndirect: {
      const immediate = code((encoding >>> 16) & 0xff);
      return immediate === null ? NONE : framelessX86(cpu, encoding, immediate + ((encoding >>> 13) & 7) * word);
    }
    case UnwindModeX86.dwarf:
      return { kind: "dwarf", offset: encoding & UNWIND_DWARF_OFFSET_MASK };
    default:
      return NONE;
  }
}

/** The stack holds, from the CFA downwards: return address, pushed registers (the first pushed the highest), locals. */
function framelessX86(cpu: "x86" | "amd64", encoding: number, stackBytes: number): CompactRule {
  const word = cpu === "amd64" ? 8 : 4;
  const count = (encoding >>> 10) & 7;
  const numbers = permutation(encoding & 0x3ff, count);
  if (numbers === null || stackBytes < (count + 1) * word || stackBytes > 0x7fffffff) return NONE;
  const registers = new Map<string, RegisterRule>();
  for (let i = 0; i < count; i++) {
    const name = X86_REGISTERS[cpu][numbers[i]!];
    if (name === undefined || name === null) return NONE;
    registers.set(name, { kind: "cfaOffset", offset: -(count + 1 - i) * word });
  }
  return { kind: "row", row: x86Row(cpu === "amd64" ? "rsp" : "esp", stackBytes, word, registers) };
}

/**
 * Which of six registers, in which order: a number in a mixed base, whose digit i chooses among the registers that are left. With all six
 * the last has no choice, so five and six registers have the same digits. Null for a number that no order has.
 */
function permutation(number: number, count: number): number[] | null {
  if (count > 6) return null;
  const left = [1, 2, 3, 4, 5, 6];
  const chosen: number[] = [];
  let rest = number;
  for (let i = 0; i < count; i++) {
    // How many orders the digits behind this one have.
    let base = 1;
    for (let k = i + 1; k < count; k++) base *= 6 - k;
    const digit = Math.floor(rest / base);
    rest -= digit * base;
    const name = left[digit];
    if (name === undefined) return null;
    chosen.push(name);
    left.splice(digit, 1);
  }
  return chosen;
}

function x86Row(base: string, offset: number, word: number, registers: ReadonlyMap<string, RegisterRule>): UnwindRow {
  return { cfa: { kind: "register", register: base, offset }, returnAddress: { kind: "cfaOffset", offset: -word }, registers };
}

/** Bits of an arm64 encoding, in the order in which the pairs are saved downwards. The halves of vector registers are not walked with. */
const ARM64_PAIRS: readonly { bit: number; registers: readonly [string, string] | null }[] = [
  { bit: 0x001, registers: ["x19", "x20"] },
  { bit: 0x002, registers: ["x21", "x22"] },
  { bit: 0x004, registers: ["x23", "x24"] },
  { bit: 0x008, registers: ["x25", "x26"] },
  { bit: 0x010, registers: ["x27", "x28"] },
  { bit: 0x100, registers: null },
  { bit: 0x200, registers: null },
  { bit: 0x400, registers: null },
  { bit: 0x800, registers: null },
];

function arm64Rule(encoding: number): CompactRule {
  const registers = new Map<string, RegisterRule>();
  switch (encoding & UNWIND_MODE_MASK) {
    case UnwindModeArm64.frameless:
      arm64Pairs(encoding, 0, registers);
      return {
        kind: "row",
        row: {
          cfa: { kind: "register", register: "sp", offset: ((encoding >>> 12) & 0xfff) * 16 },
          returnAddress: { kind: "same" },
          registers,
        },
      };
    case UnwindModeArm64.frame:
      arm64Pairs(encoding, -16, registers);
      registers.set("fp", { kind: "cfaOffset", offset: -16 });
      return {
        kind: "row",
        row: { cfa: { kind: "register", register: "fp", offset: 16 }, returnAddress: { kind: "cfaOffset", offset: -8 }, registers },
      };
    case UnwindModeArm64.dwarf:
      return { kind: "dwarf", offset: encoding & UNWIND_DWARF_OFFSET_MASK };
    default:
      return NONE;
  }
}

function arm64Pairs(encoding: number, below: number, registers: Map<string, RegisterRule>): void {
  let at = below;
  for (const pair of ARM64_PAIRS) {
    if ((encoding & pair.bit) === 0) continue;
    if (pair.registers !== null) {
      registers.set(pair.registers[0], { kind: "cfaOffset", offset: at - 8 });
      registers.set(pair.registers[1], { kind: "cfaOffset", offset: at - 16 });
    }
    at -= 16;
  }
}

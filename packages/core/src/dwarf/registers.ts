/** DWARF register numbers → the names our processors use, one table per processor (the numbers are fixed by each psABI). */

export type DwarfRegisters = {
  /** Name by DWARF number; absent: a register that no stack walk needs (vectors, flags). */
  names: readonly (string | undefined)[];
  /** Number of the link register, null where calls push the return address. */
  linkRegister: number | null;
  /** How a postfix program writes a register: "$rsp" on x86 and amd64, "x29" elsewhere. */
  prefix: "$" | "";
  /** SPARC's DW_CFA_GNU_window_save shares its number with arm64's negate_ra_state. */
  windowSave: boolean;
};

const numbered = (prefix: string, count: number) => Array.from({ length: count }, (_, i) => `${prefix}${i}`);

const mipsNames = [
  "zero",
  "at",
  "v0",
  "v1",
  "a0",
  "a1",
  "a2",
  "a3",
  "t0",
  "t1",
  "t2",
  "t3",
  "t4",
  "t5",
  "t6",
  "t7",
  ...numbered("s", 8),
  "t8",
  "t9",
  "k0",
  "k1",
  "gp",
  "sp",
  "fp",
  "ra",
];

const riscvNames = [
  "zero",
  "ra",
  "sp",
  "gp",
  "tp",
  "t0",
  "t1",
  "t2",
  "s0",
  "s1",
  ...numbered("a", 8),
  ...Array.from({ length: 10 }, (_, i) => `s${i + 2}`),
  "t3",
  "t4",
  "t5",
  "t6",
];

const plain = (names: readonly (string | undefined)[], linkRegister: number | null): DwarfRegisters => ({
  names,
  linkRegister,
  prefix: "",
  windowSave: false,
});

const tables: Readonly<Record<string, DwarfRegisters>> = {
  x86: {
    names: ["eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi", "eip"],
    linkRegister: null,
    prefix: "$",
    windowSave: false,
  },
  // In .eh_frame of Mach-O files the numbers of ebp and esp are swapped; in their .debug_frame they are not.
  "x86-darwin-eh": {
    names: ["eax", "ecx", "edx", "ebx", "ebp", "esp", "esi", "edi", "eip"],
    linkRegister: null,
    prefix: "$",
    windowSave: false,
  },
  amd64: {
    names: ["rax", "rdx", "rcx", "rbx", "rsi", "rdi", "rbp", "rsp", ...numbered("r", 16).slice(8), "rip"],
    linkRegister: null,
    prefix: "$",
    windowSave: false,
  },
  arm: plain([...numbered("r", 13), "sp", "lr", "pc"], 14),
  arm64: plain([...numbered("x", 31), "sp", "pc"], 30),
  mips: plain(mipsNames, 31),
  mips64: plain(mipsNames, 31),
  riscv: plain(riscvNames, 1),
  riscv64: plain(riscvNames, 1),
  ppc: plain([...numbered("r", 32), ...new Array<undefined>(33).fill(undefined), "lr"], 65),
  ppc64: plain([...numbered("r", 32), ...new Array<undefined>(33).fill(undefined), "lr"], 65),
  sparc: { names: numbered("r", 32), linkRegister: 15, prefix: "", windowSave: true },
};

/** The table for a processor by the name `identifyObject` and minidumps give it, null for others. */
export function dwarfRegisters(cpu: string): DwarfRegisters | null {
  return Object.hasOwn(tables, cpu) ? tables[cpu]! : null;
}

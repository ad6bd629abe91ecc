/**
 * Operands of arm and arm64 instructions from their text, as ARM's assemblers write it:
 *
 *   ldr x0, [x1, #8]            base and displacement
 *   ldr x0, [x1, #8]!           the same, the base changes before the access
 *   ldr x0, [x1], #8            the base changes after it
 *   ldr x0, [x1, w2, sxtw #3]   index, extended and shifted
 *   ldr r0, [pc, #8]            a word of the code itself, from the next word boundary but one
 *   ldr x0, #0x1008             the same on arm64
 *   push {r4, lr}   ldm r0!, {r1, r2}
 */
import type { CodeAt, InstructionFlow, MemoryOperand, Operand, OperandAccess } from "@salvage/core";
import { memoryOperand, type ReadOperands, readImmediate, splitOperands } from "./operands.ts";

/** Names that Capstone prints for registers that core knows otherwise. */
const ARM_NAMES: ReadonlyMap<string, string> = new Map([
  ["sb", "r9"],
  ["sl", "r10"],
  ["r11", "fp"],
  ["ip", "r12"],
  ["r13", "sp"],
  ["r14", "lr"],
  ["r15", "pc"],
]);
const ARM64_NAMES: ReadonlyMap<string, string> = new Map([
  ["x29", "fp"],
  ["x30", "lr"],
  ["wsp", "sp"],
]);

const REGISTER = /^(?:[rxwqdshbv][0-9]{1,2}|sp|wsp|lr|pc|fp|ip|sl|sb|xzr|wzr)$/;

export function readArmOperands(mnemonic: string, written: string, code: CodeAt): ReadOperands {
  const base = mnemonic.replace(/\.[wn]$/, "");
  const parts = splitOperands(written);
  const access = accessOf(base);
  const is64 = code.cpu === "arm64";
  const memory: MemoryOperand[] = [];
  const operands: Operand[] = [];
  for (const [i, part] of parts.entries()) {
    const immediate = readImmediate(part);
    const register = part.replace(/!$/, "");
    // Behind the brackets stands what the base changes by.
    if (parts[i - 1]?.startsWith("[")) continue;
    if (part.startsWith("[")) {
      const found = bracketed(part, code, access, sizeOf(base, parts, i));
      if (found !== null) {
        memory.push(found);
        operands.push(found);
      }
    } else if (immediate !== null && is64 && access === "read" && base.startsWith("ldr")) {
      // A literal: what is written is where it lies.
      const literal = memoryOperand({ displacement: immediate, addressBits: 64, sizeBytes: sizeOf(base, parts, i), access });
      memory.push(literal);
      operands.push(literal);
    } else if (immediate !== null) {
      operands.push({ kind: "immediate", value: immediate });
    } else if (REGISTER.test(register)) {
      operands.push({
        kind: "register",
        register: registerName(register, is64),
        bits: registerBits(register),
        access: registerAccess(base, access, i),
      });
    }
  }
  const many = listed(base, parts, code);
  if (many !== null) memory.push(many);
  if (base === "dc" && parts[0] === "zva") {
    memory.push(
      memoryOperand({ base: registerName(parts[1] ?? "", true), addressBits: 64, sizeBytes: 64, access: "write", implicit: true }),
    );
  }
  return { operands, memory, flow: flowOf(base, operands) };
}

function accessOf(mnemonic: string): OperandAccess {
  if (/^(ld|st)(add|clr|eor|set|smax|smin|umax|umin)|^(cas|swp)/.test(mnemonic)) return "read_write";
  if (/^(v?ld|pop|tbb|tbh)/.test(mnemonic)) return "read";
  return /^(v?st|push)/.test(mnemonic) ? "write" : "none";
}

/** A load writes its registers and a store reads them; elsewhere the first is the result. */
function registerAccess(mnemonic: string, memoryAccess: OperandAccess, place: number): OperandAccess {
  if (memoryAccess === "read") return "write";
  if (memoryAccess === "write") return /^st(l?x|lx)/.test(mnemonic) && place === 0 ? "write" : "read";
  if (/^(b|bl|blx|bx|br|blr|bra|blra|ret|cb|tb|cmp|cmn|tst|teq|msr)/.test(mnemonic)) return "read";
  return place === 0 ? "write" : "read";
}

function bracketed(part: string, code: CodeAt, access: OperandAccess, sizeBytes: number | null): MemoryOperand | null {
  const is64 = code.cpu === "arm64";
  const inside = /^\[([^\]]*)\]/.exec(part)?.[1];
  if (inside === undefined) return null;
  const [base = "", second = "", third = ""] = inside.split(",").map((word) => word.trim());
  const addressBits = is64 ? 64 : 32;
  const displacement = readImmediate(second) ?? 0n;
  if (base === "pc") {
    // The processor sees its own address two instructions on; literals count from a word boundary.
    const seen = ((code.address & ~3n) + (code.thumb ? 4n : 8n)) & 0xffffffffn;
    return memoryOperand({ ...indexOf(second, third, is64), displacement: seen + displacement, addressBits, sizeBytes, access });
  }
  return memoryOperand({ base: registerName(base, is64), ...indexOf(second, third, is64), displacement, addressBits, sizeBytes, access });
}

/** "r2, lsl #2", "-r2", "w2, sxtw #3". */
function indexOf(second: string, third: string, is64: boolean): Pick<MemoryOperand, "index" | "indexBits" | "scale"> {
  const negative = second.startsWith("-");
  const name = negative ? second.slice(1) : second;
  if (!REGISTER.test(name)) return { index: null, indexBits: "all", scale: 1 };
  const shift = Number(/#([0-9]+)$/.exec(third)?.[1] ?? 0);
  const indexBits = third.startsWith("sxtw") ? "sign32" : third.startsWith("uxtw") ? "zero32" : "all";
  return { index: registerName(name, is64), indexBits, scale: (negative ? -1 : 1) * 2 ** shift };
}

/** The memory of push, pop, ldm and stm: as many words as registers are listed. */
function listed(mnemonic: string, parts: readonly string[], code: CodeAt): MemoryOperand | null {
  const list = /^\{([^}]*)\}/.exec(parts.at(-1) ?? "")?.[1];
  if (code.cpu !== "arm" || list === undefined || !/^(v?push|v?pop|v?ldm|v?stm)/.test(mnemonic)) return null;
  const sizeBytes = list.split(",").reduce((sum, name) => sum + (name.trim().startsWith("d") ? 8 : 4), 0);
  const isStack = /^v?(push|pop)/.test(mnemonic);
  const base = isStack ? "sp" : registerName((parts[0] ?? "").replace(/!$/, ""), false);
  const down = /^v?push|db/.test(mnemonic);
  const access = /^v?(push|st)/.test(mnemonic) ? "write" : "read";
  return memoryOperand({ base, displacement: down ? BigInt(-sizeBytes) : 0n, addressBits: 32, sizeBytes, access, implicit: isStack });
}

function registerName(written: string, is64: boolean): string {
  if (!is64) return ARM_NAMES.get(written) ?? written;
  const whole = /^w[0-9]/.test(written) ? `x${written.slice(1)}` : written;
  return ARM64_NAMES.get(whole) ?? whole;
}

/** Bytes moved, by the mnemonic's ending, else by the register beside the memory. */
function sizeOf(mnemonic: string, parts: readonly string[], memoryAt: number): number | null {
  const isPair = /^(ld|st)(p|np|xp|axp|lxp|rd)/.test(mnemonic);
  if (/^(ldpsw)/.test(mnemonic)) return 8;
  if (/^(tbb)$/.test(mnemonic)) return 1;
  if (/^(tbh)$/.test(mnemonic)) return 2;
  if (/^ldrsw|^ldursw|^ldtrsw/.test(mnemonic)) return 4;
  const narrow =
    /^(?:ldr|str|ldur|stur|ldtr|sttr|ldar|stlr|ldxr|stxr|ldaxr|stlxr|ldrex|strex|cas|casa|casal|casl|swp|swpa|swpal|swpl|ld[a-z]+|st[a-z]+?)s?([bh])(?:eq|ne|cs|hs|cc|lo|mi|pl|vs|vc|hi|ls|ge|lt|gt|le)?$/.exec(
      mnemonic,
    )?.[1];
  if (narrow !== undefined && /^[rw]/.test(parts[0] ?? "")) return narrow === "b" ? 1 : 2;
  if (mnemonic.startsWith("ldrd") || mnemonic.startsWith("strd")) return 8;
  const register = parts[memoryAt - 1] ?? "";
  const bytes = REGISTER_BYTES.get(register[0] ?? "") ?? (/^(lr|sp|pc|fp|ip|sl|sb)$/.test(register) ? 4 : null);
  return bytes === null ? null : isPair ? 2 * bytes : bytes;
}

function registerBits(register: string): number | null {
  const bytes = REGISTER_BYTES.get(register[0] ?? "");
  return bytes === undefined || !/[0-9]$/.test(register) ? null : bytes * 8;
}

const REGISTER_BYTES: ReadonlyMap<string, number> = new Map([
  ["x", 8],
  ["w", 4],
  ["r", 4],
  ["q", 16],
  ["d", 8],
  ["s", 4],
  ["h", 2],
  ["b", 1],
]);

const CONDITION = "(?:eq|ne|cs|hs|cc|lo|mi|pl|vs|vc|hi|ls|ge|lt|gt|le)";
const CONDITIONAL_BRANCH = new RegExp(`^(?:b\\.?${CONDITION}|cbn?z|tbn?z)$`);
const CALL = new RegExp(`^(?:bl|blx|blr|blra[ab]z?)${CONDITION}?$`);

function flowOf(mnemonic: string, operands: readonly Operand[]): InstructionFlow {
  if (/^(udf|brk|bkpt|hlt|svc|hvc|smc)$/.test(mnemonic)) return "trap";
  if (CONDITIONAL_BRANCH.test(mnemonic)) return "branch";
  if (CALL.test(mnemonic)) return "call";
  if (/^(ret|retaa|retab|eret)$/.test(mnemonic)) return "return";
  const first = operands[0];
  if (mnemonic === "bx" && first?.kind === "register" && first.register === "lr") return "return";
  if (/^(b|bx|br|bra[ab]z?|tbb|tbh)$/.test(mnemonic)) return "jump";
  return "next";
}

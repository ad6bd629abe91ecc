/** Operands of mips, ppc, riscv64 and sparc from their text: "lw $v0, 4($a0)", "lwz r3, 4(r9)", "ld [%g1+4], %g1". */
import type { CodeAt, InstructionFlow, MemoryOperand, Operand, OperandAccess } from "@salvage/core";
import { memoryOperand, type ReadOperands, readImmediate, splitOperands } from "./operands.ts";

export function readPlainOperands(mnemonic: string, written: string, { cpu }: CodeAt): ReadOperands {
  const addressBits = cpu === "mips" || cpu === "ppc" ? 32 : 64;
  const name = mnemonic.replace(/^c\./, "");
  const access: OperandAccess = /^(l|amo)/.test(name) ? "read" : name.startsWith("s") ? "write" : "none";
  const operands: Operand[] = [];
  const memory: MemoryOperand[] = [];
  for (const part of splitOperands(written)) {
    const found = bracketed(part);
    const immediate = readImmediate(part);
    if (found !== null) {
      const operand = memoryOperand({ ...found, addressBits, access });
      operands.push(operand);
      memory.push(operand);
    } else if (immediate !== null) operands.push({ kind: "immediate", value: immediate });
    else if (/^[$%]?[a-z][a-z0-9]*$/.test(part)) operands.push({ kind: "register", register: bare(part), bits: null, access: "none" });
  }
  return { operands, memory, flow: flowOf(name) };
}

function bracketed(part: string): Pick<MemoryOperand, "base" | "index" | "displacement"> | null {
  const [, offset, from] = /^(-?(?:0x)?[0-9a-f]*)\(([$%]?[a-z][a-z0-9]*)\)$/.exec(part) ?? [];
  if (offset !== undefined && from !== undefined) return { base: bare(from), index: null, displacement: readImmediate(offset) ?? 0n };
  const [, base, sign, rest = ""] = /^\[(%[a-z][a-z0-9]*)(?:([+-])([^\]]+))?\]$/.exec(part) ?? [];
  if (base === undefined) return null;
  const second = rest.trim();
  const displacement = readImmediate(second) ?? 0n;
  return {
    base: bare(base),
    index: second.startsWith("%") ? bare(second) : null,
    displacement: sign === "-" ? -displacement : displacement,
  };
}

function bare(register: string): string {
  return register.replace(/^[$%]/, "");
}

function flowOf(mnemonic: string): InstructionFlow {
  if (/^(break|trap|ebreak|ecall|syscall|sc|ta|teq|tne|unimp|illtrap)/.test(mnemonic)) return "trap";
  if (/^(jal|jalr|bal|bl|bctrl|blrl|call)/.test(mnemonic)) return "call";
  if (/^(blr|ret|retl)$/.test(mnemonic)) return "return";
  return /^(j|jr|b|ba|bctr)$/.test(mnemonic) ? "jump" : "next";
}

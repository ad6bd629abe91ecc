/** What readers of assembler text share. */
import type { InstructionFlow, MemoryOperand, Operand } from "@salvage/core";

export type ReadOperands = { operands: Operand[]; memory: MemoryOperand[]; flow: InstructionFlow };

/** Splits at the commas outside brackets and braces: "x0, [x1, #8], {v0}" has three parts. */
export function splitOperands(written: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let i = 0; i < written.length; i++) {
    const c = written[i];
    if (c === "[" || c === "{") depth++;
    else if (c === "]" || c === "}") depth--;
    else if (c === "," && depth === 0) {
      parts.push(written.slice(start, i).trim());
      start = i + 1;
    }
  }
  const last = written.slice(start).trim();
  return last === "" ? parts : [...parts, last];
}

/** "#-0x10", "8" as a number; null for anything else. */
export function readImmediate(text: string): bigint | null {
  const [, sign, digits] = /^#?(-?)(0x[0-9a-f]+|[0-9]+)$/i.exec(text) ?? [];
  if (digits === undefined) return null;
  return sign === "-" ? -BigInt(digits) : BigInt(digits);
}

/** A memory operand of which only the given parts are not the plain ones. */
export function memoryOperand(parts: Partial<MemoryOperand> & Pick<MemoryOperand, "addressBits" | "access">): MemoryOperand {
  return {
    kind: "memory",
    segment: null,
    base: null,
    index: null,
    indexBits: "all",
    scale: 1,
    displacement: 0n,
    sizeBytes: null,
    implicit: false,
    ...parts,
  };
}

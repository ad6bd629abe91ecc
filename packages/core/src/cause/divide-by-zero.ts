/** An integer division by zero, as each system states it; or one whose result does not fit, which x86 reports the same way. */

import type { ReportCause } from "../report/report.ts";
import type { CauseInput } from "./cause.ts";
import { hex, instructionEvidence } from "./memory-fault.ts";

export function recogniseDivideByZero(input: CauseInput): ReportCause | null {
  const { reason } = input;
  if (reason === null) return null;
  const evidence = [reason, ...instructionEvidence(input)];
  if (/FPE_INTDIV|EXCEPTION_INT_DIVIDE_BY_ZERO|EXC_I386_DIV|^SIGFPE$/.test(reason)) {
    const divisor = divisorOf(input);
    if (divisor !== null && divisor.value !== 0n) {
      const by = `the divisor, ${divisor.where}, is ${hex(divisor.value)}`;
      return {
        title: "Integer division whose result does not fit, as of the smallest number by -1",
        evidence: [...evidence, by],
        confidence: "certain",
      };
    }
    if (divisor !== null) evidence.push(`the divisor, ${divisor.where}, is 0`);
    if (divisor !== null || reason !== "SIGFPE") return { title: "Integer division by zero", evidence, confidence: "certain" };
    return { title: "Arithmetic fault, most often an integer division by zero", evidence, confidence: "likely" };
  }
  if (/FPE_FLTDIV|EXCEPTION_FLT_DIVIDE_BY_ZERO|EXC_ARM_FP_DZ/.test(reason)) {
    return { title: "Floating-point division by zero", evidence, confidence: "certain" };
  }
  if (/FPE_INTOVF/.test(reason)) return { title: "Integer overflow", evidence, confidence: "certain" };
  return null;
}

/** What x86's div and idiv divide by; null where the instruction is none, or its operand was not captured. */
function divisorOf({ instruction, registers, word }: CauseInput): { where: string; value: bigint } | null {
  if (instruction === null || !/^i?div$/.test(instruction.instruction.mnemonic)) return null;
  const [operand] = instruction.instruction.operands;
  if (operand?.kind === "register") {
    const held = registers.get(operand.register);
    return held === undefined || operand.bits === null
      ? null
      : { where: `in ${operand.register}`, value: BigInt.asUintN(operand.bits, held) };
  }
  const [read] = instruction.accesses;
  if (operand?.kind !== "memory" || read === undefined || read.address === null || operand.sizeBytes === null) return null;
  const bits = operand.sizeBytes * 8;
  const value = word(read.address, operand.sizeBytes > 4 ? 8 : 4);
  return value === null ? null : { where: `at ${hex(read.address)}`, value: BigInt.asUintN(bits, value) };
}

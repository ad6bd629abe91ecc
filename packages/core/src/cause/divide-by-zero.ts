/** An integer division by zero, as each system states it. */

import type { ReportCause } from "../report/report.ts";
import type { CauseInput } from "./cause.ts";

export function recogniseDivideByZero(input: CauseInput): ReportCause | null {
  if (input.reason === null) return null;
  if (/FPE_INTDIV|EXCEPTION_INT_DIVIDE_BY_ZERO|EXC_I386_DIV/.test(input.reason)) {
    return { title: "Integer division by zero", evidence: [input.reason], confidence: "certain" };
  }
  if (/FPE_FLTDIV|EXCEPTION_FLT_DIVIDE_BY_ZERO|EXC_ARM_FP_DZ/.test(input.reason)) {
    return { title: "Floating-point division by zero", evidence: [input.reason], confidence: "certain" };
  }
  if (input.reason === "SIGFPE")
    return { title: "Arithmetic fault, most often an integer division by zero", evidence: [input.reason], confidence: "likely" };
  return null;
}

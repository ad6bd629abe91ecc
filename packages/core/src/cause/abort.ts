/** The program gave up by itself: abort, a failed assertion, std::terminate, a Rust panic. */

import type { ReportCause } from "../report/report.ts";
import type { CauseInput } from "./cause.ts";

const SIGNS: readonly { pattern: RegExp; title: string }[] = [
  { pattern: /^(core::panicking::|std::panicking::|rust_begin_unwind|rust_panic)/, title: "Rust panic" },
  { pattern: /^(__assert_fail|__assert_rtn|__assert\b|__assert2|_assert|_wassert)/, title: "Failed assertion" },
  { pattern: /^(__stack_chk_fail|__fortify_fail|__report_gsfailure)/, title: "Stack buffer overrun found by the stack check" },
  { pattern: /^__cxa_pure_virtual|^_purecall/, title: "Pure virtual function called" },
  { pattern: /^(malloc_printerr|__libc_message|_int_free)/, title: "Heap corruption found by the allocator" },
  { pattern: /^std::(terminate|__terminate)|^__cxxabiv1::__terminate/, title: "std::terminate: an exception was not caught" },
];

export function recogniseAbort(input: CauseInput): ReportCause | null {
  if (input.assertion !== null) return { title: "Failed assertion", evidence: [input.assertion], confidence: "certain" };
  if (input.reason?.includes("UNCAUGHT_NS_EXCEPTION")) {
    return { title: "Objective-C exception that was not caught", evidence: [input.reason], confidence: "certain" };
  }
  const aborted =
    input.reason !== null &&
    /^(SIGABRT|EXC_CRASH|EXC_SOFTWARE \/ SIGABRT|STATUS_FATAL_APP_EXIT|.*FAST_FAIL_FATAL_APP_EXIT)/.test(input.reason);
  const trapped = input.reason !== null && /^(SIGILL|SIGTRAP|EXC_BREAKPOINT|EXC_BAD_INSTRUCTION)/.test(input.reason);
  if (!aborted && !trapped) return null;
  for (const sign of SIGNS) {
    const found = input.functions.find((name) => sign.pattern.test(name));
    if (found !== undefined) return { title: sign.title, evidence: [`${input.reason}`, `${found} is on the stack`], confidence: "certain" };
  }
  return aborted ? { title: "The program aborted itself", evidence: [`${input.reason}`], confidence: "certain" } : null;
}

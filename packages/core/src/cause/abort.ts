/** The program gave up by itself: abort, a failed assertion, std::terminate, a Rust panic. */

import type { ReportCause } from "../report/report.ts";
import type { CauseInput } from "./cause.ts";

/** Texts that libraries and programs leave behind when they give up. */
const MESSAGES: readonly { pattern: RegExp; title: string }[] = [
  { pattern: /\bFatal error: |Swift\/.*\.swift.*Fatal error/, title: "Swift trap" },
  { pattern: /panicked at |^panic: /, title: "Rust panic" },
  { pattern: /pure virtual (method|function) called/, title: "Pure virtual function called" },
  { pattern: /stack buffer overflow|stack smashing detected/, title: "Stack buffer overrun found by the stack check" },
  {
    pattern: /malloc: \*\*\* error|pointer being freed was not allocated|double free or corruption|heap corruption|free\(\): invalid/i,
    title: "Heap corruption found by the allocator",
  },
  { pattern: /BUG IN CLIENT OF LIB|API MISUSE/, title: "A library was used in a way that it forbids" },
  { pattern: /[Aa]ssertion failed|^assert(ion)?: |Check failed: /, title: "Failed assertion" },
];

const SIGNS: readonly { pattern: RegExp; title: string }[] = [
  {
    pattern:
      /^(core::panicking::|std::panicking::(?!try\b|catch_unwind\b)|std::sys::backtrace::__rust_end_short_backtrace|rust_begin_unwind|rust_panic)/,
    title: "Rust panic",
  },
  { pattern: /^(__assert_fail|__assert_rtn|__assert\b|__assert2|_assert|_wassert)/, title: "Failed assertion" },
  {
    pattern: /^(__stack_chk_fail|__fortify_fail|__chk_fail|__report_gsfailure|__report_rangecheckfailure)/,
    title: "Stack buffer overrun found by the stack check",
  },
  { pattern: /^(__cxa_(pure|deleted)_virtual|_purecall)/, title: "Pure virtual function called" },
  { pattern: /^(malloc_printerr|__libc_message|_int_free)/, title: "Heap corruption found by the allocator" },
  {
    pattern: /^Swift runtime failure: |^_swift_runtime_on_report|^swift::fatalError|^_assertionFailure|^\$ss17_assertionFailure/,
    title: "Swift trap",
  },
  { pattern: /^std::(terminate|__terminate)|^__cxxabiv1::__terminate/, title: "std::terminate: an exception was not caught" },
];

export function recogniseAbort(input: CauseInput): ReportCause | null {
  if (input.assertion !== null) return { title: "Failed assertion", evidence: [input.assertion], confidence: "certain" };
  const aborted =
    input.reason !== null &&
    /^(SIGABRT|EXC_CRASH|EXC_SOFTWARE \/ SIGABRT|STATUS_FATAL_APP_EXIT|.*FAST_FAIL_FATAL_APP_EXIT)/.test(input.reason);
  const trapped =
    input.reason !== null &&
    /^(SIGILL|SIGTRAP|EXC_BREAKPOINT|EXC_BAD_INSTRUCTION|EXCEPTION_BREAKPOINT|EXCEPTION_ILLEGAL_INSTRUCTION)/.test(input.reason);
  if (!aborted && !trapped) return null;
  for (const { key, text } of input.notes) {
    const said = MESSAGES.find(({ pattern }) => pattern.test(key === "" ? text : `${key}: ${text}`));
    if (said !== undefined) return { title: said.title, evidence: [`${input.reason}`, text], confidence: "certain" };
  }
  for (const sign of SIGNS) {
    const found = input.functions.find((name) => sign.pattern.test(name));
    if (found !== undefined) return { title: sign.title, evidence: [`${input.reason}`, `${found} is on the stack`], confidence: "certain" };
  }
  return aborted ? { title: "The program aborted itself", evidence: [`${input.reason}`], confidence: "certain" } : null;
}

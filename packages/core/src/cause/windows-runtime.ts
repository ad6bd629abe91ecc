/** Faults that Windows or its run-time libraries state by a code of their own. */
import type { ReportCause } from "../report/report.ts";
import type { CauseInput } from "./cause.ts";

const STATED: readonly { pattern: RegExp; title: string }[] = [
  { pattern: /^STATUS_HEAP_CORRUPTION/, title: "Heap corruption found by Windows" },
  {
    pattern: /STACK_BUFFER_OVERRUN( \/ FAST_FAIL_(LEGACY_GS_VIOLATION|STACK_COOKIE_CHECK_FAILURE))?$/,
    title: "Stack buffer overrun found by the stack check",
  },
  { pattern: /FAST_FAIL_GUARD_ICALL_CHECK_FAILURE/, title: "Indirect call to an address that Control Flow Guard forbids" },
  { pattern: /FAST_FAIL_RANGE_CHECK_FAILURE/, title: "Array index out of range" },
  { pattern: /FAST_FAIL_CORRUPT_LIST_ENTRY/, title: "Corrupted linked list, often a double free or use after free" },
  { pattern: /FAST_FAIL_INVALID_ARG|STATUS_INVALID_(CRUNTIME_)?PARAMETER/, title: "Invalid argument to a run-time library function" },
  { pattern: /^Unhandled C\+\+ Exception/, title: "C++ exception that was not caught" },
  { pattern: /^MANAGED_EXCEPTION_CODE/, title: ".NET exception that was not caught" },
  { pattern: /^(Out of Memory|STATUS_NO_MEMORY|STATUS_COMMITMENT_LIMIT)/, title: "Out of memory" },
  { pattern: /^EXCEPTION_IN_PAGE_ERROR/, title: "A mapped file could not be read: disk, network or removed medium" },
  { pattern: /^FACILITY_VISUALCPP/, title: "A delay-loaded DLL or function was not found" },
];

export function recogniseWindowsRuntime(input: CauseInput): ReportCause | null {
  const { reason } = input;
  if (input.os !== "windows" || reason === null) return null;
  const stated = STATED.find(({ pattern }) => pattern.test(reason));
  return stated ? { title: stated.title, evidence: [reason], confidence: "certain" } : null;
}

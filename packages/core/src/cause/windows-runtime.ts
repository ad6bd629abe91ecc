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
  {
    pattern: /FAST_FAIL_(GUARD_ICALL_CHECK_SUPPRESSED|GUARD_JUMPTABLE|GUARD_EXPORT_SUPPRESSION_FAILURE|INVALID_DISPATCH_CONTEXT)/,
    title: "Indirect call or jump that Control Flow Guard forbids",
  },
  {
    pattern: /FAST_FAIL_(INVALID_CONTROL_STACK|CONTROL_INVALID_RETURN_ADDRESS|GUARD_SS_FAILURE)/,
    title: "Return address overwritten, found by the shadow stack",
  },
  { pattern: /FAST_FAIL_(VTGUARD_CHECK_FAILURE)/, title: "Corrupted virtual function table" },
  {
    pattern: /FAST_FAIL_(INCORRECT_STACK|INVALID_EXCEPTION_CHAIN|INVALID_JUMP_BUFFER|INVALID_LONGJUMP_TARGET)/,
    title: "Corrupted stack or exception chain",
  },
  {
    pattern: /FAST_FAIL_(HEAP_METADATA_CORRUPTION|INVALID_BALANCED_TREE|UNEXPECTED_HEAP_EXCEPTION)/,
    title: "Heap corruption found by Windows",
  },
  { pattern: /FAST_FAIL_(INVALID_REFERENCE_COUNT)/, title: "Invalid reference count, often a use after free" },
  { pattern: /FAST_FAIL_(INVALID_BUFFER_ACCESS)/, title: "Buffer overrun found by the compiler's checks" },
  { pattern: /FAST_FAIL_(MRDATA_MODIFIED|MRDATA_PROTECTION_FAILURE)/, title: "Read-only data of a module was modified" },
  {
    pattern: /^(STATUS_DLL_NOT_FOUND|STATUS_ENTRYPOINT_NOT_FOUND|STATUS_ORDINAL_NOT_FOUND|STATUS_DLL_INIT_FAILED)/,
    title: "A DLL could not be loaded",
  },
  { pattern: /^STATUS_ASSERTION_FAILURE/, title: "Failed assertion" },
  { pattern: /^EXCEPTION_BOUNDS_EXCEEDED/, title: "Array index out of range" },
  { pattern: /^EXCEPTION_INT_OVERFLOW/, title: "Integer overflow" },
  { pattern: /^STATUS_FAIL_FAST_EXCEPTION/, title: "The program stopped itself by a fail-fast exception" },
  { pattern: /FAST_FAIL_RANGE_CHECK_FAILURE/, title: "Array index out of range" },
  { pattern: /FAST_FAIL_CORRUPT_LIST_ENTRY/, title: "Corrupted linked list, often a double free or use after free" },
  { pattern: /FAST_FAIL_INVALID_ARG|STATUS_INVALID_(CRUNTIME_)?PARAMETER/, title: "Invalid argument to a run-time library function" },
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

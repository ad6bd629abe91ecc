/** Memory ran out: as a code, in an annotation, or told by the function that gave up. */
import type { ReportCause } from "../report/report.ts";
import type { CauseInput } from "./cause.ts";

const FUNCTION =
  /^(base::TerminateBecauseOutOfMemory|base::internal::OnNoMemory|partition_alloc::.*OutOfMemory|v8::(internal::)?V8::FatalProcessOutOfMemory|v8::internal::Heap::FatalProcessOutOfMemory|blink::.*OutOfMemory|mozalloc_(handle_oom|abort_oom)|NS_ABORT_OOM|alloc::alloc::(handle_alloc_error|rust_oom)|std::alloc::(rust_oom|default_alloc_error_hook)|__rust_alloc_error_handler|rust_oom|std::__throw_bad_alloc|_ZSt17__throw_bad_allocv|FatalOOM|js::AutoEnterOOMUnsafeRegion::crash)/;
const TEXT = /\bout of memory\b|\bOOM\b|memory allocation of \d+ bytes failed|std::bad_alloc|allocation failed/i;
const KEYS = /oom|out.?of.?memory|allocation.?size/i;

export function recogniseOutOfMemory(input: CauseInput): ReportCause | null {
  const { reason } = input;
  const cause = (evidence: string, confidence: ReportCause["confidence"]): ReportCause => ({
    title: "Out of memory",
    evidence: reason === null ? [evidence] : [reason, evidence],
    confidence,
  });
  if (reason !== null && /^EXC_RESOURCE \/ RESOURCE_TYPE_MEMORY/.test(reason)) return { ...cause(reason, "certain"), evidence: [reason] };
  if (reason === null || !givesUp(reason)) return null;
  const called = input.functions.find((name) => FUNCTION.test(name));
  if (called !== undefined) return cause(`${called} is on the stack`, "certain");
  if (input.thrownType !== null && /bad_alloc/.test(input.thrownType)) return cause(`${input.thrownType} was thrown`, "certain");
  if (input.assertion !== null && TEXT.test(input.assertion)) return cause(input.assertion, "certain");
  const note = input.notes.find(({ key, text }) => (KEYS.test(key) && text !== "" && text !== "0") || TEXT.test(text));
  return note === undefined ? null : cause(note.key === "" ? note.text : `${note.key}: ${note.text}`, "likely");
}

/** A program that finds no memory stops itself; a wild pointer in a process that once noted its memory is another matter. */
function givesUp(reason: string): boolean {
  return /^(SIGABRT|SIGTRAP|SIGILL|EXC_BREAKPOINT|EXC_BAD_INSTRUCTION|EXC_CRASH|EXC_SOFTWARE|EXCEPTION_BREAKPOINT|EXCEPTION_ILLEGAL|STATUS_|Out of Memory|Unhandled C\+\+|EXCEPTION_STACK_BUFFER_OVERRUN)/.test(
    reason,
  );
}

/** An exception of a language's run-time library that nobody caught: C++ with the type that was thrown, Objective-C with its reason, .NET. */
import type { ReportCause } from "../report/report.ts";
import type { CauseInput } from "./cause.ts";

const NS_NAME = /^exceptionName$|^NSExceptionName$/i;
const NS_REASON = /^exceptionReason$|^NSExceptionReason$/i;
const NS_MESSAGE = /\*\*\* Terminating app due to uncaught exception '([^']+)', reason: '([\s\S]*?)'/;
const CPP_MESSAGE =
  /(?:libc\+\+abi|libc\+\+abi\.dylib): terminating (?:due to|with) uncaught (?:foreign )?exception(?: of type ([^\n]+?))?(?:: ([^\n]*))?$/m;

export function recogniseUncaughtException(input: CauseInput): ReportCause | null {
  const { reason } = input;
  if (reason === null) return null;
  if (reason.startsWith("Unhandled C++ Exception")) {
    const thrown = input.thrownType;
    return {
      title: thrown === null ? "C++ exception that was not caught" : `C++ exception that was not caught: ${thrown}`,
      evidence: [reason, ...(thrown === null ? [] : [`type of the thrown object: ${thrown}`])],
      confidence: "certain",
    };
  }
  if (reason.startsWith("MANAGED_EXCEPTION_CODE")) {
    const result = input.parameters[0];
    const evidence = result === undefined ? [reason] : [reason, `HRESULT 0x${BigInt.asUintN(32, result).toString(16).padStart(8, "0")}`];
    return { title: ".NET exception that was not caught", evidence, confidence: "certain" };
  }
  return objectiveC(input, reason) ?? cppMessage(input, reason);
}

function objectiveC(input: CauseInput, reason: string): ReportCause | null {
  const stated = reason.includes("UNCAUGHT_NS_EXCEPTION");
  const message = input.notes.map(({ text }) => NS_MESSAGE.exec(text)).find((found) => found !== null);
  if (!stated && !(message && /^(SIGABRT|EXC_CRASH|EXC_BREAKPOINT|EXC_SOFTWARE)/.test(reason))) return null;
  const noteOf = (key: RegExp): string | undefined => input.notes.find((note) => key.test(note.key))?.text;
  const name = noteOf(NS_NAME) ?? message?.[1];
  const why = noteOf(NS_REASON) ?? message?.[2];
  return {
    title: name === undefined ? "Objective-C exception that was not caught" : `Objective-C exception that was not caught: ${name}`,
    evidence: [reason, ...(why === undefined ? [] : [why])],
    confidence: "certain",
  };
}

function cppMessage(input: CauseInput, reason: string): ReportCause | null {
  if (!/^(SIGABRT|EXC_CRASH|EXC_SOFTWARE)/.test(reason)) return null;
  const found = input.notes.map(({ text }) => CPP_MESSAGE.exec(text)).find((match) => match !== null);
  if (!found) return null;
  const type = found[1]?.trim();
  return {
    title: type === undefined ? "C++ exception that was not caught" : `C++ exception that was not caught: ${type}`,
    evidence: [reason, found[0]],
    confidence: "certain",
  };
}

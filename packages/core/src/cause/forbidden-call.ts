/** A system call, handle or descriptor that the system's rules forbid: sandbox filters, guarded resources, invalid handles. */
import type { ReportCause } from "../report/report.ts";
import type { CauseInput } from "./cause.ts";

const STATED: readonly { pattern: RegExp; title: string }[] = [
  { pattern: /^SIGSYS/, title: "System call forbidden by the sandbox" },
  { pattern: /^EXC_GUARD/, title: "Use of a resource that the system guards" },
  { pattern: /^EXC_RESOURCE/, title: "The system's limit for a resource was exceeded" },
  { pattern: /^EXCEPTION_INVALID_HANDLE/, title: "Use of a handle that is not open" },
  { pattern: /^(SIGXCPU|SIGXFSZ)/, title: "The system's limit for a resource was exceeded" },
  { pattern: /^SIGPIPE/, title: "Write to a pipe or socket that nobody reads" },
  { pattern: /^(SIGTERM|SIGKILL|SIGINT|SIGHUP|DBG_CONTROL_C|STATUS_CONTROL_C_EXIT)/, title: "The program was told to stop from outside" },
];

export function recogniseForbiddenCall({ reason }: CauseInput): ReportCause | null {
  if (reason === null) return null;
  const stated = STATED.find(({ pattern }) => pattern.test(reason));
  return stated ? { title: stated.title, evidence: [reason], confidence: "certain" } : null;
}

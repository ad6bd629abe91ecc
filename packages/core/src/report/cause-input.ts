/** Gathers the facts of the fault for the recognisers of causes. */
import type { CauseInput } from "../cause/cause.ts";
import { WINDOWS_CODE } from "../cause/windows-reason.ts";
import type { Dump } from "../minidump/read-dump.ts";
import type { Walk } from "../unwind/walk.ts";
import type { Report, ReportThread } from "./report.ts";

export function causeInput(
  dump: Dump,
  inModule: (address: bigint) => boolean,
  crash: { reason: string | null; address: bigint | null; assertion: Report["crash_info"]["assertion"] },
  walk: Walk | null,
  thread: ReportThread | null,
): CauseInput {
  const innermost = walk?.frames[0]?.frame ?? null;
  const captured = dump.crashingThread === null ? undefined : dump.threads[dump.crashingThread];
  const trusted = (thread?.frames ?? []).filter((frame) => frame.trust !== "scan" && frame.trust !== "none");
  return {
    os: dump.system.os,
    cpu: dump.system.cpu,
    ...crash,
    access: accessOf(dump),
    ip: innermost?.lookupAddress ?? null,
    sp: dump.cpu && innermost ? (innermost.registers.get(dump.cpu.sp) ?? null) : null,
    ipInModule: innermost !== null && inModule(innermost.lookupAddress),
    stack:
      captured && captured.stackSize > 0 ? { start: captured.stackStart, end: captured.stackStart + BigInt(captured.stackSize) } : null,
    totalFrames: walk?.totalFrames ?? 0,
    functions: trusted
      .flatMap((frame) => [...(frame.inlines ?? []).map((f) => f.function), frame.function])
      .filter((name) => name !== null),
  };
}

/** Windows states what was tried: parameter 0 of an access violation. */
function accessOf(dump: Dump): CauseInput["access"] {
  if (dump.system.os !== "windows" || dump.exception?.code !== WINDOWS_CODE.accessViolation) return null;
  switch (dump.exception.information[0]) {
    case 0n:
      return "read";
    case 1n:
      return "write";
    case 8n:
      return "execute";
    default:
      return null;
  }
}

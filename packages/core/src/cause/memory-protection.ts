/** Memory that is there but forbids what was tried: read-only, a guard page, a file that shrank, a misaligned address. */
import type { ReportCause } from "../report/report.ts";
import type { CauseInput } from "./cause.ts";
import { accessedAddress, faultEvidence, isMemoryFault } from "./memory-fault.ts";

export function recogniseMemoryProtection(input: CauseInput): ReportCause | null {
  const { reason } = input;
  const address = accessedAddress(input);
  if (reason === null) return null;
  const cause = (title: string, confidence: ReportCause["confidence"], ...more: string[]): ReportCause => ({
    title,
    evidence: [...faultEvidence(input), ...more],
    confidence,
  });
  if (/BUS_ADRALN|EXCEPTION_DATATYPE_MISALIGNMENT|EXC_ARM_(DA|SP)_ALIGN|EXC_I386_ALIGNFLT/.test(reason)) {
    return cause("Access to a misaligned address", "certain");
  }
  if (/BUS_ADRERR/.test(reason)) return cause("A mapped file is shorter than its mapping, or could not be read", "likely");
  if (/BUS_MCEERR/.test(reason)) return cause("Hardware memory error reported by the system", "certain");
  if (/SEGV_PKUERR/.test(reason)) return cause("Access forbidden by a memory protection key", "certain");
  if (/EXC_ARM_PAC_FAIL/.test(reason)) return cause("Pointer authentication failed: a signed pointer was overwritten", "certain");
  if (/KERN_CODESIGN_ERROR/.test(reason)) return cause("Code whose signature the system refuses", "certain");
  if (/^EXCEPTION_GUARD_PAGE/.test(reason)) return cause("Access to a guard page", "certain");
  if (!isMemoryFault(reason) || address === null) return null;
  const isWrite = input.access === "write" || input.access === "read_write";
  const region = input.region(address);
  if (region === null) {
    // The system says that the memory is there, and the instruction that it wrote.
    const module = input.module(address);
    if (!isWrite || module === null || !/SEGV_ACCERR|KERN_PROTECTION_FAILURE/.test(reason)) return null;
    return cause("Write to read-only memory", "likely", `the address lies in ${module}`);
  }
  if (!region.committed) return null;
  if (region.guard)
    return cause("Access to a guard page: an overrun of the memory beside it", "likely", "the address lies in a guard page");
  if (!region.write && (region.read || region.execute) && input.access !== "read" && input.access !== "execute") {
    const module = input.module(address);
    const where = module === null ? "the address lies in memory" : `the address lies in ${module}, in memory`;
    return region.execute
      ? cause("Write to code", isWrite ? "certain" : "likely", `${where} that can be executed but not written`)
      : cause("Write to read-only memory", isWrite ? "certain" : "likely", `${where} that can be read but not written`);
  }
  if (!region.read && !region.write && !region.execute) {
    return cause("Access to memory that was made inaccessible", "likely", "the address lies in memory without any access");
  }
  return null;
}

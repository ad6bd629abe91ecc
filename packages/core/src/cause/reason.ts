/** The crash reason and address, spelled as `minidump-stackwalk` does. */
import type { CpuName } from "../cpu/cpu.ts";
import type { ExceptionRecord } from "../minidump/exception.ts";
import type { Os } from "../minidump/system-info.ts";
import { linuxReason } from "./linux-reason.ts";
import { macosReason } from "./macos-reason.ts";
import { WINDOWS_CODE, windowsReason } from "./windows-reason.ts";

export function crashReason(exception: ExceptionRecord, os: Os, cpu: CpuName): string {
  switch (os) {
    case "windows":
      return windowsReason(exception.code, exception.information);
    case "macos":
    case "ios":
      return macosReason(exception.code, exception.flags, cpu, exception.information);
    case "linux":
    case "android":
      return linuxReason(exception.code, exception.flags);
    case "other":
      return `unknown 0x${exception.code.toString(16).padStart(8, "0")} / 0x${exception.flags.toString(16).padStart(8, "0")}`;
  }
}

/** The address that could not be accessed where the system says it, else the address of the exception. */
export function crashAddress(exception: ExceptionRecord, os: Os, pointerBytes: 4 | 8): bigint {
  const accessed =
    os === "windows" && (exception.code === WINDOWS_CODE.accessViolation || exception.code === WINDOWS_CODE.inPageError)
      ? exception.information[1]
      : undefined;
  return BigInt.asUintN(pointerBytes * 8, accessed ?? exception.address);
}

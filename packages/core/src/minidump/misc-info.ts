/**
 * MiscInfo: process id and creation time.
 *   0 size · 4 flags (1 = process id valid, 2 = times valid) · 8 process id · 12 creation time (seconds since 1970) · …
 * Later versions only append. Breakpad on Linux writes /proc/<pid>/status instead, of which only the "Pid:" line is read.
 */
import { MAX_PROC_STATUS_BYTES } from "./constants.ts";
import type { Minidump } from "./minidump.ts";

export type MiscInfo = { pid: number | null; createTimeSeconds: number | null };

const RECORD_BYTES = 24;

export function readMiscInfo(dump: Minidump): MiscInfo {
  const none: MiscInfo = { pid: null, createTimeSeconds: null };
  const misc = dump.warnings.guard<MiscInfo>(
    "MiscInfo",
    () => {
      const c = dump.stream("miscInfo", RECORD_BYTES);
      if (!c) return none;
      c.skip(4);
      const flags = c.u32();
      const pid = c.u32();
      const created = c.left >= 4 ? c.u32() : 0;
      return { pid: flags & 1 ? pid : null, createTimeSeconds: flags & 2 ? created : null };
    },
    none,
  );
  return misc.pid === null ? { ...misc, pid: readProcStatusPid(dump) } : misc;
}

function readProcStatusPid(dump: Minidump): number | null {
  return dump.warnings.guard<number | null>(
    "LinuxProcStatus",
    () => {
      const text = dump.text("linuxProcStatus", MAX_PROC_STATUS_BYTES);
      const found = text && /^Pid:\s*(\d{1,10})$/m.exec(text);
      return found ? Number(found[1]) : null;
    },
    null,
  );
}

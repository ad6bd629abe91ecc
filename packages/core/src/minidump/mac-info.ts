/**
 * What Mozilla's writer adds on macOS: the messages that system libraries leave in their __crash_info sections, and the kernel's boot arguments.
 *   MozMacosCrashInfo  0 stream type · 4 record count · 8 size of a record's fixed part · 12 up to 20 places: size u32, offset u32
 *   record             0 stream type u64 · 8 version u64 · from version 4: 16 thread u64 · 24 dialog mode u64 · from 5: 32 abort cause u64;
 *                      behind the fixed part NUL-terminated texts: module, message, signature, backtrace, message2
 *   MozMacosBootargs   0 stream type · 4 offset u64 of a UTF-16 string
 */
import { decodeUtf8 } from "../bytes/text.ts";
import type { Minidump } from "./minidump.ts";

export type MacCrashRecord = {
  thread: bigint | null;
  dialogMode: bigint | null;
  abortCause: bigint | null;
  module: string | null;
  message: string | null;
  signature: string | null;
  backtrace: string | null;
  message2: string | null;
};

const MAX_RECORDS = 20;
const MAX_TEXT_BYTES = 8 * 1024;
const TEXTS = ["module", "message", "signature", "backtrace", "message2"] as const;

export function readMacCrashInfo(dump: Minidump): MacCrashRecord[] | null {
  return dump.warnings.guard<MacCrashRecord[] | null>(
    "MozMacosCrashInfo",
    () => {
      const c = dump.stream("macCrashInfo", 12 + MAX_RECORDS * 8);
      if (!c) return null;
      c.skip(4);
      const stated = c.u32();
      const fixedBytes = c.u32();
      const count = Math.min(stated, MAX_RECORDS, Math.floor(c.left / 8));
      if (count < stated) dump.warnings.add("MozMacosCrashInfo", c.fileOffset, `says ${stated} records, reading ${count}`);
      const records: MacCrashRecord[] = [];
      for (let i = 0; i < count; i++) {
        const size = c.u32();
        const offset = c.u32();
        const record = dump.warnings.guard("MozMacosCrashInfo", () => readRecord(dump, offset, size, fixedBytes), null);
        if (record) records.push(record);
      }
      return records;
    },
    null,
  );
}

function readRecord(dump: Minidump, offset: number, size: number, fixedBytes: number): MacCrashRecord {
  const c = dump.cursor("MozMacosCrashInfo record", offset, Math.min(size, fixedBytes + TEXTS.length * MAX_TEXT_BYTES));
  c.skip(8);
  const version = c.u64();
  const field = (since: bigint, at: number): bigint | null => {
    if (version < since || fixedBytes < at + 8) return null;
    c.seek(at);
    return c.u64();
  };
  const record: MacCrashRecord = {
    thread: field(4n, 16),
    dialogMode: field(4n, 24),
    abortCause: field(5n, 32),
    module: null,
    message: null,
    signature: null,
    backtrace: null,
    message2: null,
  };
  if (version < 4n) return record;
  c.seek(fixedBytes);
  let rest = c.bytes(c.left);
  for (const name of TEXTS) {
    const end = rest.indexOf(0);
    const text = decodeUtf8(end < 0 ? rest : rest.subarray(0, end)).trim();
    if (text !== "") record[name] = text;
    if (end < 0) break;
    rest = rest.subarray(end + 1);
  }
  return record;
}

export function readMacBootArgs(dump: Minidump): string | null {
  return dump.warnings.guard<string | null>(
    "MozMacosBootargs",
    () => {
      const c = dump.stream("macBootArgs", 12);
      if (!c) return null;
      c.skip(4);
      return dump.utf16String("MozMacosBootargs text", c.u64AsNumber());
    },
    null,
  );
}

/**
 * HandleOperationList: what Application Verifier noted of opens and closes of handles, for crashes by a handle that was closed already.
 *   0 header size · 4 entry size · 8 count · 12 reserved; entry, 288 bytes: 0 handle u64 · 8 process · 12 thread · 16 operation · 20 spare ·
 *   24 depth of the call stack u32 · 28 its number · 32 32 return addresses u64
 */
import { MAX_HANDLES } from "./constants.ts";
import type { Minidump } from "./minidump.ts";

export type HandleOperations = { count: number; kinds: ReadonlyMap<string, number> };

const HEADER_BYTES = 16;
const ENTRY_BYTES = 20;
const KINDS = ["unused", "open", "close", "invalid use"] as const;

/** How many operations of each kind; null without the stream. */
export function readHandleOperations(dump: Minidump): HandleOperations | null {
  return dump.warnings.guard<HandleOperations | null>(
    "HandleOperationList",
    () => {
      const c = dump.stream("handleOperationList", Number.MAX_SAFE_INTEGER);
      if (!c) return null;
      const headerBytes = c.u32();
      const entryBytes = c.u32();
      const stated = c.u32();
      if (headerBytes < HEADER_BYTES || entryBytes < ENTRY_BYTES) c.fail(`header of ${headerBytes} bytes, entries of ${entryBytes}`);
      c.skip(headerBytes - 12);
      const count = Math.min(stated, Math.floor(c.left / entryBytes), MAX_HANDLES);
      if (count < stated) dump.warnings.add("HandleOperationList", c.fileOffset, `says ${stated} operations, reading ${count}`);
      const kinds = new Map<string, number>();
      for (let i = 0; i < count; i++) {
        c.skip(16);
        const kind = KINDS[c.u32()] ?? "unknown";
        kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
        c.skip(entryBytes - ENTRY_BYTES);
      }
      return { count, kinds };
    },
    null,
  );
}

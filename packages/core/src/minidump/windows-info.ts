/**
 * What Windows' own writer adds: open handles, memory figures of the process and the system, comments, times and states of threads, and
 * the unwind tables of code made at run time.
 *   HandleData         0 header size · 4 entry size · 8 count · 12 reserved; entry: 0 handle u64 · 8 type name · 12 object name (string offsets) …
 *   ProcessVmCounters  0 revision u16 · 2 flags u16 · 4 page faults u32 · 8 peak working set u64 · 16 working set · 56 page file · 64 peak ·
 *                      revision 1: 72 private bytes; revision 2: 72 peak virtual size · 80 virtual size · 88 private bytes
 *   SystemMemoryInfo   0 revision u16 · 2 flags u16 · 8 page size u32 · 12 physical pages u32 · 116 free pages u64 · 124 committed · 132 limit
 *   ThreadInfoList     0 header size · 4 entry size · 8 count; entry: 0 thread id · 4 flags · 8 error · 12 exit status · 16 created u64 ·
 *                      24 exited · 32 kernel time · 40 user time · 48 start address u64 · 56 affinity
 *   FunctionTable      0 header size · 4 descriptor size · 8 native descriptor size · 12 entry size · 16 count · 20 padding; descriptor:
 *                      0 lowest address u64 · 8 highest u64 · 16 base u64 · 24 entry count u32 · 28 padding; then native descriptor, entries
 *   CommentStreamA/W   text
 *
 * Object names of handles (paths, registry keys) are not read: they tell of the machine's user, not of the crash.
 */
import { decodeUtf16 } from "../bytes/text.ts";
import { MAX_COMMENT_BYTES, MAX_FUNCTION_TABLE_ENTRIES, MAX_FUNCTION_TABLES, MAX_HANDLES, MAX_THREADS } from "./constants.ts";
import type { Minidump } from "./minidump.ts";

/** How many handles were open, by type ("File", "Event"), most frequent first. */
export type HandleCounts = { count: number; types: ReadonlyMap<string, number> };

/** Bytes, except where named otherwise. */
export type MemoryFigures = {
  workingSet: bigint | null;
  peakWorkingSet: bigint | null;
  privateBytes: bigint | null;
  virtualSize: bigint | null;
  systemTotal: bigint | null;
  systemFree: bigint | null;
  systemCommitted: bigint | null;
  systemCommitLimit: bigint | null;
};

export type ThreadInfo = { threadId: number; isWriter: boolean; startAddress: bigint };

/** Unwind tables of run-time generated code: raw entries as in .pdata, relative to `base`. */
export type FunctionTable = { start: bigint; end: bigint; base: bigint; entryBytes: number; entries: Uint8Array };

const HANDLE_BYTES = 32;
/** Types of handles are few; a damaged dump could state a new one per handle. */
const MAX_HANDLE_TYPES = 100;
const THREAD_INFO_BYTES = 64;
const THREAD_INFO_IS_WRITER = 2;
const FUNCTION_TABLE_HEADER_BYTES = 24;
const FUNCTION_TABLE_BYTES = 32;
const SYSTEM_MEMORY_BYTES = 140;

export function readHandles(dump: Minidump): HandleCounts | null {
  return dump.warnings.guard<HandleCounts | null>(
    "HandleData",
    () => {
      const c = dump.stream("handleData", 16 + 64 * MAX_HANDLES);
      if (!c) return null;
      const headerBytes = c.u32();
      const entryBytes = c.u32();
      const stated = c.u32();
      if (headerBytes < 16 || entryBytes < HANDLE_BYTES) c.fail(`header of ${headerBytes} bytes, entries of ${entryBytes}`);
      c.skip(headerBytes - 12);
      const count = Math.min(stated, Math.floor(c.left / entryBytes), MAX_HANDLES);
      if (count < stated) dump.warnings.add("HandleData", c.fileOffset, `says ${stated} handles, reading ${count}`);
      const types = new Map<string, number>();
      const names = new Map<number, string>();
      for (let i = 0; i < count; i++) {
        c.skip(8);
        const nameOffset = c.u32();
        c.skip(entryBytes - 12);
        let name = names.get(nameOffset);
        if (name === undefined) {
          name =
            (names.size < MAX_HANDLES
              ? dump.warnings.guard("HandleData", () => dump.utf16String("HandleData type", nameOffset), null)
              : null) || "unknown";
          names.set(nameOffset, name);
        }
        const known = types.get(name);
        if (known !== undefined || types.size < MAX_HANDLE_TYPES) types.set(name, (known ?? 0) + 1);
      }
      return { count, types: new Map([...types].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))) };
    },
    null,
  );
}

export function readMemoryFigures(dump: Minidump): MemoryFigures | null {
  const ofProcess = dump.warnings.guard<Partial<MemoryFigures> | null>(
    "ProcessVmCounters",
    () => {
      const c = dump.stream("processVmCounters", 96);
      if (!c) return null;
      const revision = c.u16();
      c.skip(6);
      const peakWorkingSet = c.u64();
      const workingSet = c.u64();
      c.skip(48);
      if (revision === 1) return { peakWorkingSet, workingSet, privateBytes: c.u64() };
      c.skip(8);
      return { peakWorkingSet, workingSet, virtualSize: c.u64(), privateBytes: c.u64() };
    },
    null,
  );
  const ofSystem = dump.warnings.guard<Partial<MemoryFigures> | null>(
    "SystemMemoryInfo",
    () => {
      const c = dump.stream("systemMemoryInfo", SYSTEM_MEMORY_BYTES + 8);
      if (!c) return null;
      c.skip(8);
      const pageBytes = BigInt(c.u32());
      const systemTotal = BigInt(c.u32()) * pageBytes;
      c.seek(FREE_PAGES_AT);
      const pages = (): bigint => BigInt.asUintN(64, c.u64() * pageBytes);
      return { systemTotal, systemFree: pages(), systemCommitted: pages(), systemCommitLimit: pages() };
    },
    null,
  );
  if (ofProcess === null && ofSystem === null) return null;
  const none = { workingSet: null, peakWorkingSet: null, privateBytes: null, virtualSize: null };
  return { ...none, systemTotal: null, systemFree: null, systemCommitted: null, systemCommitLimit: null, ...ofProcess, ...ofSystem };
}

const FREE_PAGES_AT = 116;

export function readThreadInfos(dump: Minidump): ThreadInfo[] {
  return dump.warnings.guard<ThreadInfo[]>("ThreadInfoList", () => {
    const c = dump.stream("threadInfoList", 12 + 128 * MAX_THREADS);
    if (!c) return [];
    const headerBytes = c.u32();
    const entryBytes = c.u32();
    const stated = c.u32();
    if (headerBytes < 12 || entryBytes < THREAD_INFO_BYTES) c.fail(`header of ${headerBytes} bytes, entries of ${entryBytes}`);
    c.skip(headerBytes - 12);
    const count = Math.min(stated, Math.floor(c.left / entryBytes), MAX_THREADS);
    if (count < stated) dump.warnings.add("ThreadInfoList", c.fileOffset, `says ${stated} entries, reading ${count}`);
    const infos: ThreadInfo[] = [];
    for (let i = 0; i < count; i++) {
      const threadId = c.u32();
      const isWriter = (c.u32() & THREAD_INFO_IS_WRITER) !== 0;
      c.skip(40);
      infos.push({ threadId, isWriter, startAddress: c.u64() });
      c.skip(8 + entryBytes - THREAD_INFO_BYTES);
    }
    return infos;
  }, []);
}

export function readFunctionTables(dump: Minidump): FunctionTable[] {
  const tables: FunctionTable[] = [];
  dump.warnings.guard(
    "FunctionTable",
    () => {
      const c = dump.stream("functionTable", Number.MAX_SAFE_INTEGER);
      if (!c) return;
      const headerBytes = c.u32();
      const descriptorBytes = c.u32();
      const nativeBytes = c.u32();
      const entryBytes = c.u32();
      const stated = c.u32();
      const paddingBytes = c.u32();
      if (headerBytes < FUNCTION_TABLE_HEADER_BYTES || descriptorBytes < FUNCTION_TABLE_BYTES || entryBytes === 0) {
        c.fail(`header of ${headerBytes} bytes, descriptors of ${descriptorBytes}, entries of ${entryBytes}`);
      }
      c.skip(headerBytes - FUNCTION_TABLE_HEADER_BYTES + paddingBytes);
      const count = Math.min(stated, Math.floor(c.left / descriptorBytes), MAX_FUNCTION_TABLES);
      if (count < stated) dump.warnings.add("FunctionTable", c.fileOffset, `says ${stated} tables, reading ${count}`);
      for (let i = 0; i < count; i++) {
        const start = c.u64();
        const end = c.u64();
        const base = c.u64();
        const entries = c.u32();
        const entryPadding = c.u32();
        c.skip(descriptorBytes - FUNCTION_TABLE_BYTES + nativeBytes);
        if (entries > MAX_FUNCTION_TABLE_ENTRIES) c.fail(`a table of ${entries} entries`);
        tables.push({ start, end, base, entryBytes, entries: c.bytes(entries * entryBytes) });
        c.skip(Math.min(entryPadding, c.left));
      }
    },
    undefined,
  );
  return tables;
}

/** What the program or a debugger wrote into the dump for people. */
export function readComment(dump: Minidump): string | null {
  const wide = dump.warnings.guard<string | null>(
    "CommentStreamW",
    () => {
      const c = dump.stream("commentW", MAX_COMMENT_BYTES);
      return c && decodeUtf16(c.bytes(c.left), c.littleEndian);
    },
    null,
  );
  return wide || dump.text("commentA", MAX_COMMENT_BYTES) || null;
}

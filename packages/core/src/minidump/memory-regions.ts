/**
 * Which address ranges the process had and what could be done with them: MemoryInfoList of Windows and Crashpad, or /proc/<pid>/maps.
 *   MemoryInfoList  0 header size u32 · 4 entry size u32 · 8 count u64; entry, 48 bytes: 0 base u64 · 8 allocation base u64 ·
 *                   16 allocation protection u32 · 24 size u64 · 32 state u32 · 36 protection u32 · 40 type u32
 *   maps            "00400000-00452000 r-xp 00000000 08:02 173521  /usr/bin/app"
 *
 * Only what a cause can be told from is kept; file names of mappings are not, apart from the kernel's own ("[stack]").
 */
import { partitionPoint } from "../bytes/bisect.ts";
import { MAX_LINUX_TEXT_BYTES, MAX_MEMORY_REGIONS } from "./constants.ts";
import type { Minidump } from "./minidump.ts";

export type MemoryRegion = {
  start: bigint;
  /** First address behind it. */
  end: bigint;
  /** Has memory behind it; reserved and free ranges have none. */
  committed: boolean;
  read: boolean;
  write: boolean;
  execute: boolean;
  /** A page that faults once to let a stack grow or to catch an overrun. */
  guard: boolean;
  /** "[stack]", "[heap]", "[vdso]"; null otherwise. */
  kernelName: string | null;
};

const ENTRY_BYTES = 48;
const HEADER_BYTES = 16;
const STATE_COMMIT = 0x1000;
const PROTECT = {
  readonly: 0x02,
  readWrite: 0x04,
  writeCopy: 0x08,
  execute: 0x10,
  executeRead: 0x20,
  executeReadWrite: 0x40,
  executeWriteCopy: 0x80,
};
const PROTECT_GUARD = 0x100;

/** All ranges known, in address order; asks by bisection. */
export class MemoryRegions {
  readonly regions: readonly MemoryRegion[];
  /** Lines of /proc/<pid>/maps; null when the dump has none. */
  readonly linuxMapCount: number | null;

  constructor(regions: readonly MemoryRegion[], linuxMapCount: number | null) {
    this.regions = [...regions].sort((a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : 0));
    this.linuxMapCount = linuxMapCount;
  }

  /** The range that holds an address; null when none is known to. */
  at(address: bigint): MemoryRegion | null {
    const before = partitionPoint(this.regions.length, (i) => this.regions[i]!.start <= address) - 1;
    const region = this.regions[before];
    return region !== undefined && address < region.end ? region : null;
  }
}

export function readMemoryRegions(dump: Minidump): MemoryRegions {
  const fromWindows = dump.warnings.guard<MemoryRegion[]>("MemoryInfoList", () => readMemoryInfo(dump), []);
  const text = dump.text("linuxMaps", MAX_LINUX_TEXT_BYTES);
  const fromLinux = text === null ? [] : parseMaps(text);
  return new MemoryRegions(fromWindows.length > 0 ? fromWindows : fromLinux, text === null ? null : fromLinux.length);
}

function readMemoryInfo(dump: Minidump): MemoryRegion[] {
  const c = dump.stream("memoryInfoList", HEADER_BYTES + ENTRY_BYTES * MAX_MEMORY_REGIONS);
  if (!c) return [];
  const headerBytes = c.u32();
  const entryBytes = c.u32();
  const stated = c.u64AsNumber();
  if (headerBytes < HEADER_BYTES || entryBytes < ENTRY_BYTES) c.fail(`header of ${headerBytes} bytes, entries of ${entryBytes}`);
  c.skip(headerBytes - HEADER_BYTES);
  const count = Math.min(stated, Math.floor(c.left / entryBytes), MAX_MEMORY_REGIONS);
  if (count < stated) dump.warnings.add("MemoryInfoList", c.fileOffset, `says ${stated} entries, reading ${count}`);
  const regions: MemoryRegion[] = [];
  for (let i = 0; i < count; i++) {
    const start = c.u64();
    c.skip(16);
    const size = c.u64();
    const state = c.u32();
    const protection = c.u32();
    c.skip(8 + entryBytes - ENTRY_BYTES);
    const committed = state === STATE_COMMIT;
    const can = (...kinds: (keyof typeof PROTECT)[]): boolean => committed && kinds.some((kind) => (protection & PROTECT[kind]) !== 0);
    regions.push({
      start,
      end: start + size,
      committed,
      read: can("readonly", "readWrite", "writeCopy", "executeRead", "executeReadWrite", "executeWriteCopy"),
      write: can("readWrite", "writeCopy", "executeReadWrite", "executeWriteCopy"),
      execute: can("execute", "executeRead", "executeReadWrite", "executeWriteCopy"),
      guard: (protection & PROTECT_GUARD) !== 0,
      kernelName: null,
    });
  }
  return regions;
}

const MAPS_LINE = /^([0-9a-f]{1,16})-([0-9a-f]{1,16}) ([r-])([w-])([x-])[ps-] [0-9a-f]+ \S+ \d+\s*(.*)$/i;

function parseMaps(text: string): MemoryRegion[] {
  const regions: MemoryRegion[] = [];
  for (const line of text.split("\n", MAX_MEMORY_REGIONS)) {
    const found = MAPS_LINE.exec(line);
    if (!found) continue;
    const [, start, end, read, write, execute, name] = found;
    const named = /^\[[a-z_:0-9 ]+\]$/.test(name ?? "") ? (name ?? null) : null;
    const can = { read: read === "r", write: write === "w", execute: execute === "x" };
    const guard = !can.read && !can.write && !can.execute;
    regions.push({ start: BigInt(`0x${start}`), end: BigInt(`0x${end}`), committed: true, ...can, guard, kernelName: named });
  }
  return regions;
}

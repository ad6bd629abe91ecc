/**
 * What Breakpad copies of the Linux loader: the auxiliary vector, by which the kernel tells a program where things are, and the loader's list of
 * libraries. Words are as wide as the process' pointers.
 *   LinuxAuxv      pairs of words: type, value; type 0 ends them
 *   LinuxDsoDebug  0 version u32 · 4 offset of the list · 8 count u32 · pad with 64 bits · debugger's hook word · loader's base · dynamic section
 *   list entry     base word · name (offset of a string) u32 · pad with 64 bits · dynamic section word
 */
import { MAX_AUXV_ENTRIES, MAX_MODULES } from "./constants.ts";
import type { Minidump } from "./minidump.ts";

/** Types that say something about a crash; AT_RANDOM and its like only tell addresses. */
const AUXV_TYPES: ReadonlyMap<bigint, string> = new Map([
  [3n, "AT_PHDR"],
  [6n, "AT_PAGESZ"],
  [7n, "AT_BASE"],
  [9n, "AT_ENTRY"],
  [16n, "AT_HWCAP"],
  [23n, "AT_SECURE"],
  [26n, "AT_HWCAP2"],
  [33n, "AT_SYSINFO_EHDR"],
]);

export type LinkMap = {
  version: number;
  /** The function that the loader calls whenever its list changes. */
  hook: bigint;
  loaderBase: bigint;
  /** In the loader's order, the program first; the program's own name is empty. */
  libraries: { base: bigint; name: string }[];
};

/** Values by their names in <elf.h>; null without the stream. */
export function readAuxv(dump: Minidump, wordBytes: 4 | 8): ReadonlyMap<string, bigint> | null {
  return dump.warnings.guard<ReadonlyMap<string, bigint> | null>(
    "LinuxAuxv",
    () => {
      const c = dump.stream("linuxAuxv", 2 * wordBytes * MAX_AUXV_ENTRIES);
      if (!c) return null;
      const values = new Map<string, bigint>();
      while (c.left >= 2 * wordBytes) {
        const type = word(c, wordBytes);
        if (type === 0n) break;
        const value = word(c, wordBytes);
        const name = AUXV_TYPES.get(type);
        if (name !== undefined) values.set(name, value);
      }
      return values;
    },
    null,
  );
}

export function readLinkMap(dump: Minidump, wordBytes: 4 | 8): LinkMap | null {
  return dump.warnings.guard<LinkMap | null>(
    "LinuxDsoDebug",
    () => {
      const padBytes = wordBytes - 4;
      const c = dump.stream("linuxDsoDebug", 12 + padBytes + 3 * wordBytes);
      if (!c) return null;
      const version = c.u32();
      const list = c.u32();
      const stated = c.u32();
      c.skip(padBytes);
      const map: LinkMap = { version, hook: word(c, wordBytes), loaderBase: word(c, wordBytes), libraries: [] };
      const entryBytes = 3 * wordBytes;
      const room = Math.max(0, Math.floor((dump.source.size - list) / entryBytes));
      const count = Math.min(stated, room, MAX_MODULES);
      if (count < stated) dump.warnings.add("LinuxDsoDebug", list, `says ${stated} libraries, reading ${count}`);
      const entries = dump.cursor("LinuxDsoDebug", list, count * entryBytes);
      for (let i = 0; i < count; i++) {
        const base = word(entries, wordBytes);
        const nameOffset = entries.u32();
        entries.skip(padBytes + wordBytes);
        const name = dump.warnings.guard("LinuxDsoDebug", () => dump.utf16String("LinuxDsoDebug name", nameOffset), null);
        map.libraries.push({ base, name: name ?? "" });
      }
      return map;
    },
    null,
  );
}

function word(c: { u32(): number; u64(): bigint }, wordBytes: 4 | 8): bigint {
  return wordBytes === 8 ? c.u64() : BigInt(c.u32());
}

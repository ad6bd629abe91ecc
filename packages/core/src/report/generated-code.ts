/**
 * Code that a program made at run time (JIT compilers) and told 64-bit Windows the function table of: the dump holds the tables in a stream of
 * their own, and what they point at among its memory.
 */
import { FormatError } from "../bytes/format-error.ts";
import type { FunctionTable } from "../minidump/windows-info.ts";
import { FunctionTable as PeFunctionTable } from "../pe/function-table.ts";
import { type CodeX64, UnwindX64 } from "../pe/unwind-x64.ts";
import type { UnwindRow } from "../unwind/rules.ts";

/** amd64; the entries of other processors have two words. */
const ENTRY_BYTES = 12;

export type GeneratedCode = {
  /** Absolute addresses of code, [start, end). */
  start: bigint;
  end: bigint;
  find(address: bigint): UnwindRow | null;
};

type Captured = { bytes(address: bigint, maxBytes: number): Uint8Array | null };

/** In the order of their addresses. */
export function generatedCode(tables: readonly FunctionTable[], memory: Captured): GeneratedCode[] {
  return tables
    .toSorted((a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : 0))
    .filter(({ entryBytes, entries }) => entryBytes === ENTRY_BYTES && entries.length > 0)
    .map(({ start, end, base, entries }) => {
      const unwind = new UnwindX64(codeAt(base, memory), new PeFunctionTable(entries, 3));
      return { start, end, find: (address) => rowAt(unwind, Number(address - base)) };
    });
}

/** A stretch of memory as an image without sections: functions that no entry describes are unknown, not leaves. */
function codeAt(base: bigint, memory: Captured): CodeX64 {
  const upTo = (address: number, length: number): Uint8Array => memory.bytes(base + BigInt(address), length) ?? new Uint8Array(0);
  return {
    sections: [],
    isCode: () => false,
    upTo,
    read(address, length, what) {
      const bytes = upTo(address, length);
      if (bytes.length < length) throw new FormatError(what, null, `${length} bytes at 0x${address.toString(16)} were not captured`);
      return bytes;
    },
  };
}

function rowAt(unwind: UnwindX64, relativeAddress: number): UnwindRow | null {
  try {
    return relativeAddress < 0 || relativeAddress > 0xffffffff ? null : unwind.find(relativeAddress);
  } catch (error) {
    if (error instanceof FormatError) return null;
    throw error;
  }
}

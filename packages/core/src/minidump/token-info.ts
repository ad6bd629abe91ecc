/**
 * TokenInfo: the access tokens of the process and of threads that impersonate somebody.
 *   0 size of the list · 4 count · 8 header size · 12 size of an element's header; element: 0 size u32 · 4 thread or process id · 8 handle u64, then
 *   the token's own data
 *
 * Only counted: what a token holds (the account's id, its groups and rights) tells of the machine's user, not of the crash.
 */
import { MAX_THREADS } from "./constants.ts";
import type { Minidump } from "./minidump.ts";

const HEADER_BYTES = 16;
const ELEMENT_HEADER_BYTES = 16;

/** How many tokens the dump holds; null without the stream. */
export function readTokenCount(dump: Minidump): number | null {
  return dump.warnings.guard<number | null>(
    "TokenInfo",
    () => {
      const c = dump.stream("tokenInfo", Number.MAX_SAFE_INTEGER);
      if (!c) return null;
      c.skip(4);
      const stated = c.u32();
      const headerBytes = c.u32();
      const elementBytes = c.u32();
      if (headerBytes < HEADER_BYTES || elementBytes < ELEMENT_HEADER_BYTES)
        c.fail(`header of ${headerBytes} bytes, elements of ${elementBytes}`);
      const room = Math.floor((c.left + HEADER_BYTES - headerBytes) / elementBytes);
      const count = Math.max(0, Math.min(stated, room, MAX_THREADS));
      if (count < stated) dump.warnings.add("TokenInfo", c.fileOffset, `says ${stated} tokens, there is room for ${count}`);
      return count;
    },
    null,
  );
}

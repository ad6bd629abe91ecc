/**
 * Breakpad's own streams.
 *   BreakpadInfo   0 valid bits (1 = dump thread, 2 = requesting thread) · 4 dump thread id · 8 requesting thread id
 *   AssertionInfo  0 expression, UTF-16, 256 bytes · 256 function, 256 bytes · 512 file, 256 bytes · 768 line · 772 kind
 */
import { decodeUtf16 } from "../bytes/text.ts";
import type { Minidump } from "./minidump.ts";

export type BreakpadInfo = { dumpThreadId: number | null; requestingThreadId: number | null };

export function readBreakpadInfo(dump: Minidump): BreakpadInfo {
  const none: BreakpadInfo = { dumpThreadId: null, requestingThreadId: null };
  return dump.warnings.guard<BreakpadInfo>(
    "BreakpadInfo",
    () => {
      const c = dump.stream("breakpadInfo", 12);
      if (!c) return none;
      const valid = c.u32();
      const dumpThreadId = c.u32();
      const requestingThreadId = c.u32();
      return { dumpThreadId: valid & 1 ? dumpThreadId : null, requestingThreadId: valid & 2 ? requestingThreadId : null };
    },
    none,
  );
}

const ASSERTION_TEXT_BYTES = 256;
const ASSERTION_BYTES = 776;

/** The assertion or invalid-parameter text as one line, or null. */
export function readAssertion(dump: Minidump): string | null {
  return dump.warnings.guard<string | null>(
    "AssertionInfo",
    () => {
      const c = dump.stream("assertionInfo", ASSERTION_BYTES);
      if (!c) return null;
      const expression = decodeUtf16(c.bytes(ASSERTION_TEXT_BYTES), c.littleEndian);
      const inFunction = decodeUtf16(c.bytes(ASSERTION_TEXT_BYTES), c.littleEndian);
      const file = decodeUtf16(c.bytes(ASSERTION_TEXT_BYTES), c.littleEndian);
      const line = c.u32();
      if (expression === "" && inFunction === "" && file === "") return null;
      const place = [inFunction, file === "" ? "" : `${file}:${line}`].filter((part) => part !== "").join(" at ");
      return place === "" ? expression : `${expression || "assertion"} (${place})`;
    },
    null,
  );
}

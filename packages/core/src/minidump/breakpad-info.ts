/**
 * Breakpad's and Crashpad's own streams.
 *   BreakpadInfo   0 valid bits (1 = dump thread, 2 = requesting thread) · 4 dump thread id · 8 requesting thread id
 *   AssertionInfo  0 expression, UTF-16, 256 bytes · 256 function, 256 bytes · 512 file, 256 bytes · 768 line · 772 kind
 *   CrashpadInfo   0 version · 4 report id, 16 bytes · 20 client id, 16 bytes · 36 simple annotations size, offset · 44 modules size, offset
 *     simple annotations: u32 count, then per entry key and value as offsets of UTF-8 strings
 */
import { decodeUtf16 } from "../bytes/text.ts";
import { MAX_ANNOTATIONS } from "./constants.ts";
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

/** Crashpad's process-wide simple annotations; empty when there are none. */
export function readSimpleAnnotations(dump: Minidump): ReadonlyMap<string, string> {
  const annotations = new Map<string, string>();
  dump.warnings.guard(
    "CrashpadInfo",
    () => {
      const c = dump.stream("crashpadInfo", 52);
      if (!c) return;
      c.skip(36);
      const size = c.u32();
      const offset = c.u32();
      if (size < 4 || offset === 0) return;
      const entries = dump.cursor("CrashpadInfo simple annotations", offset, size);
      const stated = entries.u32();
      const count = Math.min(stated, Math.floor(entries.left / 8), MAX_ANNOTATIONS);
      if (count < stated) dump.warnings.add("CrashpadInfo", offset, `says ${stated} annotations, reading ${count}`);
      for (let i = 0; i < count; i++) {
        const key = dump.utf8String("CrashpadInfo annotation key", entries.u32());
        const value = dump.utf8String("CrashpadInfo annotation value", entries.u32());
        if (key) annotations.set(key, value ?? "");
      }
    },
    undefined,
  );
  return annotations;
}

/**
 * Exception: the fault that made the dump.
 *   0 thread id · 4 pad · 8 code · 12 flags · 16 nested record u64 · 24 address u64 · 32 parameter count · 36 pad ·
 *   40 15 parameters u64 · 160 context size · 164 context offset
 * Code and flags: Windows exception code and flags; Linux signal and si_code; macOS exception type and code.
 */
import type { Minidump } from "./minidump.ts";
import type { ContextRange } from "./threads.ts";

export type ExceptionRecord = {
  threadId: number;
  code: number;
  flags: number;
  address: bigint;
  /** As many as the record says there are, at most 15. */
  information: bigint[];
  context: ContextRange | null;
};

const RECORD_BYTES = 168;
const MAX_PARAMETERS = 15;

export function readException(dump: Minidump): ExceptionRecord | null {
  return dump.warnings.guard<ExceptionRecord | null>(
    "Exception",
    () => {
      const c = dump.stream("exception", RECORD_BYTES);
      if (!c) return null;
      const threadId = c.u32();
      c.skip(4);
      const code = c.u32();
      const flags = c.u32();
      c.skip(8);
      const address = c.u64();
      const stated = c.u32();
      c.skip(4);
      const parameters: bigint[] = [];
      for (let i = 0; i < MAX_PARAMETERS; i++) parameters.push(c.u64());
      const context = { size: c.u32(), offset: c.u32() };
      if (stated > MAX_PARAMETERS)
        dump.warnings.add("Exception", c.fileOffset, `says ${stated} parameters, there can be ${MAX_PARAMETERS}`);
      return {
        threadId,
        code,
        flags,
        address,
        information: parameters.slice(0, Math.min(stated, MAX_PARAMETERS)),
        context: context.size === 0 ? null : context,
      };
    },
    null,
  );
}

/** A sealed dump as core's byte source. For child processes, which may block. */
import { SealBroken, SealedFile } from "@salvage/blobs";
import { type ByteSource, checkRange, FormatError } from "@salvage/core";
import type { DumpInput } from "./tasks.ts";

/** Opens a sealed dump, lets `work` read it, and closes it. Throws FormatError when it is gone, damaged, or not of this crash. */
export function withDump<T>(dump: DumpInput, work: (source: ByteSource) => T): T {
  const sealed = openDump(dump);
  try {
    return work({
      size: sealed.size,
      read: (offset, length) => {
        checkRange(sealed.size, offset, length);
        return orFormatError(() => sealed.read(offset, length));
      },
    });
  } finally {
    sealed.close();
  }
}

function openDump({ path, dataKey, context }: DumpInput): SealedFile {
  try {
    return orFormatError(() => SealedFile.open(path, dataKey, context));
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT")
      throw new FormatError("minidump", null, "the stored dump is gone");
    throw error;
  }
}

/** What the seal says about a damaged dump is a verdict on the dump. */
function orFormatError<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof SealBroken) throw new FormatError("minidump", null, error.message);
    throw error;
  }
}

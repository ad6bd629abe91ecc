/**
 * A debug file of any kind opened to be asked directly, without a lookup file: for a laptop, and for a large upload whose lookup file is still
 * being made. It gives the answers that its lookup file would give, only more slowly the first time.
 */
import { openSym } from "../breakpad/sym-file.ts";
import type { ByteSource } from "../bytes/byte-source.ts";
import { FormatError } from "../bytes/format-error.ts";
import type { ImageFile } from "../symbolicate/symbolicate.ts";
import { objectKind } from "./identify.ts";
import { type OpenNamesOptions, openNames } from "./open-names.ts";
import { openUnwind } from "./open-unwind.ts";

/** Opens a debug file. Throws FormatError for content that is none, or that nothing can be read from. */
export function openDebugFile(source: ByteSource, options: OpenNamesOptions = {}): ImageFile {
  if (objectKind(source) === "breakpad") return { ...openSym(source), fromSym: true };
  const names = openNames(source, options)?.names ?? null;
  const rules = openUnwind(source, options.debugId ?? null, options.ports ?? null);
  const { unwind = null, windowsFrames = null, code = null } = rules ?? {};
  if (names === null && unwind === null && windowsFrames === null && code === null)
    throw new FormatError("debug file", null, "it has neither functions nor unwind rules");
  return { names, unwind, windowsFrames, code, hasLines: names?.hasLines ?? false, hasInlines: names?.hasInlines ?? false };
}

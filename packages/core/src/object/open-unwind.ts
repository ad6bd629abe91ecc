/**
 * Unwind rules of any binary, chosen by its content. One opener per format; what a format cannot give is null, never an error: an exe of
 * 32-bit Windows has its unwind data in the PDB.
 */
import type { ByteSource } from "../bytes/byte-source.ts";
import { FormatError } from "../bytes/format-error.ts";
import type { Ports } from "../bytes/ports.ts";
import { openElfCode } from "../elf/code.ts";
import { openElfUnwind } from "../elf/unwind.ts";
import { openMachOCode } from "../macho/code.ts";
import { openMachOUnwind } from "../macho/unwind.ts";
import { openPdbWindowsFrames } from "../pdb/windows-frames.ts";
import { openPeCode, openPeUnwind } from "../pe/open.ts";
import type { CodeLookup } from "../process-types.ts";
import type { UnwindSource, WindowsFrameSource } from "../unwind/rules.ts";
import { objectKind } from "./identify.ts";
import { refusal } from "./refusals.ts";
import type { ObjectKind } from "./verdict.ts";

/** What a binary tells about unwinding its code; `code` where it holds the code itself. */
export type OpenedUnwind = { unwind: UnwindSource | null; windowsFrames: WindowsFrameSource | null; code?: CodeLookup | null };

/** `debugId` chooses among the images of a universal file; null takes the first. */
type Opener = (source: ByteSource, debugId: string | null, ports: Ports | null) => OpenedUnwind;

const openers: Partial<Record<ObjectKind, Opener>> = {
  macho: (source, debugId) => ({ unwind: openMachOUnwind(source, debugId), windowsFrames: null, code: openMachOCode(source, debugId) }),
  elf: (source, _, ports) => ({ unwind: openElfUnwind(source, "file", ports), windowsFrames: null, code: openElfCode(source) }),
  pe: (source) => ({ unwind: openPeUnwind(source), windowsFrames: null, code: openPeCode(source) }),
  pdb: (source) => ({ unwind: null, windowsFrames: openPdbWindowsFrames(source) }),
};

/**
 * Opens the unwind rules of a binary; null when its format has none that are read this way (.sym files have openSym). Packed tables need
 * `ports`. Throws FormatError for content that is no debug file and for damaged headers.
 */
export function openUnwind(source: ByteSource, debugId: string | null = null, ports: Ports | null = null): OpenedUnwind | null {
  const kind = objectKind(source);
  if (kind === null) throw new FormatError("debug file", 0, refusal(source));
  return openers[kind]?.(source, debugId, ports) ?? null;
}

/** Which kind of debug file is this? Decided by content, never by name. */
import type { ByteSource } from "../bytes/byte-source.ts";
import { FormatError } from "../bytes/format-error.ts";
import { Magic } from "../macho/constants.ts";
import { machOSlices } from "../macho/headers.ts";
import { pdb7Magic } from "../pdb/msf.ts";
import { identifyBreakpad } from "./breakpad-identity.ts";
import { identifyElf } from "./elf-identity.ts";
import { identifyMachO } from "./macho-identity.ts";
import { identifyPdb } from "./pdb-identity.ts";
import { identifyPe } from "./pe-identity.ts";
import { refusal } from "./refusals.ts";
import type { ObjectKind, ObjectVerdict } from "./verdict.ts";

const headBytes = 64;

/** The format of a debug file; null for content that is none. Throws FormatError for a damaged fat Mach-O header. */
export function objectKind(source: ByteSource): ObjectKind | null {
  const head = source.read(0, Math.min(headBytes, source.size));
  if (startsWith(head, "MODULE ")) return "breakpad";
  if (startsWith(head, "\u007fELF")) return "elf";
  if (startsWith(head, pdb7Magic)) return "pdb";
  if (startsWith(head, "MZ")) return "pe";
  const word = head.length < 8 ? 0 : new DataView(head.buffer, head.byteOffset).getUint32(0, false);
  // Java classes share the magic of fat files, so what follows it decides.
  return machOMagics.includes(word) && machOSlices(source) !== null ? "macho" : null;
}

const machOMagics: readonly number[] = Object.values(Magic);

/**
 * Reads ids and features of a debug file; of a fat Mach-O file those of its first image. Of ELF, PE, PDB and Mach-O only tables of contents
 * are read; a .sym is scanned once. Throws FormatError for content that is no debug file, naming what it is where that is known, and for
 * damaged headers.
 */
export function identifyObject(source: ByteSource): ObjectVerdict {
  const [first, ...others] = identifyObjects(source);
  if (first === undefined) throw new FormatError("debug file", 0, "no images");
  if (others.length > 0) {
    const cpus = others.map(({ cpu }) => cpu ?? "unknown").join(", ");
    first.lacks.push(`the other architectures of this fat file (${cpus}): only its first, ${first.cpu ?? "unknown"}, is described`);
  }
  return first;
}

/** All images of a file: several for a fat Mach-O file, each with its own debug id, else one. Throws FormatError as identifyObject does. */
export function identifyObjects(source: ByteSource): ObjectVerdict[] {
  const kind = objectKind(source);
  if (kind === null) throw new FormatError("debug file", 0, refusal(source));
  try {
    return identifiers[kind](source);
  } catch (error) {
    // A source knows only that it was read past its end.
    if (!(error instanceof FormatError) || error.format !== "file") throw error;
    throw new FormatError(kindNames[kind], error.offset, `the file is cut off: ${error.reason}`);
  }
}

const identifiers: Readonly<Record<ObjectKind, (source: ByteSource) => ObjectVerdict[]>> = {
  breakpad: (source) => [identifyBreakpad(source)],
  elf: (source) => [identifyElf(source)],
  pdb: (source) => [identifyPdb(source)],
  pe: (source) => [identifyPe(source)],
  macho: identifyMachO,
};
const kindNames: Readonly<Record<ObjectKind, string>> = { breakpad: "breakpad", elf: "elf", pdb: "pdb", pe: "pe", macho: "mach-o" };

function startsWith(bytes: Uint8Array, text: string): boolean {
  if (bytes.length < text.length) return false;
  for (let i = 0; i < text.length; i++) if (bytes[i] !== text.charCodeAt(i)) return false;
  return true;
}

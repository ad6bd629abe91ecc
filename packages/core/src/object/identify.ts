/** Which kind of debug file is this? Decided by content, never by name. */
import type { ByteSource } from "../bytes/byte-source.ts";
import { FormatError } from "../bytes/format-error.ts";
import { pdb7Magic } from "../pdb/msf.ts";
import { identifyBreakpad } from "./breakpad-identity.ts";
import { identifyElf } from "./elf-identity.ts";
import { identifyFatMachO, identifyMachO, maxFatSlices } from "./macho-identity.ts";
import { identifyPdb, pdb2Magic } from "./pdb-identity.ts";
import { identifyPe } from "./pe-identity.ts";
import type { ObjectVerdict } from "./verdict.ts";

const headBytes = 64;

/**
 * Reads ids and features of a debug file. Of ELF, PE, PDB and Mach-O only tables of contents are read; a .sym is scanned once.
 * Throws FormatError for content that is no debug file, naming what it is where that is known, and for damaged headers.
 */
export function identifyObject(source: ByteSource): ObjectVerdict {
  const head = source.read(0, Math.min(headBytes, source.size));
  if (startsWith(head, "MODULE ")) return identifyBreakpad(source);
  if (startsWith(head, "\u007fELF")) return identifyElf(source);
  if (startsWith(head, pdb7Magic)) return identifyPdb(source);
  if (startsWith(head, "MZ")) return identifyPe(source);
  const word = head.length < 8 ? 0 : new DataView(head.buffer, head.byteOffset).getUint32(0, false);
  if (word === 0xfeedface || word === 0xfeedfacf || word === 0xcefaedfe || word === 0xcffaedfe) return identifyMachO(source);
  if (word === 0xcafebabf) return identifyFatMachO(source, true);
  if (word === 0xcafebabe && new DataView(head.buffer, head.byteOffset).getUint32(4, false) <= maxFatSlices)
    return identifyFatMachO(source, false);
  throw new FormatError("debug file", 0, refusal(head));
}

function startsWith(bytes: Uint8Array, text: string): boolean {
  if (bytes.length < text.length) return false;
  for (let i = 0; i < text.length; i++) if (bytes[i] !== text.charCodeAt(i)) return false;
  return true;
}

function refusal(head: Uint8Array): string {
  if (head.length === 0) return "the file is empty";
  if (startsWith(head, "MDMP")) return "a minidump, not a debug file: post it to the project's minidump URL";
  if (startsWith(head, "SALVSYMC")) return "a lookup file of ours, not a debug file: upload the file it was made from";
  if (startsWith(head, "BSJB")) return "a portable PDB (.NET), which is not supported";
  if (startsWith(head, "\0asm")) return "a WebAssembly file, which is not supported";
  if (startsWith(head, pdb2Magic)) return "a PDB of the old 2.00 format, which is not supported";
  if (startsWith(head, "PK\u0003\u0004")) return "a zip archive, not a debug file";
  if (startsWith(head, "\u001f\u008b")) return "a gzip file, not a debug file: unpack it first";
  if (startsWith(head, "!<arch>\n")) return "a static library, not a linked image";
  return "unknown content: neither Breakpad symbols nor ELF, PE, PDB or Mach-O";
}

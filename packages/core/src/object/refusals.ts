/**
 * Content that is no debug file we read, named in words. Formats that we may read one day are given their id, so that a person can tell the file:
 *
 *   WebAssembly    "\0asm", version u32, sections { id u8, bytes ULEB128, … }; a custom section (id 0) named "build_id" holds bytes ULEB128, id
 *   portable PDB   "BSJB", 8 bytes, version length u32, version, flags u16, streams u16, { offset u32, bytes u32, name padded to 4 }; the
 *                  stream "#Pdb" starts with the id: GUID, stamp u32
 */
import type { ByteSource } from "../bytes/byte-source.ts";
import { Cursor } from "../bytes/cursor.ts";
import { FormatError } from "../bytes/format-error.ts";
import { decodeUtf8, toHex } from "../bytes/text.ts";
import { uleb } from "../dwarf/leb128.ts";
import { guidFromBytes } from "../ids/debug-id.ts";
import { pdb2Magic } from "./pdb-identity.ts";

const headBytes = 64;
const maxSections = 256;
const maxNameBytes = 64;
const maxIdBytes = 64;
const maxStreams = 16;
const maxMetadataBytes = 4096;

const refusals: readonly (readonly [start: string, reason: string])[] = [
  ["MDMP", "a minidump, not a debug file: post it to the project's minidump URL"],
  ["SALVSYMC", "a lookup file of ours, not a debug file: upload the file it was made from"],
  [pdb2Magic, "a PDB of the old 2.00 format, which is not supported"],
  ["SYSB", "a source bundle, which is not supported"],
  ["PK\u0003\u0004", "a zip archive, not a debug file"],
  ["\u001f\u008b", "a gzip file, not a debug file: unpack it first"],
  ["!<arch>\n", "a static library, not a linked image"],
  ["BC\u00c0\u00de", "LLVM bitcode, not machine code: upload what the linker made of it"],
];

/** Why the content is refused. */
export function refusal(source: ByteSource): string {
  const head = source.read(0, Math.min(headBytes, source.size));
  if (head.length === 0) return "the file is empty";
  if (startsWith(head, "\0asm")) return `a WebAssembly file${idText(() => wasmId(source))}, which is not supported`;
  if (startsWith(head, "BSJB")) return `a portable PDB (.NET)${idText(() => portablePdbId(source))}, which is not supported`;
  for (const [start, reason] of refusals) if (startsWith(head, start)) return reason;
  const cpu = coffCpu(source, head);
  if (cpu !== null) return `an object file of the compiler (COFF, ${cpu}), not a linked image: upload the exe or dll and its PDB`;
  return "unknown content: neither Breakpad symbols nor ELF, PE, PDB or Mach-O";
}

function startsWith(bytes: Uint8Array, text: string): boolean {
  if (bytes.length < text.length) return false;
  for (let i = 0; i < text.length; i++) if (bytes[i] !== text.charCodeAt(i)) return false;
  return true;
}

const coffMachines: Readonly<Record<number, string>> = { 332: "x86", 452: "arm", 34404: "amd64", 43620: "arm64" };
const coffHeaderBytes = 20;
const maxCoffSections = 0x7fff;

/** The processor of an object file, in the small form (machine first) or the large one ("\0\0", 0xffff, version from 2 on, machine); null for others. */
function coffCpu(source: ByteSource, head: Uint8Array): string | null {
  if (head.length < coffHeaderBytes) return null;
  const view = new DataView(head.buffer, head.byteOffset, head.length);
  const u16 = (at: number) => view.getUint16(at, true);
  if (u16(0) === 0 && u16(2) === 0xffff && u16(4) >= 2) return coffMachines[u16(6)] ?? null;
  const [sections, symbolsAt, optionalHeaderBytes] = [u16(2), view.getUint32(8, true), u16(16)];
  const isPlausible = sections > 0 && sections <= maxCoffSections && symbolsAt <= source.size && optionalHeaderBytes === 0;
  return isPlausible ? (coffMachines[u16(0)] ?? null) : null;
}

function idText(read: () => string | null): string {
  try {
    const id = read();
    return id === null ? "" : ` (id ${id})`;
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    return "";
  }
}

function wasmId(source: ByteSource): string | null {
  let at = 8;
  for (let i = 0; i < maxSections && at < source.size; i++) {
    const head = new Cursor(source.read(at, Math.min(maxNameBytes + maxIdBytes, source.size - at)), "wasm: section", at);
    const isCustom = head.u8() === 0;
    const size = uleb(head);
    const end = head.fileOffset + size;
    if (isCustom) {
      const nameLength = uleb(head);
      if (nameLength <= maxNameBytes && decodeUtf8(head.bytes(nameLength)) === "build_id")
        return toHex(head.bytes(Math.min(uleb(head), maxIdBytes)));
    }
    at = end;
  }
  return null;
}

function portablePdbId(source: ByteSource): string | null {
  const head = new Cursor(source.read(0, Math.min(maxMetadataBytes, source.size)), "portable pdb: header");
  head.seek(12);
  head.skip(head.u32() + 2);
  const streams = head.u16();
  for (let i = 0; i < Math.min(streams, maxStreams); i++) {
    const offset = head.u32();
    head.skip(4);
    const start = head.pos;
    let length = 0;
    while (head.u8() !== 0) length++;
    head.seek(start);
    const name = decodeUtf8(head.bytes(length));
    head.seek(start + Math.ceil((length + 1) / 4) * 4);
    if (name === "#Pdb") return guidFromBytes(source.read(offset, 16), true);
  }
  return null;
}

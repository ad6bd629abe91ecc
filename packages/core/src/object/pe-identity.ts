/** Identity of a PE file (exe, dll): code id from its header, debug id and PDB name from its CodeView record, what it has. */
import type { ByteSource } from "../bytes/byte-source.ts";
import { Cursor } from "../bytes/cursor.ts";
import { baseName, decodeUtf8 } from "../bytes/text.ts";
import { debugLinkName } from "../dwarf/companions.ts";
import { normalizeCodeId, peCodeId } from "../ids/code-id.ts";
import { guidFromBytes, normalizeDebugId } from "../ids/debug-id.ts";
import { directoryDebug, directoryExceptions, directoryExports, PeImage } from "../pe/image.ts";
import type { ObjectVerdict } from "./verdict.ts";

const maxPdbNameBytes = 4096;
const maxDebugEntries = 256;
const debugEntryBytes = 28;
const debugTypeCodeView = 2;
/** Minor version of a CodeView entry that names a portable PDB ("PM"). */
const portablePdbVersion = 0x504d;

const machines: Readonly<Record<number, string>> = {
  332: "x86" /* 0x014c */,
  448: "arm" /* 0x01c0 */,
  452: "arm" /* 0x01c4, Thumb */,
  34404: "amd64" /* 0x8664 */,
  43620: "arm64" /* 0xaa64 */,
};

export function identifyPe(source: ByteSource): ObjectVerdict {
  const image = new PeImage(source);
  const { timestamp, sizeOfImage } = image;
  const codeView = readCodeView(image);
  const cpu = machines[image.machine] ?? null;
  const verdict: ObjectVerdict = {
    kind: "pe",
    name: codeView === null || codeView.pdbName === "" ? null : codeView.pdbName,
    codeFile: null,
    debugId: codeView?.debugId ?? null,
    codeId: timestamp === 0 && sizeOfImage === 0 ? null : normalizeCodeId(peCodeId(timestamp, sizeOfImage)),
    cpu,
    os: "windows",
    features: [],
    convertible: false,
    lacks: [],
  };
  if (image.directory(directoryExports) !== null || (image.symbols?.count ?? 0) > 0) verdict.features.push("symbols");
  if (image.sectionBytes(".debug_info") !== null || image.sectionBytes(".zdebug_info") !== null) verdict.features.push("lines", "inlines");
  else verdict.lacks.push(`debug information: ${whereDebugIs(image, verdict.name)}`);
  if (image.directory(directoryExceptions) !== null && (cpu === "amd64" || cpu === "arm64")) verdict.features.push("unwind");
  else verdict.lacks.push(cpu === "x86" ? "unwind data: for 32-bit x86 it is in the PDB" : "unwind data: no exception directory");
  if (codeView === null) verdict.lacks.push("a debug id: linked without /DEBUG");
  verdict.convertible = (verdict.debugId ?? verdict.codeId) !== null && verdict.features.length > 0;
  return verdict;
}

function whereDebugIs(image: PeImage, pdbName: string | null): string {
  const link = debugLinkName(image.sectionBytes(".gnu_debuglink")?.bytes ?? null);
  return link === null ? `it is in the PDB${pdbName === null ? "" : ` ${pdbName}`}` : `it is in ${link}`;
}

function readCodeView(image: PeImage): { debugId: string | null; pdbName: string } | null {
  const directory = image.directory(directoryDebug);
  if (directory === null) return null;
  const count = Math.min(Math.floor(directory.size / debugEntryBytes), maxDebugEntries);
  const cursor = new Cursor(image.upTo(directory.address, debugEntryBytes * count), "pe: debug directory");
  while (cursor.left >= debugEntryBytes) {
    cursor.skip(4);
    const stamp = cursor.u32();
    cursor.skip(2);
    const minorVersion = cursor.u16();
    const type = cursor.u32();
    const size = cursor.u32();
    cursor.skip(4);
    const offset = cursor.u32();
    if (type !== debugTypeCodeView || size < 24) continue;
    const record = new Cursor(image.source.read(offset, Math.min(size, maxPdbNameBytes)), "pe: CodeView record", offset);
    const signature = record.u32();
    if (signature === 0x53445352) {
      const guid = guidFromBytes(record.bytes(16), true);
      const age = record.u32();
      const printedAge = (minorVersion === portablePdbVersion ? stamp : age).toString(16);
      return { debugId: normalizeDebugId(guid + printedAge), pdbName: baseName(decodeUtf8(record.bytes(record.left))) };
    }
    if (signature === 0x3031424e) {
      record.skip(4);
      const timestamp = record.u32().toString(16).padStart(8, "0");
      const age = record.u32().toString(16);
      return { debugId: normalizeDebugId(timestamp + age), pdbName: baseName(decodeUtf8(record.bytes(record.left))) };
    }
  }
  return null;
}

/** Identity of a Mach-O file, binary or dSYM, each image of a fat file by itself: UUID, CPU, what it has. */
import type { ByteSource } from "../bytes/byte-source.ts";
import { FormatError } from "../bytes/format-error.ts";
import { normalizeDebugId } from "../ids/debug-id.ts";
import { type MachOFile, machOSlices, openMachOFile, sectionNamed } from "../macho/headers.ts";
import { unlinkedObjectFile } from "../macho/symbols.ts";
import { cutOff, type ObjectVerdict } from "./verdict.ts";

/** One verdict per image, in the order of the file. Throws FormatError for damaged headers. */
export function identifyMachO(source: ByteSource): ObjectVerdict[] {
  const slices = machOSlices(source) ?? [];
  if (slices.length === 0) throw new FormatError("mach-o: header", 0, "no images");
  return slices.map((slice) => {
    const file = openMachOFile(source, slice);
    if (file === null) throw new FormatError("mach-o: header", slice.offset, "slice has no Mach-O magic");
    return verdictOf(file);
  });
}

function verdictOf(file: MachOFile): ObjectVerdict {
  const verdict: ObjectVerdict = {
    kind: "macho",
    name: null,
    codeFile: null,
    debugId: file.uuid === null ? null : normalizeDebugId(`${file.uuid}0`),
    codeId: file.uuid?.toLowerCase() ?? null,
    cpu: file.cpu,
    os: file.os ?? "macos",
    features: [],
    convertible: false,
    lacks: [],
  };
  const has = (...names: string[]) => names.some((name) => sectionNamed(file, name) !== null);
  if (file.isObjectFile) verdict.lacks.push("a linked image: this is an object file of the compiler");
  if ((file.symbols?.count ?? 0) > 0) verdict.features.push("symbols");
  else verdict.lacks.push("a symbol table");
  if (has("__debug_info", "__zdebug_info")) verdict.features.push("lines", "inlines");
  else verdict.lacks.push(`debug information: ${whereDebugIs(file)}`);
  if (has("__unwind_info", "__eh_frame", "__debug_frame")) verdict.features.push("unwind");
  else verdict.lacks.push("unwind data: it is in the binary");
  if (file.uuid === null) verdict.lacks.push("a UUID, so no crash can ever match the file");
  const isCutOff = file.statedSize > file.bytes.size;
  if (isCutOff) verdict.lacks.unshift(cutOff(file.bytes.size, file.statedSize));
  verdict.convertible = !isCutOff && !file.isObjectFile && verdict.debugId !== null && verdict.features.length > 0;
  return verdict;
}

/** A symbol table that is damaged is no reason to refuse the file. */
function whereDebugIs(file: MachOFile): string {
  try {
    const objectFile = unlinkedObjectFile(file);
    if (objectFile !== null) return `it is in object files that were not linked (${objectFile} …): run dsymutil and upload the dSYM`;
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
  }
  return "it is in the dSYM";
}

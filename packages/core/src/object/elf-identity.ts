/**
 * Identity of an ELF file: build id, CPU, which kinds of data it has. Headers, notes and the start of a table are read.
 *
 * The stripped binary and its debug file share the build id and are told apart by content: sections that were moved out are SHT_NOBITS.
 */
import type { ByteSource } from "../bytes/byte-source.ts";
import { toHex } from "../bytes/text.ts";
import { debugLinkName, supplementaryFile } from "../dwarf/companions.ts";
import { namesSplitFiles } from "../dwarf/split-marks.ts";
import { hasDebugSection } from "../elf/debug-sections.ts";
import { type ElfFile, namedSection, openElf, storedBytes } from "../elf/elf-file.ts";
import { foldedText, readBuildId } from "../elf/notes.ts";
import { segmentArmExidx, segmentEhFrame, typeCore, typeRelocatable } from "../elf/records.ts";
import { exportsCode } from "../elf/symbols.ts";
import { debugIdFromBuildId } from "../ids/debug-id.ts";
import { cutOff, type ObjectVerdict } from "./verdict.ts";

export function identifyElf(source: ByteSource): ObjectVerdict {
  const file = openElf(source);
  const has = (...names: string[]) => file.sections.some((section) => names.includes(section.name) && storedBytes(file, section) !== null);
  const verdict: ObjectVerdict = {
    kind: "elf",
    name: null,
    codeFile: null,
    debugId: null,
    codeId: null,
    cpu: file.cpu,
    os: has(".note.android.ident") ? "android" : "linux",
    features: [],
    convertible: false,
    lacks: [],
  };
  const refusal = refusalOf(file, has);
  if (refusal !== null) verdict.lacks.push(refusal);
  addIds(file, verdict);
  if (has(".symtab")) verdict.features.push("symbols");
  else addFewSymbols(file, has, verdict);
  addDebug(file, verdict);
  if (has(".eh_frame", ".debug_frame", ".zdebug_frame", ".ARM.exidx") || hasUnwindSegment(file)) verdict.features.push("unwind");
  else verdict.lacks.push("unwind tables");
  if (file.sectionHeadersEnd > source.size) verdict.lacks.unshift(cutOff(source.size, file.sectionHeadersEnd));
  verdict.convertible = refusal === null && verdict.debugId !== null && verdict.features.length > 0;
  return verdict;
}

/** Tables of a file whose section headers were cut off. */
function hasUnwindSegment({ sections, segments }: ElfFile): boolean {
  return sections.length <= 1 && segments.some(({ type, size }) => (type === segmentEhFrame || type === segmentArmExidx) && size > 0);
}

type Has = (...names: string[]) => boolean;

function refusalOf(file: ElfFile, has: Has): string | null {
  if (has(".debug_cu_index")) return "the program itself: this package of split debug information (.dwp) is read together with it";
  if (has(".debug_info.dwo", ".zdebug_info.dwo") && !hasDebugSection(file, "info"))
    return "the program itself: this split debug information (.dwo) is read together with it";
  if (file.fileType === typeRelocatable) return "a linked image: this is an object file of the compiler";
  return file.fileType === typeCore ? "a program: this is a core dump" : null;
}

function addIds(file: ElfFile, verdict: ObjectVerdict): void {
  const buildId = readBuildId(file);
  if (buildId !== null) {
    verdict.codeId = toHex(buildId);
    verdict.debugId = debugIdFromBuildId(buildId, file.littleEndian);
    return;
  }
  verdict.lacks.push("a build id: link with --build-id");
  const folded = file.fileType === typeRelocatable ? null : foldedText(file);
  if (folded !== null) verdict.debugId = debugIdFromBuildId(folded, file.littleEndian);
}

/** Of a stripped file. */
function addFewSymbols(file: ElfFile, has: Has, verdict: ObjectVerdict): void {
  const hasPacked = has(".gnu_debugdata");
  if (hasPacked || exportsCode(file)) verdict.features.push("symbols");
  if (!hasPacked) verdict.lacks.push("names of functions that are not exported: stripped");
}

function addDebug(file: ElfFile, verdict: ObjectVerdict): void {
  if (!hasDebugSection(file, "info")) {
    const link = debugLinkName(namedSection(file, ".gnu_debuglink"));
    const where = link === null ? "stripped, or built without -g" : `it is in ${link}`;
    verdict.lacks.push(`debug information: ${where}`);
    return;
  }
  verdict.features.push("lines", "inlines");
  const abbreviations = namedSection(file, ".debug_abbrev");
  if (abbreviations !== null && namesSplitFiles(abbreviations)) {
    verdict.lacks.push("names of inlined functions: they are in .dwo files or a .dwp, which are read together with this file");
  }
  const supplementary = supplementaryFile(namedSection(file, ".gnu_debugaltlink"), namedSection(file, ".debug_sup"));
  if (supplementary !== null)
    verdict.lacks.push(`some names: they are in the supplementary file ${supplementary.name}, which is read together with this file`);
}

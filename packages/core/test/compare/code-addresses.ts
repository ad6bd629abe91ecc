/** Addresses spread over all code of a binary, image-relative: each place where our own reading may change is as good as any other. */
import { readFileSync } from "node:fs";
import { elfDwarfSections } from "../../src/elf/debug-sections.ts";
import { openElf } from "../../src/elf/elf-file.ts";
import { BufferSource, objectKind } from "../../src/index.ts";
import { machODwarfSections } from "../../src/macho/debug-sections.ts";
import { chooseMachO } from "../../src/macho/headers.ts";
import { peDwarfSections } from "../../src/pe/debug-sections.ts";
import { PeImage } from "../../src/pe/image.ts";

export function codeAddresses(path: string, maxCount: number): number[] {
  const ranges = codeRanges(path);
  const bytes = ranges.reduce((sum, { start, end }) => sum + end - start, 0);
  const step = Math.max(1, Math.ceil(bytes / maxCount));
  return ranges.flatMap(({ start, end }) => Array.from({ length: Math.ceil((end - start) / step) }, (_, i) => start + i * step));
}

function codeRanges(path: string): readonly { start: number; end: number }[] {
  const source = new BufferSource(readFileSync(path));
  const kind = objectKind(source);
  if (kind === "elf") {
    const file = openElf(source);
    // An object file's sections all start at 0: one of them is asked for.
    const text = file.sections.find(({ name }) => name === ".text");
    return elfDwarfSections(file, null).codeRanges ?? [{ start: 0, end: text?.size ?? 0 }];
  }
  if (kind === "pe") return peDwarfSections(new PeImage(source), null).codeRanges ?? [];
  const file = kind === "macho" ? chooseMachO(source, null) : null;
  return file === null ? [] : (machODwarfSections(file, null).codeRanges ?? []);
}

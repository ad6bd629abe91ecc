/** Words for what a debug file is and has, the same on every page. Pure. */
import type { DebugFileFeature, DebugFileKind } from "@salvage/contracts";

export const kindNames: Readonly<Record<DebugFileKind, string>> = {
  breakpad: "Breakpad",
  elf: "ELF",
  pe: "PE",
  pdb: "PDB",
  macho: "Mach-O",
  sourcebundle: "Sources",
};

/** In the order they are shown; "names" is what people call symbols. */
export const featureNames: readonly (readonly [DebugFileFeature, string])[] = [
  ["symbols", "names"],
  ["lines", "lines"],
  ["inlines", "inlines"],
  ["unwind", "unwind"],
];

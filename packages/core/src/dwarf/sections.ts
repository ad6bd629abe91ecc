/**
 * What a container (ELF, PE, Mach-O) gives to the readers of DWARF: sections by name, and how the file counts addresses. Readers here never
 * see a file.
 */
import type { ByteSource } from "../bytes/byte-source.ts";

/** Section names without ".debug_", "__debug_" or ".zdebug_", and without ".dwo": a split file's .debug_info.dwo is its "info". */
export type DwarfSectionName =
  | "abbrev"
  | "addr"
  | "aranges"
  | "cu_index"
  | "frame"
  | "info"
  | "line"
  | "line_str"
  | "loc"
  | "loclists"
  | "ranges"
  | "rnglists"
  | "str"
  | "str_offsets"
  | "sup"
  | "tu_index"
  | "types";

/** A section's contents, unpacked and with relocations applied. Read by ranges. */
export type SectionBytes = ByteSource;

export type DwarfSections = {
  /** Null when the file has none. Asked once for each name; the answer stays valid as long as the names are used. */
  section(name: DwarfSectionName): SectionBytes | null;
  littleEndian: boolean;
  addressBytes: 4 | 8;
  /** Address that the file states for image-relative address 0. */
  imageBase: bigint;
  /**
   * Image-relative extents of executable sections, in any order. Code outside is what a linker dropped and left described. Null when the
   * container cannot tell.
   */
  codeRanges: readonly { start: number; end: number }[] | null;
};

/** A unit whose names lie in a split file, as its skeleton states it. */
export type SplitUnit = {
  dwoId: bigint;
  /** Name of the .dwo file, usually relative to the directory. */
  name: string | null;
  directory: string | null;
};

export type DwarfOptions = {
  /** The file that .gnu_debugaltlink or .debug_sup names. */
  supplementary?: DwarfSections;
  /** Finds the split file of a unit: a .dwo, or what openDwp gives for its id. Asked when the unit is first touched. */
  split?: (unit: SplitUnit) => DwarfSections | null;
};

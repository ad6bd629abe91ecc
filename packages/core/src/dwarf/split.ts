/**
 * Split units found: a skeleton in the main file names a .dwo file by name and 64-bit id; a .dwp package holds many such files, by id.
 *
 * A package's .debug_cu_index (and .debug_tu_index for type units):
 *
 *   u32 version 2 (GNU, for DWARF 4), or u16 version 5 and u16 0; u32 columns, u32 units, u32 slots
 *   slots × u64 id, slots × u32 row (from 1; 0 = free)                 a hash table
 *   columns × u32 section id, then units × columns × u32 offset, then units × columns × u32 size
 *
 * Strings are shared by all units of a package; every other section of a unit is a part of the package's.
 */
import { FormatError } from "../bytes/format-error.ts";
import { SliceSource } from "../bytes/slice-source.ts";
import { SectionBlocks } from "./blocks.ts";
import type { DwarfSectionName, DwarfSections, SectionBytes } from "./sections.ts";

const indexBudget = 4 << 20;
const maxColumns = 16;
const maxUnits = 1 << 24;

const columns2: readonly (DwarfSectionName | null)[] = [null, "info", "types", "abbrev", "line", "loc", "str_offsets"];
const columns5: readonly (DwarfSectionName | null)[] = [null, "info", null, "abbrev", "line", "loclists", "str_offsets", null, "rnglists"];

/** The split files of a package, by id. */
export type DwarfPackage = {
  unitCount: number;
  /** Sections of the split file with an id, null when the package does not hold it. */
  find(dwoId: bigint): DwarfSections | null;
};

/** Opens a .dwp. Throws FormatError when its index is damaged. */
export function openDwp(sections: DwarfSections): DwarfPackage {
  const index = sections.section("cu_index");
  if (index === null) throw new FormatError("dwarf: .debug_cu_index", null, "is missing");
  const blocks = new SectionBlocks(index, "cu_index", sections.littleEndian, indexBudget);
  const version = blocks.u32(0) === 2 ? 2 : blocks.u16(0);
  if (version !== 2 && version !== 5) blocks.fail(0, `version ${version} is unknown`);
  const columnCount = blocks.u32(4);
  const unitCount = blocks.u32(8);
  const slots = blocks.u32(12);
  const ids = 16;
  const rows = ids + slots * 8;
  const columnIds = rows + slots * 4;
  const offsets = columnIds + columnCount * 4;
  const sizes = offsets + unitCount * columnCount * 4;
  if (columnCount > maxColumns || unitCount > maxUnits || sizes + unitCount * columnCount * 4 > index.size) {
    blocks.fail(4, `${unitCount} units in ${slots} slots with ${columnCount} columns do not fit`);
  }
  if (slots !== 0 && (slots & (slots - 1)) !== 0) blocks.fail(12, `${slots} slots are no power of two`);
  const known = version === 2 ? columns2 : columns5;
  const columns = Array.from({ length: columnCount }, (_, i) => known[blocks.u32(columnIds + i * 4)] ?? null);

  /** Row of an id, by the table's own double hashing; -1 when it is not there. */
  const rowOf = (id: bigint): number => {
    if (slots === 0) return -1;
    const mask = slots - 1;
    let slot = Number(BigInt.asUintN(32, id)) & mask;
    const step = (Number(BigInt.asUintN(32, id >> 32n)) & mask) | 1;
    for (let i = 0; i < slots; i++) {
      const row = blocks.u32(rows + slot * 4);
      if (row === 0) return -1;
      if (blocks.u64(ids + slot * 8) === id) return row <= unitCount ? row - 1 : -1;
      slot = (slot + step) & mask;
    }
    return -1;
  };

  return {
    unitCount,
    find(dwoId) {
      const row = rowOf(dwoId);
      if (row < 0) return null;
      const parts = new Map<DwarfSectionName, SectionBytes>();
      columns.forEach((name, column) => {
        const whole = name === null ? null : sections.section(name);
        if (name === null || whole === null) return;
        const at = (row * columnCount + column) * 4;
        const offset = blocks.u32(offsets + at);
        const size = blocks.u32(sizes + at);
        if (size > 0) parts.set(name, new SliceSource(whole, offset, size));
      });
      return { ...plain(sections), section: (name) => (name === "str" ? sections.section("str") : (parts.get(name) ?? null)) };
    },
  };
}

function plain({ littleEndian, addressBytes, imageBase, codeRanges }: DwarfSections): Omit<DwarfSections, "section"> {
  return { littleEndian, addressBytes, imageBase, codeRanges };
}

/** The sections of one file with DWARF: parts of them in memory, tables of abbreviations, units by offset. */
import type { ByteSource } from "../bytes/byte-source.ts";
import { F64Column } from "../bytes/columns.ts";
import { FormatError } from "../bytes/format-error.ts";
import type { DamageLog } from "../names/damage.ts";
import { Abbreviations, parseAbbreviations } from "./abbreviations.ts";
import type { AddressSpace } from "./addresses.ts";
import { SectionBlocks } from "./blocks.ts";
import { UnitType } from "./constants.ts";
import { EntryReader } from "./entries.ts";
import type { DwarfSectionName, DwarfSections } from "./sections.ts";
import { readUnitHeader, Unit, type UnitHeader } from "./units.ts";

/** Bytes of each section kept in memory for scattered reads. Strings of all units lie mixed in one section. */
const blockBudget: Partial<Record<DwarfSectionName, number>> = { str: 32 << 20, info: 8 << 20, types: 4 << 20 };
const otherBudget = 2 << 20;
/** Attributes of all tables kept, in some tens of megabytes; real tables have some hundreds each. */
const maxKeptAttributes = 1 << 20;
const maxOpenUnits = 128;
const firstTableBytes = 32 << 10;
const maxTableBytes = 16 << 20;
/** A root entry is rarely longer. */
const rootBytes = 512;

/** Offsets of units in one section, ascending. */
type UnitOffsets = { offset: Float64Array; end: number };

export class DwarfFile {
  readonly littleEndian: boolean;
  readonly addresses: AddressSpace;
  readonly damage: DamageLog;
  /** Asked when a reference leads into the supplementary file; notes that it was missing. */
  readonly supplementary: () => DwarfFile | null;
  readonly #sections: DwarfSections;
  readonly #sharedStrings: Map<ByteSource, SectionBlocks>;
  readonly #blocks = new Map<DwarfSectionName, SectionBlocks | null>();
  readonly #tables = new Map<string, Abbreviations>();
  #keptAttributes = 0;
  readonly #units = new Map<string, Unit>();
  readonly #offsets = new Map<string, UnitOffsets>();
  readonly #reader = new EntryReader();
  #typeUnits: Map<bigint, { types: boolean; offset: number }> | null = null;

  /** `sharedStrings`: strings of a package, which all its units share. */
  constructor(
    sections: DwarfSections,
    addresses: AddressSpace,
    damage: DamageLog,
    supplementary: () => DwarfFile | null,
    sharedStrings: Map<ByteSource, SectionBlocks> = new Map(),
  ) {
    this.#sections = sections;
    this.#sharedStrings = sharedStrings;
    this.littleEndian = sections.littleEndian;
    this.addresses = addresses;
    this.damage = damage;
    this.supplementary = supplementary;
  }

  blocks(name: DwarfSectionName): SectionBlocks | null {
    const known = this.#blocks.get(name);
    if (known !== undefined) return known;
    const source = this.#sections.section(name);
    let blocks = source === null ? null : (this.#sharedStrings.get(source) ?? null);
    if (source !== null && blocks === null) {
      blocks = new SectionBlocks(source, name, this.littleEndian, blockBudget[name] ?? otherBudget);
      if (name === "str") this.#sharedStrings.set(source, blocks);
    }
    this.#blocks.set(name, blocks);
    return blocks;
  }

  /** Offsets of all units of .debug_info or .debug_types that can be found. */
  unitOffsets(section: "info" | "types"): UnitOffsets {
    const known = this.#offsets.get(section);
    if (known !== undefined) return known;
    const blocks = this.blocks(section);
    const offsets = new F64Column();
    let at = 0;
    if (blocks !== null) {
      try {
        while (at < blocks.size) {
          const header = readUnitHeader(blocks, at, section === "types");
          if (header.version !== 0) offsets.push(at);
          at = header.end;
        }
      } catch (error) {
        if (!(error instanceof FormatError)) throw error;
        this.damage.add(at, `${error.format}: ${error.reason}`);
      }
    }
    const result = { offset: offsets.view(), end: at };
    this.#offsets.set(section, result);
    return result;
  }

  /** The unit of .debug_info (or .debug_types) that holds an offset. Throws FormatError. */
  unitHolding(offset: number, section: "info" | "types"): Unit {
    const { offset: offsets } = this.unitOffsets(section);
    let low = 0;
    let high = offsets.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (offsets[middle]! <= offset) low = middle + 1;
      else high = middle;
    }
    if (low === 0) throw new FormatError(`dwarf: .debug_${section}`, offset, "no unit holds the entry");
    return this.unit(offsets[low - 1]!, section);
  }

  /** The unit at an offset, opened; remembered for a while. Throws FormatError. */
  unit(offset: number, section: "info" | "types" = "info", skeleton: Unit | null = null): Unit {
    const key = `${section}${offset}`;
    const known = this.#units.get(key);
    if (known !== undefined) return known;
    const blocks = this.blocks(section);
    if (blocks === null) throw new FormatError(`dwarf: .debug_${section}`, null, "is missing");
    const unit = this.openUnit(blocks, readUnitHeader(blocks, offset, section === "types"), skeleton);
    if (this.#units.size >= maxOpenUnits) {
      for (const oldest of this.#units.keys()) {
        this.#units.delete(oldest);
        break;
      }
    }
    this.#units.set(key, unit);
    return unit;
  }

  /** Opens a unit with all its abbreviations. */
  openUnit(blocks: SectionBlocks, header: UnitHeader, skeleton: Unit | null): Unit {
    if (header.version < 2 || header.version > 5) {
      throw new FormatError("dwarf: unit", header.offset, `version ${header.version} is unknown`);
    }
    if (header.addressBytes !== 8 && header.addressBytes !== 4 && header.addressBytes !== 2) {
      throw new FormatError("dwarf: unit", header.offset, `addresses of ${header.addressBytes} bytes`);
    }
    const unit = new Unit(this, blocks, header, this.#abbreviations(header), skeleton);
    if (!unit.isEmpty) this.readRoot(unit, this.#reader);
    return unit;
  }

  /** Reads a unit's root entry; `root` keeps its attributes. */
  readRoot(unit: Unit, root: EntryReader): void {
    const part = unit.blocks.read(unit.firstEntry, rootBytes);
    root.use(unit, part, unit.firstEntry);
    if (part.base + part.bytes.length >= unit.end) root.readHere();
    else root.read(unit, unit.firstEntry);
    unit.readRoot(root);
  }

  /** The type unit with a signature, by signature; null when there is none. */
  typeUnit(signature: bigint): Unit | null {
    if (this.#typeUnits === null) {
      this.#typeUnits = new Map();
      for (const section of ["info", "types"] as const) {
        const blocks = this.blocks(section);
        if (blocks === null) continue;
        for (const offset of this.unitOffsets(section).offset) {
          const header = readUnitHeader(blocks, offset, section === "types");
          if (header.type !== UnitType.type && header.type !== UnitType.splitType) continue;
          if (header.id !== null && !this.#typeUnits.has(header.id)) this.#typeUnits.set(header.id, { types: section === "types", offset });
        }
      }
    }
    const found = this.#typeUnits.get(signature);
    return found === undefined ? null : this.unit(found.offset, found.types ? "types" : "info");
  }

  #abbreviations(header: UnitHeader): Abbreviations {
    const { abbreviationsOffset: offset, addressBytes, offsetBytes } = header;
    const refAddrBytes = header.version === 2 ? addressBytes : offsetBytes;
    const key = `${offset} ${addressBytes} ${offsetBytes} ${refAddrBytes}`;
    const known = this.#tables.get(key);
    if (known !== undefined) return known;
    const blocks = this.blocks("abbrev");
    if (blocks === null) throw new FormatError("dwarf: .debug_abbrev", null, "is missing");
    let table: Abbreviations | null = null;
    for (let length = firstTableBytes; table === null; length *= 8) {
      const { bytes } = blocks.read(offset, length);
      const raw = parseAbbreviations(bytes, 0);
      if (typeof raw === "string") return blocks.fail(offset, raw);
      if (raw !== null) table = new Abbreviations(raw, { addressBytes, offsetBytes, refAddrBytes });
      else if (bytes.length < length || length > maxTableBytes) blocks.fail(offset, "abbreviations reach past the end");
    }
    this.#keptAttributes += table.attributeName.length + table.tag.length;
    if (this.#keptAttributes > maxKeptAttributes) {
      this.#tables.clear();
      this.#units.clear();
      this.#keptAttributes = table.attributeName.length + table.tag.length;
    }
    this.#tables.set(key, table);
    return table;
  }
}

/**
 * Units of .debug_info and .debug_types: a header, then a tree of entries whose root says what all others build on.
 *
 *   v2-4  length, u16 version, offset of abbreviations, u8 address size           [.debug_types: u64 signature, offset of the type]
 *   v5    length, u16 version, u8 unit type, u8 address size, offset of abbreviations
 *         [skeleton, split: u64 id] [type units: u64 signature, offset of the type]
 *
 * A length of 0xffffffff says that a 64-bit length follows and that all offsets of the unit take 8 bytes (DWARF64).
 */
import { FormatError } from "../bytes/format-error.ts";
import type { Abbreviations } from "./abbreviations.ts";
import type { AddressSpace } from "./addresses.ts";
import type { SectionBlocks } from "./blocks.ts";
import { Form, UnitType } from "./constants.ts";
import type { DwarfFile } from "./dwarf-file.ts";
import type { EntryReader } from "./entries.ts";
import { Slot } from "./slots.ts";

export type UnitHeader = {
  /** In its section; `end` is where the next unit starts. */
  offset: number;
  end: number;
  version: number;
  type: number;
  offsetBytes: 4 | 8;
  addressBytes: number;
  abbreviationsOffset: number;
  firstEntry: number;
  /** Id of a skeleton or split unit, signature of a type unit. */
  id: bigint | null;
  /** Entry of a type unit's type, as an offset of the section. */
  typeEntry: number;
};

const headerBytes = 48;

/** Reads the header at an offset. Throws FormatError when there is none: then nothing after it can be found. */
export function readUnitHeader(blocks: SectionBlocks, offset: number, inTypes: boolean): UnitHeader {
  const what = `dwarf: .debug_${blocks.name}`;
  const { view } = blocks.read(offset, headerBytes);
  const little = blocks.littleEndian;
  let at = 0;
  const need = (bytes: number) => {
    if (bytes > view.byteLength - at) throw new FormatError(what, offset, "unit header reaches past the end");
    at += bytes;
    return at - bytes;
  };
  const word = (bytes: 4 | 8) => {
    const value = bytes === 4 ? view.getUint32(need(4), little) : Number(view.getBigUint64(need(8), little));
    if (!Number.isSafeInteger(value)) throw new FormatError(what, offset, "value above 2^53");
    return value;
  };
  let length = word(4);
  const offsetBytes = length === 0xffffffff ? 8 : 4;
  if (offsetBytes === 8) length = word(8);
  else if (length >= 0xfffffff0) throw new FormatError(what, offset, `reserved unit length 0x${length.toString(16)}`);
  const end = offset + at + length;
  if (end > blocks.size) throw new FormatError(what, offset, `unit of ${length} bytes reaches past the end`);
  if (length < 7) return { ...noUnit, offset, end, firstEntry: end };
  const version = view.getUint16(need(2), little);
  if (version < 2 || version > 5) return { ...noUnit, offset, end, version, firstEntry: end };
  let type: number = inTypes ? UnitType.type : UnitType.compile;
  let abbreviationsOffset = 0;
  let addressBytes = 0;
  if (version >= 5) {
    type = view.getUint8(need(1));
    addressBytes = view.getUint8(need(1));
    abbreviationsOffset = word(offsetBytes);
  } else {
    abbreviationsOffset = word(offsetBytes);
    addressBytes = view.getUint8(need(1));
  }
  const isType = type === UnitType.type || type === UnitType.splitType;
  const hasId = isType || type === UnitType.skeleton || type === UnitType.splitCompile;
  const id = hasId ? view.getBigUint64(need(8), little) : null;
  const typeEntry = isType ? offset + word(offsetBytes) : 0;
  return { offset, end, version, type, offsetBytes, addressBytes, abbreviationsOffset, firstEntry: offset + at, id, typeEntry };
}

const noUnit: UnitHeader = {
  offset: 0,
  end: 0,
  version: 0,
  type: 0,
  offsetBytes: 4,
  addressBytes: 0,
  abbreviationsOffset: 0,
  firstEntry: 0,
  id: null,
  typeEntry: 0,
};

/** An opened unit: its header, its abbreviations and what its root entry states. */
export class Unit {
  readonly file: DwarfFile;
  readonly blocks: SectionBlocks;
  readonly abbreviations: Abbreviations;
  readonly addresses: AddressSpace;
  readonly offset: number;
  readonly end: number;
  readonly firstEntry: number;
  readonly version: number;
  readonly type: number;
  readonly littleEndian: boolean;
  readonly offsetBytes: 4 | 8;
  readonly addressBytes: number;
  readonly refAddrBytes: number;
  readonly typeEntry: number;
  /** What the root entry states; bases are offsets of their sections. */
  tag = 0;
  language = 0;
  producer = "";
  name: Uint8Array | null = null;
  directory: Uint8Array | null = null;
  lineTable: number | null = null;
  strOffsetsBase: number;
  addrBase = 0;
  rnglistsBase: number;
  rangesBase = 0;
  dwoName: Uint8Array | null = null;
  dwoId: bigint | null;
  /** Start of the unit's code, what range lists count from. */
  base = 0;
  /** Where a split unit's addresses and ranges stand: its skeleton; null for others. */
  readonly skeleton: Unit | null;

  constructor(file: DwarfFile, blocks: SectionBlocks, header: UnitHeader, abbreviations: Abbreviations, skeleton: Unit | null) {
    this.file = file;
    this.blocks = blocks;
    this.abbreviations = abbreviations;
    this.addresses = file.addresses;
    this.offset = header.offset;
    this.end = header.end;
    this.firstEntry = header.firstEntry;
    this.version = header.version;
    this.type = header.type;
    this.littleEndian = file.littleEndian;
    this.offsetBytes = header.offsetBytes;
    this.addressBytes = header.addressBytes;
    this.refAddrBytes = header.version === 2 ? header.addressBytes : header.offsetBytes;
    this.typeEntry = header.typeEntry;
    this.dwoId = header.id;
    this.skeleton = skeleton;
    // A split file's tables need no base attribute: each has one contribution, after its header.
    const tableHeader = header.offsetBytes === 8 ? 16 : 8;
    const listHeader = header.offsetBytes === 8 ? 20 : 12;
    this.strOffsetsBase = header.version >= 5 ? tableHeader : 0;
    this.rnglistsBase = listHeader;
    this.addrBase = header.version >= 5 ? tableHeader : 0;
  }

  /** Takes over what the root entry, just read, states. */
  readRoot(root: EntryReader): void {
    const offset = (slot: number) => (root.form[slot] === 0 ? null : root.value[slot]!);
    this.tag = root.tag;
    this.language = offset(Slot.language) ?? 0;
    this.lineTable = offset(Slot.statementList);
    this.strOffsetsBase = offset(Slot.strOffsetsBase) ?? this.strOffsetsBase;
    this.rnglistsBase = offset(Slot.rnglistsBase) ?? this.rnglistsBase;
    this.rangesBase = offset(Slot.gnuRangesBase) ?? 0;
    this.addrBase = offset(Slot.addrBase) ?? this.addrBase;
    this.name = this.string(root, Slot.name)?.slice() ?? null;
    this.directory = this.string(root, Slot.compDir)?.slice() ?? null;
    this.dwoName = this.string(root, Slot.dwoName)?.slice() ?? null;
    const producer = this.string(root, Slot.producer);
    this.producer = producer === null ? "" : String.fromCharCode(...producer.subarray(0, 16));
    if (root.form[Slot.dwoId] === Form.data8) this.dwoId = this.blocks.u64(root.place[Slot.dwoId]!);
    const { skeleton } = this;
    if (skeleton !== null) {
      this.addrBase = skeleton.addrBase;
      this.rangesBase = skeleton.rangesBase;
      this.base = skeleton.base;
      this.directory = skeleton.directory ?? this.directory;
      this.lineTable = skeleton.lineTable;
    }
    if (root.form[Slot.lowPc] !== 0) this.base = this.address(root, Slot.lowPc) ?? 0;
  }

  /** A header with no entry behind it, as linkers leave of units whose contents they dropped. */
  get isEmpty(): boolean {
    return this.firstEntry === this.end;
  }

  /** The section that the unit lies in. */
  get sectionName(): "info" | "types" {
    return this.blocks.name === "types" ? "types" : "info";
  }

  /** The file that holds the unit's .debug_addr, .debug_ranges and .debug_line. */
  get main(): DwarfFile {
    return this.skeleton?.file ?? this.file;
  }

  /** An address of .debug_addr, relative to the image. Throws FormatError. */
  indexedAddress(index: number): number {
    const blocks = this.main.blocks("addr");
    if (blocks === null) throw new FormatError("dwarf: .debug_addr", null, "is missing");
    const offset = this.addrBase + index * this.addressBytes;
    if (this.addressBytes === 8) {
      const first = blocks.u32(offset);
      const second = blocks.u32(offset + 4);
      return this.littleEndian ? this.addresses.fromHalves(first, second) : this.addresses.fromHalves(second, first);
    }
    return this.addresses.fromNumber(blocks.u32(offset));
  }

  /** The address in a slot of the entry read last; null when it holds none. */
  address(entry: EntryReader, slot: number): number | null {
    switch (entry.form[slot]) {
      case Form.addr:
        return entry.value[slot]!;
      case Form.addrx:
      case Form.addrx1:
      case Form.addrx2:
      case Form.addrx3:
      case Form.addrx4:
      case Form.gnuAddrIndex:
        return this.indexedAddress(entry.value[slot]!);
      default:
        return null;
    }
  }

  /** The string in a slot of the entry read last; null when it holds none that can be found. */
  string(entry: EntryReader, slot: number): Uint8Array | null {
    const form = entry.form[slot]!;
    return form === 0 ? null : this.stringOf(form, entry.value[slot]!);
  }

  /** The string that a form and its value stand for. `value`: an offset, an index, or the place of a string stored with the entry. */
  stringOf(form: number, value: number): Uint8Array | null {
    switch (form) {
      case Form.string:
        return this.blocks.string(value);
      case Form.strp:
        return this.file.blocks("str")?.string(value) ?? null;
      case Form.lineStrp:
        return this.file.blocks("line_str")?.string(value) ?? null;
      case Form.strpSup:
      case Form.gnuStrpAlt:
        return this.file.supplementary()?.blocks("str")?.string(value) ?? null;
      case Form.strx:
      case Form.strx1:
      case Form.strx2:
      case Form.strx3:
      case Form.strx4:
      case Form.gnuStrIndex: {
        const offsets = this.file.blocks("str_offsets");
        if (offsets === null) return null;
        return this.file.blocks("str")?.string(offsets.word(this.strOffsetsBase + value * this.offsetBytes, this.offsetBytes)) ?? null;
      }
      default:
        return null;
    }
  }
}

/**
 * Symbol tables of ELF: .symtab, .dynsym (without section headers through the dynamic segment), and the .symtab of the small ELF file that
 * .gnu_debugdata holds packed with xz.
 *
 *   32 bits   name u32, value u32, size u32, info u8, other u8, section u16       64 bits   name u32, info u8, other u8, section u16, value, size
 *
 * Read: functions, indirect functions and labels without a type, in sections that are executed. Seen in the wild:
 *   - ARM, AArch64, RISC-V mark the kind of code with labels ($a, $t, $d, $x): dropped. Bit 0 of an ARM function's address says Thumb: cleared.
 *   - Names of versioned symbols end in @VERSION or @@VERSION: cut there.
 *   - On 64-bit PowerPC (ELF v1) a function's symbol points at a descriptor in .opd, whose first word is the address of the code.
 */
import { BufferSource, type ByteSource } from "../bytes/byte-source.ts";
import { Cursor } from "../bytes/cursor.ts";
import { FormatError } from "../bytes/format-error.ts";
import type { Ports } from "../bytes/ports.ts";
import { StringTable } from "../names/string-table.ts";
import { type SymbolNames, type SymbolTable, SymbolTableBuilder } from "../names/symbol-table.ts";
import { dynamicTable } from "./dynamic-symbols.ts";
import { type ElfFile, type ElfSection, namedSection, openElf, sectionBytes } from "./elf-file.ts";
import {
  extendedSection,
  flagExecutable,
  machineArm,
  machineMips,
  machinePpc64,
  recordBytes,
  reservedSections,
  sectionDynsym,
  sectionProgram,
  sectionSymtab,
  segmentExecutable,
  segmentLoad,
  symbolFunction,
  symbolIndirectFunction,
  symbolNoType,
} from "./records.ts";

const symbolsAtOnce = 4096;
const maxSymbols = 64 << 20;
/** The symbols of the largest programs, unpacked. */
const maxDebugDataBytes = 256 << 20;
const noBoundaries = new Uint32Array(0);
const codeTypes: readonly number[] = [symbolNoType, symbolFunction, symbolIndirectFunction];
/** Machines that mark the kind of code by labels. */
const markedMachines: readonly number[] = [machineArm, 183, 243, 258];

/** All named code of the file; null when it has none. Throws FormatError for damaged tables. */
export function readElfSymbols(file: ElfFile, ports: Ports | null): SymbolTable | null {
  const builder = new SymbolTableBuilder();
  addTable(file, sectionDynsym, builder);
  const packed = ports === null ? null : namedSection(file, ".gnu_debugdata");
  if (packed !== null && ports !== null) addDebugData(file, ports.decompress("xz", packed, null, maxDebugDataBytes), builder);
  addTable(file, sectionSymtab, builder);
  return builder.finish(noBoundaries, file.source.size);
}

/** Whether .dynsym names code: programs import by it, and export seldom. */
export function exportsCode(file: ElfFile): boolean {
  const builder = new SymbolTableBuilder();
  addTable(file, sectionDynsym, builder);
  return builder.count > 0;
}

/** The small file repeats the section headers of its file, without contents; what it gives for address 0 may differ. */
function addDebugData(file: ElfFile, bytes: ByteSource, builder: SymbolTableBuilder): void {
  const small = openElf(bytes);
  addTable(small, sectionSymtab, builder, file.imageBase - small.imageBase);
}

function addTable(file: ElfFile, type: number, builder: SymbolTableBuilder, baseDifference = 0n): void {
  if (type === sectionDynsym && hasNoSections(file)) {
    const table = dynamicTable(file);
    if (table !== null) new TableReader(file, builder, new VersionedNames(table.strings), 0).read(table.symbols, table.fileOffset);
    return;
  }
  for (const section of file.sections) {
    const bytes = section.type === type ? sectionBytes(file, section) : null;
    const strings = bytes === null ? undefined : file.sections[section.link];
    const stringBytes = strings === undefined ? null : sectionBytes(file, strings);
    if (bytes === null || stringBytes === null) continue;
    new TableReader(file, builder, new VersionedNames(stringBytes), Number(baseDifference)).read(bytes, section.offset);
  }
}

/** Section 0 is none. */
function hasNoSections(file: ElfFile): boolean {
  return file.sections.length <= 1;
}

/** What holds code: the sections, or where there are none the segments. */
function codeHolders(file: ElfFile): readonly ElfSection[] {
  if (!hasNoSections(file)) return file.sections;
  const code = file.segments.filter(({ type, flags }) => type === segmentLoad && (flags & segmentExecutable) !== 0);
  return code.map(({ address, offset, memorySize }) => ({
    name: "",
    type: sectionProgram,
    flags: flagExecutable,
    address,
    offset,
    size: memorySize,
    link: 0,
    info: 0,
  }));
}

/** Cuts the version off a name. */
class VersionedNames implements SymbolNames {
  readonly #strings: StringTable;

  constructor(strings: ByteSource) {
    this.#strings = new StringTable(strings);
  }

  name(offset: number): Uint8Array {
    const name = this.#strings.name(offset);
    const at = name.indexOf(0x40);
    return at > 0 ? name.subarray(0, at) : name;
  }
}

class TableReader {
  readonly #file: ElfFile;
  readonly #builder: SymbolTableBuilder;
  readonly #names: VersionedNames;
  readonly #baseDifference: number;
  readonly #hasMarks: boolean;
  readonly #hasCodeBit: boolean;
  readonly #descriptors: Descriptors | null;
  readonly #holders: readonly ElfSection[];

  constructor(file: ElfFile, builder: SymbolTableBuilder, names: VersionedNames, baseDifference: number) {
    this.#file = file;
    this.#builder = builder;
    this.#names = names;
    this.#baseDifference = baseDifference;
    this.#holders = codeHolders(file);
    this.#hasMarks = markedMachines.includes(file.machine);
    this.#hasCodeBit = file.machine === machineArm || file.machine === machineMips;
    this.#descriptors = file.machine === machinePpc64 ? openDescriptors(file) : null;
  }

  read(bytes: ByteSource, fileOffset: number): void {
    const entryBytes = recordBytes[this.#file.is64 ? 64 : 32].symbol;
    const count = Math.floor(bytes.size / entryBytes);
    if (count > maxSymbols) throw new FormatError("elf: symbol table", fileOffset, `${count} symbols`);
    for (let first = 0; first < count; first += symbolsAtOnce) {
      const some = Math.min(symbolsAtOnce, count - first);
      const at = first * entryBytes;
      const cursor = new Cursor(bytes.read(at, some * entryBytes), "elf: symbol table", fileOffset + at, this.#file.littleEndian);
      for (let i = 0; i < some; i++) this.#symbol(cursor);
    }
  }

  #symbol(c: Cursor): void {
    const { is64, imageBase } = this.#file;
    const name = c.u32();
    let value = is64 ? 0n : BigInt(c.u32());
    let size = is64 ? 0 : c.u32();
    const type = c.u8() & 15;
    c.skip(1);
    const sectionIndex = c.u16();
    if (is64) {
      value = c.u64();
      size = Number(c.u64());
    }
    if (!codeTypes.includes(type)) return;
    const section = this.#sectionOf(sectionIndex, value);
    if (section === null) return;
    let address = Number(value - imageBase);
    if (this.#descriptors?.section === section) {
      const code = this.#descriptors.code(address - section.address);
      const codeSection = code === null ? null : this.#codeAt(code);
      if (code !== null && codeSection !== null) this.#add(name, code, size, codeSection);
      return;
    }
    if ((section.flags & flagExecutable) === 0) return;
    if (this.#hasCodeBit && type !== symbolNoType) address -= address % 2;
    if (type === symbolNoType && this.#isMark(name)) return;
    this.#add(name, address, size, section);
  }

  #add(name: number, address: number, size: number, section: ElfSection): void {
    const moved = address - this.#baseDifference;
    const end = section.address + section.size - this.#baseDifference;
    this.#builder.add(this.#names, name, moved, size, end);
  }

  /** Section numbers above 65,279 stand in a table of their own; such symbols are placed by their address. */
  #sectionOf(index: number, value: bigint): ElfSection | null {
    if (index === extendedSection) return this.#codeAt(Number(value - this.#file.imageBase));
    if (index === 0 || index >= reservedSections) return null;
    return hasNoSections(this.#file) ? this.#codeAt(Number(value - this.#file.imageBase)) : (this.#file.sections[index] ?? null);
  }

  #codeAt(address: number): ElfSection | null {
    for (const section of this.#holders) {
      const isCode = (section.flags & flagExecutable) !== 0;
      if (isCode && address >= section.address && address < section.address + section.size) return section;
    }
    return null;
  }

  /** "$a", "$t.12", "$xrv64i2p1", ".L12"; nameless labels are no names either. */
  #isMark(nameOffset: number): boolean {
    const name = this.#names.name(nameOffset);
    if (name.length === 0 || (name[0] === 0x2e && name[1] === 0x4c)) return true;
    return this.#hasMarks && name[0] === 0x24 && (name.length === 2 || name[2] === 0x2e || name[1] === 0x78);
  }
}

type Descriptors = { section: ElfSection; code(offset: number): number | null };

/** Function descriptors of 64-bit PowerPC: three words each, the first is the address of the code. */
function openDescriptors(file: ElfFile): Descriptors | null {
  const section = file.sections.find(({ name }) => name === ".opd");
  const bytes = section === undefined ? null : sectionBytes(file, section);
  if (section === undefined || bytes === null || bytes.size > maxDebugDataBytes) return null;
  const all = new BufferSource(bytes.read(0, bytes.size));
  return {
    section,
    code(offset) {
      if (offset < 0 || offset + 8 > all.size) return null;
      const address = new Cursor(all.read(offset, 8), "elf: .opd", section.offset + offset, file.littleEndian).u64();
      return address === 0n ? null : Number(address - file.imageBase);
    },
  };
}

/**
 * Relocations of an object file's debug sections. A compiler leaves the places open where a linker will put addresses and offsets into other
 * sections; read without a linker, they hold what the symbol says: its place in its own section.
 *
 *   SHT_REL    offset, info                  the addend stands at the place itself
 *   SHT_RELA   offset, info, addend          info: symbol << 8 | type in 32-bit files, symbol << 32 | type in 64-bit ones
 *   SHT_CREL   header ULEB128 (count << 3 | has addends << 2 | shift), then differences to the entry before: a byte of offset bits and
 *              flags (continued as ULEB128), then symbol, type, addend as SLEB128 where a flag says that they change
 *
 * Read: those that occur in debug sections, which write whole words; on RISC-V and LoongArch, whose linkers move code, also sums and differences.
 * 64-bit MIPS has a form of info of its own.
 */
import { type ByteSource, checkRange } from "../bytes/byte-source.ts";
import { F64Column, U32Column } from "../bytes/columns.ts";
import { Cursor } from "../bytes/cursor.ts";
import { slebBig, uleb } from "../dwarf/leb128.ts";
import { type ElfFile, type ElfSection, sectionBytes } from "./elf-file.ts";
import { machineMips, recordBytes, sectionCrel, sectionRel, sectionRela } from "./records.ts";

/** Tables of the largest object files have some million entries. */
const maxTableBytes = 256 << 20;

/** What to do at a place: width in bytes, and whether the value replaces what is there, is added or subtracted. */
const set = 0;
const add = 1;
const subtract = 2;
/** A number of six bits; its upper two bits belong to the instruction. */
const sixBits = 6;
type Kind = readonly [bytes: number, action: typeof set | typeof add | typeof subtract];

const wordKinds = (types4: readonly number[], types8: readonly number[]): ReadonlyMap<number, Kind> =>
  new Map<number, Kind>([
    ...types4.map((type): [number, Kind] => [type, [4, set]]),
    ...types8.map((type): [number, Kind] => [type, [8, set]]),
  ]);

const kinds: Readonly<Record<number, ReadonlyMap<number, Kind>>> = {
  2: wordKinds([3, 23], [32, 54]) /* SPARC */,
  3: wordKinds([1, 32], []) /* x86 */,
  8: wordKinds([2], [18]) /* MIPS */,
  20: wordKinds([1], []) /* PowerPC */,
  21: wordKinds([1], [38]) /* PowerPC 64 */,
  22: wordKinds([4], [22]) /* s390 */,
  40: wordKinds([2, 106], []) /* ARM */,
  62: wordKinds([10, 11, 21], [1, 17]) /* x86-64 */,
  183: wordKinds([258], [257]) /* AArch64 */,
  243: new Map<number, Kind>([
    [1, [4, set]],
    [2, [8, set]],
    [33, [1, add]],
    [34, [2, add]],
    [35, [4, add]],
    [36, [8, add]],
    [37, [1, subtract]],
    [38, [2, subtract]],
    [39, [4, subtract]],
    [40, [8, subtract]],
    [52, [sixBits, subtract]],
    [53, [sixBits, set]],
    [54, [1, set]],
    [55, [2, set]],
    [56, [4, set]],
  ]),
  258: new Map<number, Kind>([
    [1, [4, set]],
    [2, [8, set]],
    [47, [1, add]],
    [48, [2, add]],
    [50, [4, add]],
    [51, [8, add]],
    [52, [1, subtract]],
    [53, [2, subtract]],
    [55, [4, subtract]],
    [56, [8, subtract]],
  ]),
};

/** The section with its relocations applied; the bytes themselves when it has none. Throws FormatError for damaged tables. */
export function relocated(file: ElfFile, section: ElfSection, bytes: ByteSource): ByteSource {
  const index = file.sections.indexOf(section);
  const patches = new Patches();
  for (const table of file.sections) {
    if (table.info !== index || ![sectionRel, sectionRela, sectionCrel].includes(table.type)) continue;
    const stored = sectionBytes(file, table);
    const symbols = symbolValues(file, table.link);
    if (stored === null || symbols === null) continue;
    const cursor = new Cursor(stored.read(0, Math.min(stored.size, maxTableBytes)), "elf: relocations", table.offset, file.littleEndian);
    if (table.type === sectionCrel) readCrel(file, cursor, symbols, patches);
    else readTable(file, cursor, table.type === sectionRela, symbols, patches);
  }
  return patches.offset.length === 0 ? bytes : new RelocatedSource(bytes, patches, file.littleEndian);
}

class Patches {
  readonly offset = new F64Column();
  readonly bytes = new U32Column();
  readonly action = new U32Column();
  readonly keepsPlace = new U32Column();
  readonly value = new F64Column();

  add(file: ElfFile, type: number, offset: number, value: number, keepsPlace: boolean): void {
    const kind = kinds[file.machine]?.get(type);
    if (kind === undefined) return;
    this.offset.push(offset);
    this.bytes.push(kind[0]);
    this.action.push(kind[1]);
    this.keepsPlace.push(keepsPlace ? 1 : 0);
    this.value.push(value);
  }
}

type SymbolValues = (index: number) => number;

function symbolValues(file: ElfFile, tableIndex: number): SymbolValues | null {
  const table = file.sections[tableIndex];
  const stored = table === undefined ? null : sectionBytes(file, table);
  if (table === undefined || stored === null || stored.size > maxTableBytes) return null;
  const entryBytes = recordBytes[file.is64 ? 64 : 32].symbol;
  const cursor = new Cursor(stored.read(0, stored.size), "elf: symbol table", table.offset, file.littleEndian);
  return (index) => {
    cursor.seek(index * entryBytes + (file.is64 ? 8 : 4));
    return file.is64 ? Number(cursor.u64()) : cursor.u32();
  };
}

function readTable(file: ElfFile, cursor: Cursor, hasAddends: boolean, symbols: SymbolValues, patches: Patches): void {
  const entryBytes = (file.is64 ? 8 : 4) * (hasAddends ? 3 : 2);
  while (cursor.left >= entryBytes) {
    const offset = file.is64 ? cursor.u64AsNumber() : cursor.u32();
    const { symbol, type } = readInfo(file, cursor);
    const addend = hasAddends ? (file.is64 ? Number(BigInt.asIntN(64, cursor.u64())) : cursor.i32()) : 0;
    patches.add(file, type, offset, symbols(symbol) + addend, !hasAddends);
  }
}

function readInfo(file: ElfFile, cursor: Cursor): { symbol: number; type: number } {
  const first = cursor.u32();
  if (!file.is64) return { symbol: first >>> 8, type: first & 0xff };
  const second = cursor.u32();
  if (!file.littleEndian) return { symbol: first, type: file.machine === machineMips ? second & 0xff : second };
  return file.machine === machineMips ? { symbol: first, type: second >>> 24 } : { symbol: second, type: first };
}

function readCrel(file: ElfFile, cursor: Cursor, symbols: SymbolValues, patches: Patches): void {
  const header = uleb(cursor);
  const hasAddends = (header & 4) !== 0;
  const flagBits = hasAddends ? 3 : 2;
  const scale = 2 ** (header & 3);
  let offset = 0;
  let symbol = 0n;
  let type = 0n;
  let addend = 0n;
  // Every entry takes a byte at least, so a count that lies ends with the bytes.
  for (let left = Math.floor(header / 8); left > 0; left--) {
    const first = cursor.u8();
    offset += first >> flagBits;
    if (first >= 0x80) offset += uleb(cursor) * 2 ** (7 - flagBits) - (0x80 >> flagBits);
    if ((first & 1) !== 0) symbol += slebBig(cursor);
    if ((first & 2) !== 0) type += slebBig(cursor);
    if (hasAddends && (first & 4) !== 0) addend += slebBig(cursor);
    const value = symbols(Number(BigInt.asUintN(32, symbol))) + Number(addend);
    patches.add(file, Number(BigInt.asUintN(32, type)), offset * scale, value, !hasAddends);
  }
}

/** Patches what is read. A place may have several patches, which apply in the order of the table. */
class RelocatedSource implements ByteSource {
  readonly size: number;
  readonly #bytes: ByteSource;
  readonly #patches: Patches;
  readonly #littleEndian: boolean;
  /** Patches in the order of their offsets. */
  readonly #order: Uint32Array;

  constructor(bytes: ByteSource, patches: Patches, littleEndian: boolean) {
    this.size = bytes.size;
    this.#bytes = bytes;
    this.#patches = patches;
    this.#littleEndian = littleEndian;
    const offsets = patches.offset.view();
    this.#order = Uint32Array.from(offsets, (_, i) => i).sort((a, b) => offsets[a]! - offsets[b]! || a - b);
  }

  read(offset: number, length: number): Uint8Array {
    checkRange(this.size, offset, length);
    // A word may begin before the range or end behind it.
    const from = Math.max(0, offset - 8);
    const until = Math.min(this.size, offset + length + 8);
    const bytes = new Uint8Array(this.#bytes.read(from, until - from));
    const view = new DataView(bytes.buffer);
    const { offset: offsets, bytes: widths } = this.#patches;
    for (let k = this.#firstFrom(from); k < this.#order.length; k++) {
      const patch = this.#order[k]!;
      const at = offsets.at(patch) - from;
      const width = widths.at(patch) === sixBits ? 1 : widths.at(patch);
      if (at + from >= offset + length) break;
      if (at + width <= bytes.length) this.#apply(view, at, patch);
    }
    return bytes.subarray(offset - from, offset - from + length);
  }

  #firstFrom(offset: number): number {
    let low = 0;
    let high = this.#order.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#patches.offset.at(this.#order[middle]!) < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #apply(view: DataView, at: number, patch: number): void {
    const { bytes, action, keepsPlace, value } = this.#patches;
    const width = bytes.at(patch);
    const present = readWord(view, at, width, this.#littleEndian);
    const base = action.at(patch) !== set || keepsPlace.at(patch) === 1 ? present : 0n;
    const difference = BigInt(value.at(patch));
    writeWord(view, at, width, action.at(patch) === subtract ? base - difference : base + difference, this.#littleEndian);
  }
}

function readWord(view: DataView, at: number, width: number, littleEndian: boolean): bigint {
  if (width === 8) return view.getBigUint64(at, littleEndian);
  if (width === 4) return BigInt(view.getUint32(at, littleEndian));
  if (width === 2) return BigInt(view.getUint16(at, littleEndian));
  return BigInt(view.getUint8(at) & (width === sixBits ? 63 : 255));
}

function writeWord(view: DataView, at: number, width: number, value: bigint, littleEndian: boolean): void {
  if (width === 8) view.setBigUint64(at, BigInt.asUintN(64, value), littleEndian);
  else if (width === 4) view.setUint32(at, Number(BigInt.asUintN(32, value)), littleEndian);
  else if (width === 2) view.setUint16(at, Number(BigInt.asUintN(16, value)), littleEndian);
  else if (width === sixBits) view.setUint8(at, (view.getUint8(at) & 0xc0) | Number(BigInt.asUintN(6, value)));
  else view.setUint8(at, Number(BigInt.asUintN(8, value)));
}

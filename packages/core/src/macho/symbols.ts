/**
 * Symbol tables of Mach-O: name u32, type u8, section u8, description u16, value u32 (u64 in 64-bit files).
 *
 * Read: symbols in sections of instructions. Debugger's entries (stabs) are passed over; they say where debug information lies that nobody
 * linked. Every name of C and what is built on it carries a "_" in front, which is left out. Symbols have no size: each reaches to the next
 * one, or to where the next function starts, named or not.
 */
import { Cursor } from "../bytes/cursor.ts";
import { FormatError } from "../bytes/format-error.ts";
import { shortText } from "../bytes/short-text.ts";
import { SliceSource } from "../bytes/slice-source.ts";
import { StringTable } from "../names/string-table.ts";
import { type SymbolTable, SymbolTableBuilder } from "../names/symbol-table.ts";
import { SYMBOL_IN_SECTION, SYMBOL_OBJECT_FILE, SYMBOL_STAB_MASK, SYMBOL_TYPE_MASK } from "./constants.ts";
import { readFunctionStarts } from "./function-starts.ts";
import type { MachOFile } from "./headers.ts";

const MAX_SYMBOLS = 64 << 20;
const SYMBOLS_AT_ONCE = 4096;
/** Linkers write debugger's entries first, some for every object file. */
const LOOKED_THROUGH_FOR_STABS = 1 << 16;
const UNDERSCORE = 0x5f;
const WHAT = "mach-o: symbol table";

/** All named code of the file; null when it has none. Throws FormatError for damaged tables. */
export function readMachOSymbols(file: MachOFile): SymbolTable | null {
  const strings = openStrings(file);
  if (strings === null) return null;
  const builder = new SymbolTableBuilder();
  const table = new EntryReader(file, MAX_SYMBOLS);
  while (table.next()) {
    const { nameOffset, type, address } = table;
    if ((type & SYMBOL_STAB_MASK) !== 0 || (type & SYMBOL_TYPE_MASK) !== SYMBOL_IN_SECTION || nameOffset === 0) continue;
    const section = file.sections[table.section - 1];
    if (section === undefined || !section.hasInstructions || address < section.start) continue;
    builder.add(strings, nameOffset, address, 0, section.start + section.size);
  }
  return builder.finish(file.isDsym ? new Uint32Array(0) : readFunctionStarts(file), file.bytes.size);
}

/** The first object file that kept debug information of this file's code to itself, as the linker noted it; null when there is none. */
export function unlinkedObjectFile(file: MachOFile): string | null {
  const strings = openStrings(file);
  if (strings === null) return null;
  const table = new EntryReader(file, LOOKED_THROUGH_FOR_STABS);
  while (table.next()) {
    if (table.type !== SYMBOL_OBJECT_FILE) continue;
    const name = strings.name(table.nameOffset);
    return shortText(name, 0, name.length);
  }
  return null;
}

function openStrings(file: MachOFile): StringTable | null {
  const { symbols, bytes } = file;
  if (symbols === null || symbols.count === 0 || symbols.stringsOffset >= bytes.size) return null;
  const size = Math.min(symbols.stringsSize, bytes.size - symbols.stringsOffset);
  return new StringTable(new SliceSource(bytes, symbols.stringsOffset, size), UNDERSCORE);
}

/** Goes through the entries; the fields are those of the present one. Addresses are image-relative. */
class EntryReader {
  nameOffset = 0;
  type = 0;
  section = 0;
  address = 0;
  readonly #file: MachOFile;
  readonly #offset: number;
  readonly #count: number;
  readonly #entryBytes: number;
  #done = 0;
  #cursor = new Cursor(new Uint8Array(0), WHAT);

  constructor(file: MachOFile, maxEntries: number) {
    const { offset, count } = file.symbols ?? { offset: 0, count: 0 };
    this.#file = file;
    this.#offset = offset;
    this.#count = Math.min(count, maxEntries);
    this.#entryBytes = file.pointerBytes === 8 ? 16 : 12;
    if (count * this.#entryBytes > file.bytes.size) throw new FormatError(WHAT, offset, `${count} symbols`);
  }

  next(): boolean {
    if (this.#done === this.#count) return false;
    if (this.#cursor.left === 0) {
      const at = this.#offset + this.#done * this.#entryBytes;
      const bytes = this.#file.bytes.read(at, Math.min(SYMBOLS_AT_ONCE, this.#count - this.#done) * this.#entryBytes);
      this.#cursor = new Cursor(bytes, WHAT, at, this.#file.littleEndian);
    }
    const c = this.#cursor;
    this.nameOffset = c.u32();
    this.type = c.u8();
    this.section = c.u8();
    c.skip(2);
    const value = this.#file.pointerBytes === 8 ? c.u64() : BigInt(c.u32());
    this.address = Number(value - this.#file.baseAddress);
    this.#done++;
    return true;
  }
}

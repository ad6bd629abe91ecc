/**
 * Names in PE files: what a dll exports, and the COFF symbol table that MinGW's linkers keep.
 *
 *   export directory   40 bytes; from 20 on: number of functions, number of names, and the addresses of three tables:
 *                      functions (address u32 each), names (address u32 each), the function of each name (u16 each)
 *   COFF symbol        name 8 (or 0 u32 and an offset in the string table u32), value u32, section u16, type u16, class u8, further records u8
 *
 * Neither states sizes: a symbol reaches to the next, or to where the function table says that another function starts. Exports that lie in the
 * export directory forward to another dll. Symbols of 32-bit x86 carry a "_" in front, which is left out.
 */
import { Cursor } from "../bytes/cursor.ts";
import { FormatError } from "../bytes/format-error.ts";
import { SliceSource } from "../bytes/slice-source.ts";
import { StringTable } from "../names/string-table.ts";
import { type SymbolNames, type SymbolTable, SymbolTableBuilder } from "../names/symbol-table.ts";
import { functionTableOf } from "./function-table.ts";
import { directoryExports, machineAmd64, machineArm64, machineX86, type PeImage } from "./image.ts";

/** Ordinals have 16 bits. */
const maxExports = 65_536;
const maxSymbols = 16 << 20;
const symbolBytes = 18;
const symbolsAtOnce = 4096;
const maxNameBytes = 4096;
const classExternal = 2;
const classStatic = 3;
const typeFunction = 0x20;
const underscore = 0x5f;
/** Low three bits version, then flags: this unwind data continues that of another entry. */
const flagChained = 0x20;

/** All named code of the file; null when it has none. Throws FormatError for damaged tables. */
export function readPeSymbols(image: PeImage): SymbolTable | null {
  const builder = new SymbolTableBuilder();
  addExports(image, builder);
  addCoffSymbols(image, builder);
  return builder.finish(functionStarts(image), image.source.size);
}

/** Names in the image, by their address. */
class ImageNames implements SymbolNames {
  readonly #image: PeImage;

  constructor(image: PeImage) {
    this.#image = image;
  }

  name(address: number): Uint8Array {
    const bytes = this.#image.upTo(address, maxNameBytes);
    const end = bytes.indexOf(0);
    return end < 0 ? bytes : bytes.subarray(0, end);
  }
}

function addExports(image: PeImage, builder: SymbolTableBuilder): void {
  const directory = image.directory(directoryExports);
  if (directory === null) return;
  const what = "pe: export directory";
  const head = new Cursor(image.read(directory.address, 40, what), what);
  head.seek(20);
  const functionCount = head.u32();
  const nameCount = head.u32();
  if (functionCount > maxExports || nameCount > maxExports)
    throw new FormatError(what, null, `${functionCount} functions, ${nameCount} names`);
  const functions = new Cursor(image.read(head.u32(), 4 * functionCount, what), what);
  const names = new Cursor(image.read(head.u32(), 4 * nameCount, what), what);
  const ordinals = new Cursor(image.read(head.u32(), 2 * nameCount, what), what);
  const texts = new ImageNames(image);
  for (let i = 0; i < nameCount; i++) {
    const nameAddress = names.u32();
    const ordinal = ordinals.u16();
    if (ordinal >= functionCount) continue;
    functions.seek(4 * ordinal);
    const address = functions.u32();
    const section = image.sectionAt(address);
    if (section === null || !section.executable) continue;
    if (address >= directory.address && address < directory.address + directory.size) continue;
    builder.add(texts, nameAddress, address, 0, section.address + section.size);
  }
}

function addCoffSymbols(image: PeImage, builder: SymbolTableBuilder): void {
  const place = image.symbols;
  if (place === null) return;
  const what = "pe: symbol table";
  if (place.count > maxSymbols || place.stringsOffset > image.source.size)
    throw new FormatError(what, place.offset, `${place.count} symbols`);
  const prefix = image.machine === machineX86 ? underscore : 0;
  const strings = new StringTable(new SliceSource(image.source, place.stringsOffset, image.source.size - place.stringsOffset), prefix);
  const shortNames = new ShortNames(image, prefix);
  let skip = 0;
  for (let first = 0; first < place.count; first += symbolsAtOnce) {
    const count = Math.min(symbolsAtOnce, place.count - first);
    const at = place.offset + first * symbolBytes;
    const cursor = new Cursor(image.source.read(at, count * symbolBytes), what, at);
    for (let i = 0; i < count; i++) {
      const entry = cursor.pos;
      cursor.seek(entry + symbolBytes);
      if (skip > 0) {
        skip--;
        continue;
      }
      cursor.seek(entry);
      const isLong = cursor.u32() === 0;
      const nameOffset = cursor.u32();
      const value = cursor.u32();
      const section = image.sectionsAsNumbered[cursor.u16() - 1];
      const type = cursor.u16();
      const storage = cursor.u8();
      skip = cursor.u8();
      if (section === undefined || !section.executable || (storage !== classExternal && storage !== classStatic)) continue;
      // A static symbol with further records and no type is the section itself.
      if (type !== typeFunction && storage === classStatic && skip > 0) continue;
      const end = section.address + section.size;
      builder.add(isLong ? strings : shortNames, isLong ? nameOffset : at + entry, section.address + value, 0, end);
    }
  }
}

/** Names of up to eight characters, which stand in the symbol itself: by the symbol's offset in the file. */
class ShortNames implements SymbolNames {
  readonly #image: PeImage;
  readonly #prefix: number;

  constructor(image: PeImage, prefix: number) {
    this.#image = image;
    this.#prefix = prefix;
  }

  name(offset: number): Uint8Array {
    const bytes = this.#image.source.read(offset, 8);
    const end = bytes.indexOf(0);
    return bytes.subarray(this.#prefix !== 0 && bytes[0] === this.#prefix ? 1 : 0, end < 0 ? 8 : end);
  }
}

/** Where functions start, ascending: pieces that continue the function in front of them are none. */
function functionStarts(image: PeImage): Uint32Array {
  if (image.machine !== machineAmd64 && image.machine !== machineArm64) return new Uint32Array(0);
  const table = functionTableOf(image, image.machine === machineAmd64 ? 3 : 2);
  const starts = new Uint32Array(table.count);
  let count = 0;
  for (let i = 0; i < table.count; i++) {
    const follows = i > 0 && image.machine === machineAmd64 && table.second(i - 1) === table.begin(i);
    if (follows && ((image.upTo(table.third(i), 1)[0] ?? 0) & flagChained) !== 0) continue;
    starts[count++] = table.begin(i);
  }
  return starts.slice(0, count).sort();
}

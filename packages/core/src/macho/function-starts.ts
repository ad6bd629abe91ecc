/**
 * Where functions start: LC_FUNCTION_STARTS (distances as ULEB128 numbers, the first from the image's start; strip keeps them), or the symbol
 * table where there are none. Unwind tables fold neighbours with equal rules, so they cannot tell.
 */
import { Cursor } from "../bytes/cursor.ts";
import { SYMBOL_ALT_ENTRY, SYMBOL_IN_SECTION, SYMBOL_STAB_MASK, SYMBOL_TYPE_MASK } from "./constants.ts";
import type { MachOFile } from "./headers.ts";

/** The largest binaries have some million functions, of about two bytes each. */
const MAX_BYTES = 64 << 20;
const MAX_SYMBOLS = 16 << 20;
/** Symbols are read in pieces of this many. */
const SYMBOLS_AT_ONCE = 4096;

/** Relative addresses, ascending and distinct; empty when the file does not say. Throws FormatError when the table lies outside of the file. */
export function readFunctionStarts(image: MachOFile): Uint32Array {
  const place = image.functionStarts;
  if (place !== null && place.size > 0) return fromDistances(image, place);
  return fromSymbols(image);
}

function fromDistances(image: MachOFile, place: { offset: number; size: number }): Uint32Array {
  const what = "mach-o: function starts";
  if (place.size > MAX_BYTES) new Cursor(new Uint8Array(0), what, place.offset).fail(`${place.size} bytes`);
  const bytes = image.bytes.read(place.offset, place.size);
  const starts = new Uint32Array(bytes.length);
  let count = 0;
  let address = 0;
  let distance = 0;
  let factor = 1;
  for (const byte of bytes) {
    distance += (byte & 0x7f) * factor;
    factor *= 128;
    if (byte >= 0x80 && factor <= 2 ** 35) continue;
    // Distance 0 ends the list; what follows is padding. So does an address that is none.
    address += distance;
    if (distance === 0 || address > 0xffffffff) break;
    starts[count++] = address;
    distance = 0;
    factor = 1;
  }
  return starts.slice(0, count);
}

/** Symbols of code, labels inside functions left out. */
function fromSymbols(image: MachOFile): Uint32Array {
  const { symbols, pointerBytes, baseAddress, sections } = image;
  if (symbols === null || symbols.count === 0 || image.isDsym) return new Uint32Array(0);
  const what = "mach-o: symbol table";
  const entryBytes = pointerBytes === 8 ? 16 : 12;
  if (symbols.count > MAX_SYMBOLS || symbols.count * entryBytes > image.bytes.size) {
    new Cursor(new Uint8Array(0), what, symbols.offset).fail(`${symbols.count} symbols`);
  }
  const found: number[] = [];
  for (let first = 0; first < symbols.count; first += SYMBOLS_AT_ONCE) {
    const count = Math.min(SYMBOLS_AT_ONCE, symbols.count - first);
    const at = symbols.offset + first * entryBytes;
    const c = new Cursor(image.bytes.read(at, count * entryBytes), what, at, image.littleEndian);
    for (let i = 0; i < count; i++) {
      c.skip(4);
      const type = c.u8();
      const section = c.u8();
      const description = c.u16();
      const address = (pointerBytes === 8 ? c.u64() : BigInt(c.u32())) - baseAddress;
      if ((type & SYMBOL_STAB_MASK) !== 0 || (type & SYMBOL_TYPE_MASK) !== SYMBOL_IN_SECTION) continue;
      if ((description & SYMBOL_ALT_ENTRY) !== 0 || sections[section - 1]?.hasInstructions !== true) continue;
      if (address > 0n && address <= 0xffffffffn) found.push(Number(address));
    }
  }
  const sorted = Uint32Array.from(found).sort();
  return sorted.filter((address, i) => i === 0 || address !== sorted[i - 1]);
}

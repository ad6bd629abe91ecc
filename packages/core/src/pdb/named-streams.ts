/**
 * Streams of a PDB that are found by name, and the string table among them.
 *
 *   info stream   version u32, signature u32, age u32, GUID 16, then the map: names' bytes u32, names (NUL-terminated), entry count u32,
 *                 capacity u32, two bit sets (word count u32, words u32 each: slots in use, slots deleted), then per used slot
 *                 offset of the name u32, stream number u32; then marks u32: what the linker did
 *   "/names"      signature u32 0xeffeeffe, version u32, bytes u32, text; strings are named by their offset in the text
 */
import { BlockReader } from "../bytes/block-reader.ts";
import { Cursor } from "../bytes/cursor.ts";
import { decodeUtf8 } from "../bytes/text.ts";
import { infoStream, type Msf } from "./msf.ts";

const maxInfoBytes = 1 << 20;
const maxNamesBytes = 256 << 20;
const mapOffset = 28;
/** "MINI" */
const minimalDebugInformation = 0x494e494d;
const namesSignature = 0xeffeeffe;

/** The number of the stream with a name; null when there is none. Throws FormatError for a damaged map. */
export function namedStream(msf: Msf, name: string): number | null {
  const c = infoCursor(msf);
  const names = c.bytes(c.u32());
  const count = c.u32();
  skipToEntries(c);
  for (let i = 0; i < count; i++) {
    const at = c.u32();
    const stream = c.u32();
    if (at < names.length && decodeUtf8(names.subarray(at, at + name.length + 1)) === name) return stream;
  }
  return null;
}

/** Whether the linker left symbols and lines in the object files (/DEBUG:FASTLINK): a mark among those behind the map. */
export function isFastlink(msf: Msf): boolean {
  const c = infoCursor(msf);
  c.skip(c.u32());
  const count = c.u32();
  skipToEntries(c);
  c.skip(8 * count);
  while (c.left >= 4) if (c.u32() === minimalDebugInformation) return true;
  return false;
}

function infoCursor(msf: Msf): Cursor {
  const c = new Cursor(msf.whole(infoStream, maxInfoBytes), "pdb: named streams");
  c.seek(Math.min(mapOffset, c.length));
  return c;
}

function skipToEntries(c: Cursor): void {
  c.skip(4);
  c.skip(4 * c.u32());
  c.skip(4 * c.u32());
}

/** The strings of "/names" by offset. */
export class StringTable {
  readonly #text: Uint8Array;

  /** Empty when the PDB has none. Throws FormatError for a damaged one. */
  constructor(msf: Msf) {
    const stream = namedStream(msf, "/names");
    const bytes = stream === null ? new Uint8Array(0) : msf.whole(stream, maxNamesBytes);
    if (bytes.length === 0) {
      this.#text = bytes;
      return;
    }
    const c = new Cursor(bytes, "pdb: string table");
    const signature = c.u32();
    if (signature !== namesSignature) c.fail(`signature 0x${signature.toString(16)}`);
    c.skip(4);
    this.#text = c.bytes(c.u32());
  }

  /** The string at an offset, at most `maxBytes` of it; null outside the table. */
  at(offset: number, maxBytes: number): string | null {
    return offset >= this.#text.length ? null : decodeUtf8(this.#text.subarray(offset, offset + maxBytes));
  }
}

const textOffset = 12;
const pathBlockBytes = 32 << 10;
const pathBlocks = 64;
const usualPathBytes = 512;
/** Paths have at most 32767 characters. */
const maxPathBytes = 3 * 32767;

/** The paths in "/names" by offset, read as they are asked for. */
export class Paths {
  readonly #reader: BlockReader | null;

  /** Throws FormatError for a damaged map of names. */
  constructor(msf: Msf) {
    const stream = namedStream(msf, "/names");
    this.#reader = stream === null ? null : new BlockReader(msf.open(stream), pathBlockBytes, pathBlocks);
  }

  /** The UTF-8 bytes of a path, a view; null outside the table. Throws FormatError for a damaged container. */
  at(offset: number): Uint8Array | null {
    const reader = this.#reader;
    if (reader === null || offset + textOffset >= reader.size) return null;
    let bytes = reader.upTo(textOffset + offset, usualPathBytes);
    let nul = bytes.indexOf(0);
    if (nul < 0) {
      bytes = reader.upTo(textOffset + offset, maxPathBytes);
      nul = bytes.indexOf(0);
    }
    return nul < 0 ? bytes : bytes.subarray(0, nul);
  }
}

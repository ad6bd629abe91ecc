/**
 * The symbol table that the loader uses, found as the loader finds it: through the dynamic segment. For files whose section headers were cut off
 * (packers, `strip --strip-section-headers`, images copied from memory).
 *
 *   PT_DYNAMIC       pairs of words tag, value; tag 0 ends them. DT_STRTAB 5, DT_SYMTAB 6, DT_STRSZ 10, DT_HASH 4, DT_GNU_HASH 0x6ffffef5
 *   DT_HASH          u32 buckets, u32 chains (as many as symbols), …
 *   DT_GNU_HASH      u32 buckets, u32 first symbol, u32 words of the filter, u32 shift, the filter, buckets, a chain word for each symbol from the
 *                    first on; the lowest bit of a chain word ends its chain
 *
 * How many symbols there are only the hash tables tell. Specification: System V gABI, chapter 5; GNU_HASH as GNU ld writes it.
 */
import type { ByteSource } from "../bytes/byte-source.ts";
import { Cursor } from "../bytes/cursor.ts";
import { SliceSource } from "../bytes/slice-source.ts";
import { bytesAt, type ElfFile } from "./elf-file.ts";
import { recordBytes, segmentDynamic } from "./records.ts";

const Tag = { end: 0, hash: 4, strings: 5, symbols: 6, stringBytes: 10, gnuHash: 0x6ffffef5 } as const;

const maxDynamicBytes = 64 << 10;
const maxHashBytes = 64 << 20;

export type DynamicTable = { symbols: ByteSource; strings: ByteSource; fileOffset: number };

/** Null when the file has no dynamic segment, or one that names no table it holds. Throws FormatError for damage. */
export function dynamicTable(file: ElfFile): DynamicTable | null {
  const tags = dynamicTags(file);
  const symbols = tags.get(Tag.symbols);
  const strings = tags.get(Tag.strings);
  if (symbols === undefined || strings === undefined) return null;
  const symbolPlace = bytesAt(file, symbols);
  const stringPlace = bytesAt(file, strings);
  if (symbolPlace === null || stringPlace === null) return null;
  const entryBytes = recordBytes[file.is64 ? 64 : 32].symbol;
  const count = countByHash(file, tags) ?? countByGnuHash(file, tags) ?? 0;
  const stringBytes = tags.get(Tag.stringBytes) ?? stringPlace.bytes.size;
  return {
    symbols: new SliceSource(symbolPlace.bytes, 0, Math.min(symbolPlace.bytes.size, count * entryBytes)),
    strings: new SliceSource(stringPlace.bytes, 0, Math.max(0, Math.min(stringPlace.bytes.size, stringBytes))),
    fileOffset: symbolPlace.fileOffset,
  };
}

/** The values that matter, addresses made image-relative; of equal tags the first. */
function dynamicTags(file: ElfFile): Map<number, number> {
  const tags = new Map<number, number>();
  const segment = file.segments.find(({ type }) => type === segmentDynamic);
  const place = segment === undefined ? null : bytesAt(file, segment.address);
  if (segment === undefined || place === null) return tags;
  const size = Math.min(segment.size, place.bytes.size, maxDynamicBytes);
  const cursor = new Cursor(place.bytes.read(0, size), "elf: dynamic segment", place.fileOffset, file.littleEndian);
  const word = () => (file.is64 ? cursor.u64() : BigInt(cursor.u32()));
  const pairBytes = file.is64 ? 16 : 8;
  while (cursor.left >= pairBytes) {
    const tag = Number(word());
    const value = word();
    if (tag === Tag.end) break;
    const relative = Number(tag === Tag.stringBytes ? value : value - file.imageBase);
    if (!tags.has(tag)) tags.set(tag, relative);
  }
  return tags;
}

function countByHash(file: ElfFile, tags: ReadonlyMap<number, number>): number | null {
  const table = hashTable(file, tags.get(Tag.hash), 8);
  if (table === null) return null;
  table.skip(4);
  return table.u32();
}

function countByGnuHash(file: ElfFile, tags: ReadonlyMap<number, number>): number | null {
  const table = hashTable(file, tags.get(Tag.gnuHash), maxHashBytes);
  if (table === null) return null;
  const buckets = table.u32();
  const first = table.u32();
  table.skip(table.u32() * (file.is64 ? 8 : 4) + 4);
  let last = 0;
  for (let i = 0; i < buckets; i++) last = Math.max(last, table.u32());
  if (last < first) return first;
  table.skip(4 * (last - first));
  while ((table.u32() & 1) === 0) last++;
  return last + 1;
}

function hashTable(file: ElfFile, address: number | undefined, maxBytes: number): Cursor | null {
  const place = address === undefined ? null : bytesAt(file, address);
  if (place === null) return null;
  return new Cursor(
    place.bytes.read(0, Math.min(place.bytes.size, maxBytes)),
    "elf: symbol hash table",
    place.fileOffset,
    file.littleEndian,
  );
}

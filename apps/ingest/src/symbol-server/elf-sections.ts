/**
 * The section table of a 64- or 32-bit ELF file, read by ranges: enough to tell a program from its debug file, which share the build id, and
 * to serve one section. The sections that were moved out of a file are there without content (type NOBITS).
 */
import type { RandomAccessBlob } from "@salvage/blobs";

export type ElfSection = {
  name: string;
  /** Bytes in the file; null when the content is not here, or stands outside the file. */
  content: { offset: number; size: number } | null;
  executable: boolean;
};

const typeNoBits = 8;
const flagExecutable = 4n;
/** Real files have tens; with a section per function some ten thousand. */
const maxSections = 65_536;
const maxNamesBytes = 4 * 1024 * 1024;

/** @returns null for what is no ELF file or has a damaged section table */
export async function elfSections(blob: RandomAccessBlob): Promise<ElfSection[] | null> {
  if (blob.size < 64) return null;
  const header = viewOf(await blob.read(0, 64));
  if (header.getUint32(0, false) !== 0x7f454c46) return null;
  const wide = header.getUint8(4) === 2;
  const little = header.getUint8(5) === 1;
  const word = (view: DataView, wideAt: number, narrowAt: number, base = 0) =>
    wide ? view.getBigUint64(base + wideAt, little) : BigInt(view.getUint32(base + narrowAt, little));
  const tableAt = Number(word(header, 0x28, 0x20));
  const entryBytes = header.getUint16(wide ? 0x3a : 0x2e, little);
  const counted = header.getUint16(wide ? 0x3c : 0x30, little);
  const namesIndex = header.getUint16(wide ? 0x3e : 0x32, little);
  if (tableAt === 0 || entryBytes !== (wide ? 64 : 40)) return null;
  const inFile = (offset: number, size: number) => offset >= 0 && size >= 0 && offset + size <= blob.size;
  if (!inFile(tableAt, entryBytes)) return null;
  // More sections than 16 bits can say are counted in the first entry.
  const first = viewOf(await blob.read(tableAt, entryBytes));
  const count = counted || Number(word(first, 0x20, 0x14));
  const namesAt = namesIndex === 0xffff ? first.getUint32(wide ? 0x28 : 0x18, little) : namesIndex;
  if (count > maxSections || namesAt >= count || !inFile(tableAt, entryBytes * count)) return null;
  const table = viewOf(await blob.read(tableAt, entryBytes * count));
  const place = (index: number) => {
    const base = index * entryBytes;
    return { offset: Number(word(table, 0x18, 0x10, base)), size: Number(word(table, 0x20, 0x14, base)) };
  };
  const namesPlace = place(namesAt);
  if (namesPlace.size > maxNamesBytes || !inFile(namesPlace.offset, namesPlace.size)) return null;
  const names = Buffer.from(await blob.read(namesPlace.offset, namesPlace.size));
  return Array.from({ length: count }, (_, index) => {
    const base = index * entryBytes;
    const nameAt = Math.min(table.getUint32(base, little), names.length);
    const nameEnd = names.indexOf(0, nameAt);
    const { offset, size } = place(index);
    const isHere = table.getUint32(base + 4, little) !== typeNoBits && size > 0 && inFile(offset, size);
    return {
      name: names.toString("latin1", nameAt, nameEnd === -1 ? names.length : nameEnd),
      content: isHere ? { offset, size } : null,
      executable: (word(table, 0x08, 0x08, base) & flagExecutable) !== 0n,
    };
  });
}

const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

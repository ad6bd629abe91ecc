/**
 * Ids of ELF files. The build id is a note (name size u32, size u32, type u32, name, contents; each padded to 4 bytes) in a note segment or a
 * note section. Without one Breakpad's and Mozilla's tools compute an id: the first 4096 bytes of .text, folded by xor.
 */
import { Cursor } from "../bytes/cursor.ts";
import { decodeUtf8 } from "../bytes/text.ts";
import { type ElfFile, namedSection } from "./elf-file.ts";
import { noteBuildId, sectionNote, segmentNote } from "./records.ts";

const maxNoteBytes = 1 << 20;
const foldedTextBytes = 4096;

/** Note segments first, then note sections. Ranges that do not lie in the file are passed over: debug files keep headers of what was removed. */
export function readBuildId(file: ElfFile): Uint8Array | null {
  const places = [...file.segments.filter(({ type }) => type === segmentNote), ...file.sections.filter(({ type }) => type === sectionNote)];
  for (const { offset, size } of places) {
    if (size < 12 || size > maxNoteBytes || offset + size > file.source.size) continue;
    const found = buildIdNote(new Cursor(file.source.read(offset, size), "elf: note", offset, file.littleEndian));
    if (found !== null) return found;
  }
  return null;
}

function buildIdNote(cursor: Cursor): Uint8Array | null {
  while (cursor.left >= 12) {
    const nameSize = cursor.u32();
    const size = cursor.u32();
    const type = cursor.u32();
    const paddedName = Math.ceil(nameSize / 4) * 4;
    const padded = Math.ceil(size / 4) * 4;
    if (paddedName + size > cursor.left) return null;
    const name = decodeUtf8(cursor.bytes(paddedName));
    const description = cursor.bytes(size);
    if (type === noteBuildId && name === "GNU" && size > 0) return description;
    if (padded - size > cursor.left) return null;
    cursor.skip(padded - size);
  }
  return null;
}

/** 16 bytes made from the code; null when the file does not hold it. */
export function foldedText(file: ElfFile): Uint8Array | null {
  const text = namedSection(file, ".text");
  if (text === null) return null;
  const bytes = text.read(0, Math.min(text.size, foldedTextBytes));
  const folded = new Uint8Array(16);
  for (let i = 0; i < bytes.length; i++) folded[i % 16]! ^= bytes[i]!;
  return folded;
}

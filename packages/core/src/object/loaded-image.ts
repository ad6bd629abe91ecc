/**
 * Unwind rules and code of an image as the loader laid it out: full-memory dumps hold every module, though its file is long gone.
 *
 * PE images are read as they lie, addresses being offsets. ELF and Mach-O images are shown to their readers as the files they were loaded
 * from: an offset of the file is found through the segments, which say what was put where. What was not loaded (section headers, symbols) or
 * not captured is not there; reading it throws FormatError, as reading past the end of a file does.
 */
import { type ByteSource, checkRange } from "../bytes/byte-source.ts";
import { FormatError } from "../bytes/format-error.ts";
import { openElf } from "../elf/elf-file.ts";
import { segmentLoad } from "../elf/records.ts";
import { openElfUnwind } from "../elf/unwind.ts";
import { openMachO } from "../macho/headers.ts";
import { openImageUnwind } from "../macho/unwind.ts";
import { openPeUnwind } from "../pe/open.ts";
import type { UnwindSource } from "../unwind/rules.ts";

/** Captured bytes from an image-relative address: `length` of them, or null. */
export type LoadedBytes = (relativeAddress: number, length: number) => Uint8Array | null;

/** Headers with their load commands or program headers; more than linkers write. */
const MAX_HEADER_BYTES = 1 << 16;

/** Null when the image is of no format with unwind rules, or its headers were not captured. Throws FormatError for damaged ones. */
export function openLoadedUnwind(read: LoadedBytes, sizeBytes: number): UnwindSource | null {
  const magic = read(0, 4);
  if (magic === null) return null;
  switch (new DataView(magic.buffer, magic.byteOffset, 4).getUint32(0)) {
    case 0x7f454c46:
      return openElfUnwind(elfFile(read, sizeBytes), "memory");
    case 0xfeedface:
    case 0xfeedfacf:
    case 0xcefaedfe:
    case 0xcffaedfe:
      return machOUnwind(read, sizeBytes);
  }
  return magic[0] === 0x4d && magic[1] === 0x5a ? openPeUnwind(new Loaded(read, sizeBytes, []), "memory") : null;
}

/** Where a stretch of a file was loaded. */
type Piece = { fileOffset: number; size: number; relativeAddress: number };

/** The file that an image was loaded from, as far as it was captured; without pieces, the image as it lies. */
class Loaded implements ByteSource {
  readonly size: number;
  readonly #read: LoadedBytes;
  readonly #pieces: readonly Piece[];

  constructor(read: LoadedBytes, sizeBytes: number, pieces: readonly Piece[]) {
    this.#read = read;
    this.#pieces = pieces;
    this.size = pieces.length === 0 ? sizeBytes : Math.max(...pieces.map((piece) => piece.fileOffset + piece.size));
  }

  read(offset: number, length: number): Uint8Array {
    checkRange(this.size, offset, length);
    const bytes = this.#read(this.#addressOf(offset, length), length);
    if (bytes === null || bytes.length < length) throw new FormatError("loaded image", offset, `${length} bytes were not captured`);
    return bytes;
  }

  #addressOf(offset: number, length: number): number {
    if (this.#pieces.length === 0) return offset;
    const piece = this.#pieces.find(({ fileOffset, size }) => offset >= fileOffset && offset + length <= fileOffset + size);
    if (piece === undefined) throw new FormatError("loaded image", offset, `${length} bytes were not loaded`);
    return piece.relativeAddress + (offset - piece.fileOffset);
  }
}

/** The headers alone, for reading the segments: they lie at the image's start, whatever the file's offsets are. */
function headersOf(read: LoadedBytes, sizeBytes: number): ByteSource {
  return new Loaded(read, Math.min(sizeBytes, MAX_HEADER_BYTES), []);
}

function elfFile(read: LoadedBytes, sizeBytes: number): ByteSource {
  const { segments } = openElf(headersOf(read, sizeBytes), "memory");
  const pieces = segments
    .filter(({ type, size }) => type === segmentLoad && size > 0)
    .map(({ offset, size, address }) => ({ fileOffset: offset, size, relativeAddress: address }));
  return new Loaded(read, sizeBytes, pieces);
}

function machOUnwind(read: LoadedBytes, sizeBytes: number): UnwindSource | null {
  const headers = headersOf(read, sizeBytes);
  const start = openMachO(headers, { cpu: null, offset: 0, size: headers.size });
  if (start === null) return null;
  // Libraries of the system share one file: their own header is at no offset of theirs.
  const pieces: Piece[] = [{ fileOffset: 0, size: headers.size, relativeAddress: 0 }];
  for (const { fileOffset, memorySize: size, start: relativeAddress } of start.segments) {
    if (size > 0) pieces.unshift({ fileOffset, size, relativeAddress });
  }
  const file = new Loaded(read, sizeBytes, pieces);
  const image = openMachO(file, { cpu: null, offset: 0, size: file.size });
  if (image === null) return null;
  const { functionStarts } = image;
  const hasStarts = functionStarts !== null && isThere(file, functionStarts.offset, functionStarts.size);
  return openImageUnwind(hasStarts ? image : { ...image, functionStarts: null });
}

function isThere(file: ByteSource, offset: number, size: number): boolean {
  try {
    file.read(offset, size);
    return true;
  } catch (error) {
    if (error instanceof FormatError) return false;
    throw error;
  }
}

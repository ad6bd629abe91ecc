/**
 * Members of a cabinet (.cab, and .pd_ or .dl_ as Windows' tools pack them) and of a 7z archive, through libarchive: MSZIP, LZX and LZMA are
 * not our business. The packed file lies in memory, the members do not.
 */
import { readFile, stat } from "node:fs/promises";
import { FormatError } from "@salvage/core";
import { ArchiveReader, type LibarchiveWasm, libarchiveWasm } from "libarchive-wasm";
import type { Member } from "./member.ts";

/** WebAssembly's memory ends at 4 GiB, and the import's own memory earlier. */
const maxPackedBytes = 512 * 1024 * 1024;
const chunkBytes = 1024 * 1024;

let library: Promise<LibarchiveWasm> | null = null;

export const walkCabinet = (path: string) => walk(path, "cab");
export const walkSevenZip = (path: string) => walk(path, "7z");

async function* walk(path: string, kind: "cab" | "7z"): AsyncGenerator<Member, void, void> {
  const { size } = await stat(path);
  if (size > maxPackedBytes)
    throw new FormatError(kind, null, `${size} bytes; at most ${maxPackedBytes} can be unpacked: upload it as a zip`);
  const bytes = await readFile(path);
  library ??= libarchiveWasm();
  const libarchive = await library;
  const reader = orFormatError(kind, () => new ArchiveReader(libarchive, new Int8Array(bytes.buffer, bytes.byteOffset, bytes.length)));
  try {
    for (let entry = nextEntry(reader, kind); entry !== null; entry = nextEntry(reader, kind)) {
      if (entry.getFiletype() !== "File") continue;
      const name = entry.getPathname();
      yield { name, sizeBytes: entry.getSize(), packedBytes: null, content: () => contentOf(reader, kind) };
    }
  } finally {
    reader.free();
  }
}

function nextEntry(reader: ArchiveReader, kind: string) {
  return orFormatError(kind, () => reader.nextEntry());
}

async function* contentOf(reader: ArchiveReader, kind: string): AsyncGenerator<Uint8Array> {
  for (;;) {
    const chunk = orFormatError(kind, () => reader.readData(chunkBytes));
    if (chunk.length === 0) return;
    yield new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length);
  }
}

function orFormatError<T>(kind: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new FormatError(kind, null, error instanceof Error ? error.message : String(error));
  }
}

/**
 * Packed debug sections. Whatever the container, the old form is a section .zdebug_… (__zdebug_…) that holds "ZLIB", the unpacked size as u64
 * big-endian, and zlib data. ELF's present form has a flag and a header of its own (elf/debug-sections.ts).
 */
import { BufferSource, type ByteSource } from "../bytes/byte-source.ts";
import { Cursor } from "../bytes/cursor.ts";
import { FormatError } from "../bytes/format-error.ts";
import type { Compression, Ports } from "../bytes/ports.ts";
import { SliceSource } from "../bytes/slice-source.ts";

/** zlib packs 1032 to 1 at most; small sections of zeroes go further. Nobody's debug information is larger than the last. */
const maxRatio = 1100;
const alwaysAllowedBytes = 1 << 20;
const maxUnpackedBytes = 2 ** 34;
const headerBytes = 12;

/** Null without ports. Throws FormatError for damaged data and for sizes that no packer reaches. */
export function unpackSection(form: Compression, packed: ByteSource, size: number, ports: Ports | null, what: string): ByteSource | null {
  if (size > maxUnpackedBytes || size > Math.max(alwaysAllowedBytes, packed.size * maxRatio))
    throw new FormatError(what, null, `${packed.size} bytes that announce ${size}`);
  if (size === 0) return new BufferSource(new Uint8Array(0));
  return ports === null ? null : ports.decompress(form, packed, size, size);
}

/** A section packed the old way. */
export function unpackOldSection(stored: ByteSource, ports: Ports | null, what: string, fileOffset: number): ByteSource | null {
  const header = new Cursor(stored.read(0, Math.min(headerBytes, stored.size)), what, fileOffset, false);
  if (header.u32() !== 0x5a4c4942) throw new FormatError(what, fileOffset, 'no "ZLIB" in front');
  const size = header.u64AsNumber();
  return unpackSection("zlib", new SliceSource(stored, headerBytes, stored.size - headerBytes), size, ports, what);
}

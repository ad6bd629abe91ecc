/**
 * A minidump's header and directory, and access to its streams.
 *
 * Layout (all fields in the writer's byte order; "PMDM" on disk means big-endian):
 *   header     0 magic "MDMP" · 4 version (low 16 bits 0xa793) · 8 stream count · 12 directory offset · 16 checksum ·
 *              20 time stamp (seconds since 1970) · 24 flags (u64)
 *   directory  per stream: 0 type · 4 size · 8 offset ("RVA") in the file
 *
 * In the wild: directories with unused entries (type 0), the same type twice (the later one counts, as other readers do, unless
 * it is empty), streams that overlap or reach past the end of a cut file (read as far as they go, with a warning).
 */
import type { ByteSource } from "../bytes/byte-source.ts";
import { Cursor } from "../bytes/cursor.ts";
import { FormatError } from "../bytes/format-error.ts";
import { decodeUtf8, decodeUtf16 } from "../bytes/text.ts";
import {
  DIRECTORY_ENTRY_BYTES,
  HEADER_BYTES,
  MAX_STREAMS,
  MAX_STRING_BYTES,
  MINIDUMP_MAGIC,
  STREAM,
  STREAM_TITLE,
  type StreamName,
} from "./constants.ts";
import { Warnings } from "./warnings.ts";

type StreamRange = { offset: number; size: number };

export class Minidump {
  readonly source: ByteSource;
  readonly littleEndian: boolean;
  /** Header time stamp, seconds since 1970; null when the writer left it out. */
  readonly timestampSeconds: number | null;
  readonly warnings = new Warnings();
  readonly #streams = new Map<number, StreamRange>();

  /** Throws FormatError when the bytes are no minidump at all or not one stream begins within them; other damage is a warning. */
  constructor(source: ByteSource) {
    this.source = source;
    if (source.size < HEADER_BYTES) throw new FormatError("minidump: header", 0, `need ${HEADER_BYTES} bytes, file has ${source.size}`);
    const bytes = source.read(0, HEADER_BYTES);
    const magic = new Cursor(bytes, "minidump: header").u32();
    if (magic !== MINIDUMP_MAGIC && swap32(magic) !== MINIDUMP_MAGIC) {
      throw new FormatError("minidump: header", 0, `magic is 0x${magic.toString(16).padStart(8, "0")}, not "MDMP"`);
    }
    this.littleEndian = magic === MINIDUMP_MAGIC;
    const header = new Cursor(bytes, "minidump: header", 0, this.littleEndian);
    header.skip(8);
    const streamCount = header.u32();
    const directoryOffset = header.u32();
    header.skip(4);
    const timestamp = header.u32();
    this.timestampSeconds = timestamp === 0 ? null : timestamp;
    this.#readDirectory(streamCount, directoryOffset);
    if (![...this.#streams.values()].some(({ offset, size }) => size > 0 && offset < source.size)) {
      const stated =
        streamCount === 0 ? "it has no streams" : `none of its ${streamCount} streams begins within the file (${source.size} bytes)`;
      throw new FormatError("minidump: directory", directoryOffset, stated);
    }
  }

  #readDirectory(streamCount: number, directoryOffset: number): void {
    const room = Math.max(0, Math.floor((this.source.size - directoryOffset) / DIRECTORY_ENTRY_BYTES));
    const count = Math.min(streamCount, room, MAX_STREAMS);
    if (count < streamCount) {
      this.warnings.add("directory", directoryOffset, `says ${streamCount} streams, reading ${count}`);
    }
    if (count === 0) return;
    const cursor = this.cursor("directory", directoryOffset, count * DIRECTORY_ENTRY_BYTES);
    for (let i = 0; i < count; i++) {
      const type = cursor.u32();
      const size = cursor.u32();
      const offset = cursor.u32();
      if (type === 0) continue;
      const known = this.#streams.get(type);
      if (known && size === 0) continue;
      if (known && STREAM_NAME.has(type)) this.warnings.add(titleOf(type), offset, "stream occurs more than once, the later one is used");
      this.#streams.set(type, { offset, size });
    }
  }

  has(name: StreamName): boolean {
    return this.#streams.has(STREAM[name]);
  }

  /** A cursor over a stream's bytes (at most `maxBytes`), or null when absent or wholly outside the file. A cut stream is warned of. */
  stream(name: StreamName, maxBytes: number): Cursor | null {
    const range = this.#streams.get(STREAM[name]);
    if (!range) return null;
    const title = STREAM_TITLE[name];
    const room = this.source.size - range.offset;
    if (room <= 0) {
      this.warnings.add(title, range.offset, `starts past the end of the file (${this.source.size} bytes)`);
      return null;
    }
    if (range.size > room) this.warnings.add(title, range.offset, `needs ${range.size} bytes, ${room} left in the file`);
    return this.cursor(title, range.offset, Math.min(range.size, room, maxBytes));
  }

  /** A stream that is text as the system had it (a file of /proc, a comment); null when absent. */
  text(name: StreamName, maxBytes: number): string | null {
    return this.warnings.guard<string | null>(
      STREAM_TITLE[name],
      () => {
        const c = this.stream(name, maxBytes);
        return c && decodeUtf8(c.bytes(c.left));
      },
      null,
    );
  }

  /** A cursor over any range of the file; throws FormatError when it reaches past the end. */
  cursor(what: string, offset: number, length: number): Cursor {
    return new Cursor(this.bytes(what, offset, length), `minidump: ${what}`, offset, this.littleEndian);
  }

  bytes(what: string, offset: number, length: number): Uint8Array {
    if (!(offset >= 0) || length > this.source.size - offset) {
      throw new FormatError(`minidump: ${what}`, offset, `need ${length} bytes, ${Math.max(0, this.source.size - offset)} left`);
    }
    return this.source.read(offset, length);
  }

  /** A MINIDUMP_STRING: u32 length in bytes, then UTF-16. Offset 0 means none. */
  utf16String(what: string, offset: number): string | null {
    if (offset === 0) return null;
    const length = this.cursor(what, offset, 4).u32();
    const room = Math.max(0, this.source.size - offset - 4);
    return decodeUtf16(this.bytes(what, offset + 4, Math.min(length, room, MAX_STRING_BYTES)), this.littleEndian);
  }

  /** A Crashpad string: u32 length in bytes, then UTF-8. Offset 0 means none. */
  utf8String(what: string, offset: number): string | null {
    if (offset === 0) return null;
    const length = this.cursor(what, offset, 4).u32();
    const room = Math.max(0, this.source.size - offset - 4);
    return decodeUtf8(this.bytes(what, offset + 4, Math.min(length, room, MAX_STRING_BYTES)));
  }

  /**
   * Opens a stream that is `u32 count` followed by fixed records, tolerating a pad of 4 bytes after the count (Breakpad aligns
   * 64-bit records so), a count larger than the stream, and a cut file. Null when the stream is absent.
   */
  list(name: StreamName, entryBytes: number, maxEntries: number): { count: number; cursor: Cursor } | null {
    const title = STREAM_TITLE[name];
    const range = this.#streams.get(STREAM[name]);
    if (!range) return null;
    const cursor = this.stream(name, 8 + entryBytes * maxEntries);
    if (!cursor) return null;
    const stated = this.warnings.guard(title, () => cursor.u32(), 0);
    if (stated > 0 && range.size === 8 + stated * entryBytes) this.warnings.guard(title, () => cursor.skip(4), undefined);
    const count = Math.min(stated, Math.floor(cursor.left / entryBytes), maxEntries);
    if (count < stated) this.warnings.add(title, cursor.fileOffset, `says ${stated} entries, reading ${count}`);
    return { count, cursor };
  }
}

const STREAM_NAME: ReadonlyMap<number, StreamName> = new Map(Object.entries(STREAM).map(([name, type]) => [type, name as StreamName]));

function titleOf(type: number): string {
  const name = STREAM_NAME.get(type);
  return name ? STREAM_TITLE[name] : `stream 0x${type.toString(16)}`;
}

function swap32(value: number): number {
  return ((value & 0xff) * 0x1000000 + ((value >>> 8) & 0xff) * 0x10000 + ((value >>> 16) & 0xff) * 0x100 + (value >>> 24)) >>> 0;
}

/**
 * The __unwind_info section: Apple's compact unwind information, written by the linkers (ld64, ld-prime, lld).
 *
 *   header        version 1, common encodings (offset, count), personalities (offset, count), index (offset, count)   28 bytes
 *   index         { function offset, page offset, LSDA offset } …; ascending; the last one, without a page, says where code ends
 *   regular page  kind 2, entries at (u16), entry count (u16); { function offset, encoding } …
 *   compressed    kind 3, entries at, entry count, page encodings at, their count (u16 each); { 8 bits encoding, 24 bits function offset } …
 *                 offsets count from the page's first function; encoding numbers below the common count are common ones
 *
 * An entry covers everything up to the next one. Linkers fold neighbours with equal encodings into one entry, so an entry is not one function.
 * An encoding describes a function's body as it is at calls: not its prologue, not its epilogues. Personality and LSDA do not matter here.
 *
 * Specification: <mach-o/compact_unwind_encoding.h>.
 */
import { partitionPoint } from "../bytes/bisect.ts";
import type { ByteSource } from "../bytes/byte-source.ts";
import { Cursor } from "../bytes/cursor.ts";
import { FormatError } from "../bytes/format-error.ts";
import { UnwindPage } from "./constants.ts";

/** Functions from relative address `start` up to `end` unwind by one encoding; 0 says that nothing is known. */
export type CompactEntry = { start: number; end: number; encoding: number };

export interface CompactUnwind {
  /** Where the table begins; null for an empty one. */
  readonly firstStart: number | null;
  /** The entry that covers a relative address; null outside the table. Throws FormatError for a damaged page. */
  find(relative: number): CompactEntry | null;
}

const HEADER_BYTES = 28;
const INDEX_ENTRY_BYTES = 12;
/** Pages remembered: a stack visits few, a conversion visits them in order. */
const MAX_REMEMBERED_PAGES = 64;

/** `section` is the place of __unwind_info in `source`. Throws FormatError when its header or index is damaged. */
export function openCompactUnwind(source: ByteSource, section: { fileOffset: number; size: number }, littleEndian: boolean): CompactUnwind {
  return new CompactUnwindTable(source, section, littleEndian);
}

/** One page, unfolded: starts ascending. */
type Page = { starts: Uint32Array; encodings: Uint32Array };

class CompactUnwindTable implements CompactUnwind {
  readonly #source: ByteSource;
  readonly #at: number;
  readonly #size: number;
  readonly #littleEndian: boolean;
  readonly #commonAt: number;
  readonly #commonCount: number;
  /** First function of each page, and the end of the last. */
  readonly #firstOf: Uint32Array;
  readonly #pageAt: Uint32Array;
  readonly #pages = new Map<number, Page>();

  constructor(source: ByteSource, section: { fileOffset: number; size: number }, littleEndian: boolean) {
    this.#source = source;
    this.#at = section.fileOffset;
    this.#size = section.size;
    this.#littleEndian = littleEndian;
    const header = this.#cursor("header", 0, HEADER_BYTES);
    const version = header.u32();
    if (version !== 1) throw new FormatError("mach-o: __unwind_info header", this.#at, `version ${version}`);
    this.#commonAt = header.u32();
    this.#commonCount = header.u32();
    header.skip(8);
    const indexAt = header.u32();
    const indexCount = header.u32();
    if (this.#commonCount * 4 > this.#size || indexCount * INDEX_ENTRY_BYTES > this.#size) {
      header.fail(`${this.#commonCount} common encodings, ${indexCount} index entries in ${this.#size} bytes`);
    }
    const index = this.#cursor("index", indexAt, indexCount * INDEX_ENTRY_BYTES);
    this.#firstOf = new Uint32Array(indexCount);
    this.#pageAt = new Uint32Array(indexCount);
    for (let i = 0; i < indexCount; i++) {
      this.#firstOf[i] = index.u32();
      this.#pageAt[i] = index.u32();
      index.skip(4);
      if (i > 0 && this.#firstOf[i]! < this.#firstOf[i - 1]!) index.fail("index is not ascending");
    }
  }

  get firstStart(): number | null {
    return this.#firstOf[0] ?? null;
  }

  find(relative: number): CompactEntry | null {
    const at = partitionPoint(this.#firstOf.length, (i) => this.#firstOf[i]! <= relative) - 1;
    // The last entry only marks the end.
    if (at < 0 || at + 1 >= this.#firstOf.length) return null;
    const page = this.#page(at);
    const entry = partitionPoint(page.starts.length, (i) => page.starts[i]! <= relative) - 1;
    return entry < 0 ? null : this.#entry(at, page, entry);
  }

  #entry(at: number, page: Page, i: number): CompactEntry {
    const limit = this.#firstOf[at + 1]!;
    const end = i + 1 < page.starts.length ? Math.min(page.starts[i + 1]!, limit) : limit;
    return { start: page.starts[i]!, end, encoding: page.encodings[i]! };
  }

  #page(at: number): Page {
    const known = this.#pages.get(at);
    if (known !== undefined) return known;
    const page = this.#readPage(this.#firstOf[at]!, this.#pageAt[at]!);
    if (this.#pages.size >= MAX_REMEMBERED_PAGES) this.#pages.clear();
    this.#pages.set(at, page);
    return page;
  }

  #readPage(firstFunction: number, pageAt: number): Page {
    if (pageAt === 0) return { starts: new Uint32Array(0), encodings: new Uint32Array(0) };
    const kind = this.#cursor("page", pageAt, 4).u32();
    if (kind === UnwindPage.regular) return this.#readRegular(pageAt);
    if (kind === UnwindPage.compressed) return this.#readCompressed(firstFunction, pageAt);
    throw new FormatError("mach-o: __unwind_info page", this.#at + pageAt, `kind ${kind}`);
  }

  #readRegular(pageAt: number): Page {
    const head = this.#cursor("page", pageAt + 4, 4);
    const entriesAt = head.u16();
    const count = head.u16();
    const entries = this.#cursor("page", pageAt + entriesAt, count * 8);
    const page = { starts: new Uint32Array(count), encodings: new Uint32Array(count) };
    for (let i = 0; i < count; i++) {
      page.starts[i] = entries.u32();
      page.encodings[i] = entries.u32();
      if (i > 0 && page.starts[i]! < page.starts[i - 1]!) entries.fail("functions are not ascending");
    }
    return page;
  }

  #readCompressed(firstFunction: number, pageAt: number): Page {
    const head = this.#cursor("page", pageAt + 4, 8);
    const entriesAt = head.u16();
    const count = head.u16();
    const encodingsAt = head.u16();
    const encodingCount = head.u16();
    const entries = this.#cursor("page", pageAt + entriesAt, count * 4);
    const common = this.#cursor("common encodings", this.#commonAt, this.#commonCount * 4);
    const own = this.#cursor("page encodings", pageAt + encodingsAt, encodingCount * 4);
    const page = { starts: new Uint32Array(count), encodings: new Uint32Array(count) };
    for (let i = 0; i < count; i++) {
      const word = entries.u32();
      const start = firstFunction + (word & 0xffffff);
      const number = word >>> 24;
      const isCommon = number < this.#commonCount;
      const encodings = isCommon ? common : own;
      const place = isCommon ? number : number - this.#commonCount;
      if (place * 4 >= encodings.length) {
        entries.seek(4 * i);
        entries.fail(`encoding ${number} of ${this.#commonCount} + ${encodingCount}`);
      }
      encodings.seek(place * 4);
      page.starts[i] = start;
      page.encodings[i] = encodings.u32();
      if (i > 0 && start < page.starts[i - 1]!) entries.fail("functions are not ascending");
    }
    return page;
  }

  /** `length` bytes from an offset in the section. */
  #cursor(what: string, offset: number, length: number): Cursor {
    if (length > this.#size - offset) {
      throw new FormatError(
        `mach-o: __unwind_info ${what}`,
        this.#at + offset,
        `need ${length} bytes, ${Math.max(0, this.#size - offset)} left`,
      );
    }
    return new Cursor(this.#source.read(this.#at + offset, length), `mach-o: __unwind_info ${what}`, this.#at + offset, this.#littleEndian);
  }
}

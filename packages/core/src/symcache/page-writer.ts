/**
 * Writes the pages of a symcache in one forward pass with bounded memory.
 *
 * Each kind of record fills its own open page. A page gets its number when it is opened, since records elsewhere refer to it at once, and
 * is written when all pages before it are complete. Should one page stay open while many others fill up behind it, it is closed half full.
 */
import { F64Column, U32Column } from "../bytes/columns.ts";
import { FormatError } from "../bytes/format-error.ts";
import { PageKind as Kind, maxPages, type PageKind, pageBytes, pageChecksum, payloadBytes, recordBytes, trailer } from "./layout.ts";

/** Where a symcache is written to: strictly one after the other, except for the header page, which is filled in at the end. */
export interface SymcacheSink {
  /** Appends bytes; they may be reused by the caller after the call. */
  write(bytes: Uint8Array): void;
  /** Overwrites bytes written before. Called once, at the end, for the first page. */
  patch(offset: number, bytes: Uint8Array): void;
}

/** Complete pages that may wait for an open one before them (4 MiB). */
const maxWaitingPages = 1024;
const batchBytes = 64 * pageBytes;

/** A page being filled. Belongs to the stream again once it has been added: written pages are used anew. */
export class Page {
  kind: PageKind;
  number: number;
  readonly bytes: Uint8Array<ArrayBuffer> = new Uint8Array(pageBytes);
  readonly view: DataView;
  used = 0;

  constructor(kind: PageKind, number: number) {
    this.kind = kind;
    this.number = number;
    this.view = new DataView(this.bytes.buffer);
  }

  reuse(kind: PageKind, number: number): this {
    this.bytes.fill(0);
    this.kind = kind;
    this.number = number;
    this.used = 0;
    return this;
  }

  seal(): void {
    this.view.setUint16(trailer.kind, this.kind, true);
    this.view.setUint16(trailer.used, this.used, true);
    this.view.setUint32(trailer.number, this.number, true);
    this.view.setUint32(trailer.checksum, pageChecksum(this.view), true);
  }
}

/** The file as a whole: numbers pages, keeps their order. */
export class PageStream {
  readonly #sink: SymcacheSink;
  readonly #complete = new Map<number, Page>();
  readonly #open = new Map<number, RecordPages>();
  readonly #batch = new Uint8Array(batchBytes);
  readonly #free: Page[] = [];
  #batched = 0;
  #written = 0;
  pageCount = 0;

  constructor(sink: SymcacheSink) {
    this.#sink = sink;
    this.add(this.newPage(Kind.header)); // place of the header; replaced at the end
  }

  newPage(kind: PageKind): Page {
    if (this.pageCount >= maxPages) throw new FormatError("symcache", null, "the lookup file would exceed 16 GiB");
    const number = this.pageCount++;
    return this.#free.pop()?.reuse(kind, number) ?? new Page(kind, number);
  }

  /** Opens a page that `owner` fills; it may be asked to close it early. */
  open(kind: PageKind, owner: RecordPages): Page {
    while (this.pageCount - this.#written >= maxWaitingPages) {
      const late = this.#open.get(this.#written);
      if (late === undefined) break;
      late.close();
    }
    const page = this.newPage(kind);
    this.#open.set(page.number, owner);
    return page;
  }

  /** Hands over a complete page. */
  add(page: Page): void {
    page.seal();
    this.#open.delete(page.number);
    this.#complete.set(page.number, page);
    for (let next = this.#complete.get(this.#written); next !== undefined; next = this.#complete.get(this.#written)) {
      this.#complete.delete(this.#written);
      this.#written++;
      if (this.#batched === batchBytes) this.#flush();
      this.#batch.set(next.bytes, this.#batched);
      this.#batched += pageBytes;
      this.#free.push(next);
    }
  }

  #flush(): void {
    if (this.#batched > 0) this.#sink.write(this.#batch.subarray(0, this.#batched));
    this.#batched = 0;
  }

  /** A page to be filled in and given to `finish`. */
  headerPage(): Page {
    return new Page(Kind.header, 0);
  }

  /** Writes out everything and puts `header` in the first page's place. All pages must be complete. */
  finish(header: Page): void {
    this.#flush();
    header.seal();
    this.#sink.patch(0, header.bytes);
  }
}

/** Records of one kind, page after page. */
export class RecordPages {
  readonly #stream: PageStream;
  readonly #kind: PageKind;
  #page: Page | null = null;

  constructor(stream: PageStream, kind: PageKind) {
    this.#stream = stream;
    this.#kind = kind;
  }

  /** The open page, with room for `bytes` more; opens a new one when the rest of the page is too small. */
  room(bytes: number): Page {
    if (this.#page !== null && this.#page.used + bytes > payloadBytes) this.close();
    // Opening may close pages that wait too long, but never this one: it is not open.
    this.#page ??= this.#stream.open(this.#kind, this);
    return this.#page;
  }

  /** Ref of the next record to be written to `page`. */
  static refOf(page: Page): number {
    return (page.number * pageBytes + page.used) / 4;
  }

  close(): void {
    const page = this.#page;
    if (page === null) return;
    this.#page = null;
    this.#stream.add(page);
  }
}

/** Leaves of a search tree: records that start with an ascending u32, and the index pages above them. */
export class TreePages {
  readonly #stream: PageStream;
  readonly #leaves: RecordPages;
  readonly #firstStart = new U32Column();
  readonly #pageNumber = new F64Column();
  #lastNumber = -1;

  constructor(stream: PageStream, kind: PageKind) {
    this.#stream = stream;
    this.#leaves = new RecordPages(stream, kind);
  }

  /** Room for a record that starts with `start`. */
  room(bytes: number, start: number): Page {
    const page = this.#leaves.room(bytes);
    if (page.number !== this.#lastNumber) {
      this.#lastNumber = page.number;
      this.#firstStart.push(start);
      this.#pageNumber.push(page.number);
    }
    return page;
  }

  /** Completes the leaves and writes the index above them. Root 0 = the tree is empty. */
  finish(): { root: number; levels: number } {
    this.#leaves.close();
    let starts: U32Column = this.#firstStart;
    let pages: F64Column = this.#pageNumber;
    if (pages.length === 0) return { root: 0, levels: 0 };
    let levels = 0;
    while (pages.length > 1) {
      const upperStarts = new U32Column();
      const upperPages = new F64Column();
      let page: Page | null = null;
      for (let i = 0; i < pages.length; i++) {
        if (page === null || page.used + recordBytes.index > payloadBytes) {
          if (page !== null) this.#stream.add(page);
          page = this.#stream.newPage(Kind.index);
          upperStarts.push(starts.at(i));
          upperPages.push(page.number);
        }
        page.view.setUint32(page.used, starts.at(i), true);
        page.view.setUint32(page.used + 4, pages.at(i), true);
        page.used += recordBytes.index;
      }
      if (page !== null) this.#stream.add(page);
      starts = upperStarts;
      pages = upperPages;
      levels++;
    }
    return { root: pages.at(0), levels };
  }
}

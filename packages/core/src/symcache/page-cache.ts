/** Checked pages of a symcache, a bounded number of them kept. */
import type { ByteSource } from "../bytes/byte-source.ts";
import { FormatError } from "../bytes/format-error.ts";
import { type PageKind, pageBytes, pageChecksum, pageKindName, payloadBytes, trailer } from "./layout.ts";

/** A page whose checksum, number and fill have been checked. */
export type CheckedPage = { number: number; kind: number; used: number; bytes: Uint8Array; view: DataView; recent: boolean };

export class PageCache {
  readonly pageCount: number;
  /** Bytes asked of the source so far. */
  bytesRead = 0;
  readonly #source: ByteSource;
  readonly #maxPages: number;
  /** By page number: a lookup asks for a dozen, and an array is several times faster than a Map of all. */
  readonly #pages: (CheckedPage | undefined)[];
  /** The pages kept, as a clock: where the hand points the next one goes. */
  readonly #clock: CheckedPage[] = [];
  #hand = 0;

  constructor(source: ByteSource, maxPages: number) {
    this.#source = source;
    this.#maxPages = maxPages;
    this.pageCount = Math.floor(source.size / pageBytes);
    this.#pages = new Array(this.pageCount);
  }

  /** The page, checked. `what` names what is being read for errors. Throws FormatError for a damaged page or one of another kind. */
  page(number: number, kind: PageKind, what: string): CheckedPage {
    const page = this.anyPage(number, what);
    if (page.kind !== kind) {
      throw new FormatError(`symcache: ${what}`, number * pageBytes, `page holds ${pageKindName(page.kind)}, not ${pageKindName(kind)}`);
    }
    return page;
  }

  /** The page that a ref points into, whatever its kind. */
  anyPage(number: number, what: string): CheckedPage {
    const known = this.#pages[number];
    if (known !== undefined) {
      known.recent = true;
      return known;
    }
    const page = this.#load(number, what);
    this.#keep(page);
    return page;
  }

  #load(number: number, what: string): CheckedPage {
    const offset = number * pageBytes;
    if (number >= this.pageCount) throw new FormatError(`symcache: ${what}`, offset, `page ${number} of ${this.pageCount}`);
    // A copy: the source may hand out a view of something large, or of something it will write to.
    const bytes = this.#source.read(offset, pageBytes).slice();
    this.bytesRead += pageBytes;
    const view = new DataView(bytes.buffer, bytes.byteOffset, pageBytes);
    if (view.getUint32(trailer.checksum, true) !== pageChecksum(view)) throw new FormatError("symcache: page", offset, "checksum differs");
    const used = view.getUint16(trailer.used, true);
    if (view.getUint32(trailer.number, true) !== number) throw new FormatError("symcache: page", offset, "page is in the wrong place");
    if (used > payloadBytes) throw new FormatError("symcache: page", offset, `${used} bytes of records in a page`);
    return { number, kind: view.getUint16(trailer.kind, true), used, bytes, view, recent: false };
  }

  /** Second chance: the oldest page that was not used since the hand passed it goes. */
  #keep(page: CheckedPage): void {
    this.#pages[page.number] = page;
    if (this.#clock.length < this.#maxPages) {
      this.#clock.push(page);
      return;
    }
    let oldest = this.#clock[this.#hand]!;
    while (oldest.recent) {
      oldest.recent = false;
      this.#hand = (this.#hand + 1) % this.#clock.length;
      oldest = this.#clock[this.#hand]!;
    }
    this.#pages[oldest.number] = undefined;
    this.#clock[this.#hand] = page;
    this.#hand = (this.#hand + 1) % this.#clock.length;
  }
}

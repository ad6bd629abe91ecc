/** A symcache looked at from end to end: every page, every record. What a lookup would meet one day is met now. */
import type { ByteSource } from "../bytes/byte-source.ts";
import { FormatError } from "../bytes/format-error.ts";
import { openSymcache, type SymcacheHeader } from "./reader.ts";

/** Pages and records between two reports of progress. */
const perProgress = 1 << 10;
/** The share of progress that the pages take; the rest is the records. */
const pagesShare = 0.3;

/** Throws FormatError for the first damage. `progress` receives a growing count that ends at source.size. */
export function checkSymcache(source: ByteSource, progress: (bytesDone: number) => void = () => {}): SymcacheHeader {
  const file = openSymcache(source);
  const { header } = file;
  for (let page = 0; page < file.pageCount; page++) {
    file.checkPage(page);
    if (page % perProgress === 0) progress(Math.floor((pagesShare * source.size * page) / file.pageCount));
  }
  const records = Math.max(1, header.rangeCount + header.rowCount);
  const each = (starts: Iterable<number>, what: string, done: number, look: (address: number) => void): number => {
    let last = -1;
    let count = 0;
    for (const start of starts) {
      if (start <= last) throw new FormatError(`symcache: ${what}`, null, `0x${start.toString(16)} comes after 0x${last.toString(16)}`);
      last = start;
      look(start);
      if (++count % perProgress === 0)
        progress(Math.floor(source.size * (pagesShare + (1 - pagesShare) * Math.min(1, (done + count) / records))));
    }
    return count;
  };
  const ranges = each(file.starts.names, "ranges", 0, (address) => file.names?.lookup(address));
  if (ranges !== header.rangeCount) throw new FormatError("symcache: ranges", null, `${ranges} of ${header.rangeCount} found`);
  const rows = each(file.starts.unwind, "rows", ranges, (address) => file.unwind?.find(address));
  if (rows !== header.rowCount) throw new FormatError("symcache: rows", null, `${rows} of ${header.rowCount} found`);
  each(file.starts.windowsFrames, "winRows", ranges + rows, (address) => file.windowsFrames?.find(address));
  progress(source.size);
  return header;
}

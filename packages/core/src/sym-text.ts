/** A small door of core, for a process that is started often to make the text of a .sym: loading all of core would take longer than that. */

export { type ByteSource, checkRange } from "./bytes/byte-source.ts";
export { FormatError } from "./bytes/format-error.ts";
export type { SymcacheSink } from "./symcache/page-writer.ts";
export { openSymcache } from "./symcache/reader.ts";
export { type SymTextModule, type SymTextParts, symcacheToSym } from "./symcache/to-breakpad.ts";

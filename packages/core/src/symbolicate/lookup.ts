/**
 * What the symbolicator asks of a source of names. A .sym file and a symcache implement it; the report knows only this.
 */

/** One frame of the source program at an address. */
export type SourceFrame = {
  /** Name as the debug file states it. */
  function: string;
  /** Image-relative start of the physical (not inlined) function that holds the address; the same for the whole inline chain. */
  functionAddress: number;
  /** Source path as the debug file states it; null when unknown. */
  file: string | null;
  /** Source line from 1; null when unknown. */
  line: number | null;
  /**
   * Of the physical function: names of others that the linker folded into the same code, in the debug file's order. The crash may have been in
   * any of them. Only lookup files made from functions at one place and of one extent say this, and they give the first few.
   */
  aliases?: string[];
};

/** Names of one image. */
export interface NameLookup {
  /**
   * The frames at an image-relative address, innermost inlined function first, the physical function last; null when no
   * function or symbol is known there. Callers pass an address inside the call (return address minus one), not the return
   * address. Throws FormatError for a damaged file.
   */
  lookup(relativeAddress: number): SourceFrame[] | null;
}

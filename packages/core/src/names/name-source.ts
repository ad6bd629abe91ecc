/**
 * What every reader of names gives, beyond the answer at one address: all functions and symbols of the file, for a lookup file.
 *
 *   reader (dwarf, pdb, elf, pe, macho) ── visit ──► NameSink: the writer of lookup files, a test, a table on a terminal
 */
import type { NameLookup } from "../symbolicate/lookup.ts";
import type { FunctionBlock } from "./function-block.ts";

/** Resolves the ids in a FunctionBlock. UTF-8 as the debug file states it; null when it names nothing. Views may be reused by the next call. */
export interface FunctionTexts {
  file(id: number): Uint8Array | null;
  /** Name of an inlined function. */
  origin(id: number): Uint8Array | null;
}

/** Receives functions and symbols in whatever order is cheap to read. */
export interface NameSink {
  /** `texts` is one object for as long as the block's ids mean the same, so that a sink may remember them by it. The block is reused after the call. */
  function(block: FunctionBlock, texts: FunctionTexts): void;
  /**
   * A name from a symbol table: it counts where no function covers. `size` in bytes; 0: not known, it holds to the next symbol, to the next
   * function that starts at or above it, or to the end of its section, which `limit` states (0xffffffff: none known). Of several symbols the
   * one that starts last wins, of equal starts the first given.
   */
  symbol(address: number, size: number, name: Uint8Array, limit: number): void;
}

/** Damage that did not stop the reading: all counted, the first few with their place in the file. */
export type NameDamage = { readonly count: number; readonly first: readonly { offset: number; reason: string }[] };

/**
 * Names of one image, read from a debug file: asked by address, where only the units that hold it are read; or all of them.
 * Where several functions cover an address the answer is the one that starts last, of equal starts the first that `visit` gives; functions come before
 * symbols. `lookup` and a lookup file made by `visit` give the same answers.
 */
export interface NameSource extends NameLookup {
  readonly hasLines: boolean;
  readonly hasInlines: boolean;
  readonly damage: NameDamage;
  /** Gives everything once. `progress` receives a growing count of bytes of the file, up to its size. Throws FormatError when nothing can be read. */
  visit(sink: NameSink, progress: (bytesDone: number) => void): void;
}

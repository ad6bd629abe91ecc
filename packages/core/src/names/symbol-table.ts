/**
 * Names from symbol tables: of ELF, Mach-O, PE exports and COFF. A symbol has an address, perhaps a size, a name and the section it lies in.
 *
 *   at one address the largest symbol counts, of equal ones the one that was added last (files list local symbols first)
 *   a symbol without a size reaches to the next symbol or boundary, at most to the end of its section
 *   a symbol inside another hides that part of it
 */
import { ascendingOrder } from "../bytes/ascending.ts";
import { lastAtOrBelow } from "../bytes/bisect.ts";
import { F64Column, U32Column } from "../bytes/columns.ts";
import { FormatError } from "../bytes/format-error.ts";
import { type DisjointRanges, makeDisjoint } from "../bytes/intervals.ts";
import { shortText } from "../bytes/short-text.ts";
import type { SourceFrame } from "../symbolicate/lookup.ts";
import type { NameDamage, NameSink, NameSource } from "./name-source.ts";

/** Browsers have about one million; beyond this a table is damage, and its columns would take hundreds of megabytes. */
const maxSymbols = 8 << 20;
const none: NameDamage = { count: 0, first: [] };
const progressEvery = 4096;

/** Resolves name ids of one table. UTF-8; the view may be reused by the next call. */
export interface SymbolNames {
  name(id: number): Uint8Array;
}

/** Collects symbols, then `finish`es. All addresses are image-relative, ends exclusive. */
export class SymbolTableBuilder {
  readonly #address = new U32Column();
  readonly #size = new U32Column();
  readonly #limit = new F64Column();
  readonly #nameId = new F64Column();
  readonly #table = new U32Column();
  readonly #tables: SymbolNames[] = [];

  /** `size` 0: not known. `limit`: where the symbol ends at the latest. Symbols outside [0, 2^32) are left out. */
  add(names: SymbolNames, nameId: number, address: number, size: number, limit: number): void {
    if (!(address >= 0 && address <= 0xffffffff && limit > address)) return;
    if (this.#address.length >= maxSymbols) throw new FormatError("symbol table", null, `more than ${maxSymbols} symbols of code`);
    let table = this.#tables.indexOf(names);
    if (table < 0) table = this.#tables.push(names) - 1;
    this.#address.push(address);
    this.#size.push(Math.min(size, 0xffffffff, limit - address));
    this.#limit.push(limit);
    this.#nameId.push(nameId);
    this.#table.push(table);
  }

  /** Symbols added so far. */
  get count(): number {
    return this.#address.length;
  }

  /**
   * Null without symbols. `boundaries`: where functions start, named or not, ascending.
   * @param fileBytes what `visit` reports as done at its end
   */
  finish(boundaries: Uint32Array, fileBytes: number): SymbolTable | null {
    const chosen = this.#chosen();
    if (chosen.length === 0) return null;
    const start = chosen.map((symbol) => this.#address.at(symbol));
    const end = new Float64Array(chosen.length);
    for (let k = 0; k < chosen.length; k++) {
      const symbol = chosen[k]!;
      const size = this.#size.at(symbol);
      if (size > 0) {
        end[k] = start[k]! + size;
        continue;
      }
      const boundary = lastAtOrBelow(boundaries, start[k]!) + 1;
      const next = k + 1 < chosen.length ? start[k + 1]! : Number.POSITIVE_INFINITY;
      end[k] = Math.min(this.#limit.at(symbol), next, boundaries[boundary] ?? Number.POSITIVE_INFINITY, 2 ** 32);
    }
    const nameId = Float64Array.from(chosen, (symbol) => this.#nameId.at(symbol));
    const table = chosen.map((symbol) => this.#table.at(symbol));
    return new SymbolTable({ start, end, nameId, table }, this.#tables, fileBytes);
  }

  /** One symbol for each address, ascending. */
  #chosen(): Uint32Array {
    const address = this.#address.view();
    const order = ascendingOrder(address);
    const chosen = new Uint32Array(order.length);
    let count = 0;
    for (let k = 0; k < order.length; k++) {
      const symbol = order[k]!;
      const last = chosen[count - 1];
      if (last === undefined || address[last] !== address[symbol]) chosen[count++] = symbol;
      else if (this.#size.at(symbol) >= this.#size.at(last)) chosen[count - 1] = symbol;
    }
    return chosen.slice(0, count);
  }
}

type SymbolColumns = { start: Uint32Array; end: Float64Array; nameId: Float64Array; table: Uint32Array };

/** Symbols in ascending order of their addresses, one for each. */
export class SymbolTable implements NameSource {
  readonly hasLines = false;
  readonly hasInlines = false;
  readonly damage = none;
  readonly #columns: SymbolColumns;
  readonly #tables: readonly SymbolNames[];
  readonly #fileBytes: number;
  readonly #ranges: DisjointRanges | null;

  constructor(columns: SymbolColumns, tables: readonly SymbolNames[], fileBytes: number) {
    this.#columns = columns;
    this.#tables = tables;
    this.#fileBytes = fileBytes;
    this.#ranges = makeDisjoint(columns.start, columns.end, columns.start.length);
  }

  lookup(relativeAddress: number): SourceFrame[] | null {
    const range = this.rangeAt(relativeAddress);
    if (range < 0 || this.rangeStart(range) > relativeAddress) return null;
    const symbol = this.symbolOf(range);
    const name = this.name(symbol);
    return [{ function: shortText(name, 0, name.length), functionAddress: this.start(symbol), file: null, line: null }];
  }

  visit(sink: NameSink, progress: (bytesDone: number) => void): void {
    const { start, end } = this.#columns;
    for (let symbol = 0; symbol < start.length; symbol++) {
      sink.symbol(start[symbol]!, end[symbol]! - start[symbol]!, this.name(symbol), 0xffffffff);
      if (symbol % progressEvery === 0) progress(Math.floor((this.#fileBytes * symbol) / start.length));
    }
    progress(this.#fileBytes);
  }

  /**
   * Symbols as disjoint ranges, ascending, a symbol several where others lie inside it. The range that covers an address, or the first above it;
   * -1 when there is none.
   */
  rangeAt(relativeAddress: number): number {
    const start = this.#ranges?.start ?? this.#columns.start;
    const below = lastAtOrBelow(start, relativeAddress);
    const range = below >= 0 && relativeAddress < this.rangeEnd(below) ? below : below + 1;
    return range < start.length ? range : -1;
  }

  get rangeCount(): number {
    return (this.#ranges?.start ?? this.#columns.start).length;
  }

  rangeStart(range: number): number {
    return (this.#ranges?.start ?? this.#columns.start)[range]!;
  }

  rangeEnd(range: number): number {
    return (this.#ranges?.end ?? this.#columns.end)[range]!;
  }

  symbolOf(range: number): number {
    return this.#ranges === null ? range : this.#ranges.item[range]!;
  }

  start(symbol: number): number {
    return this.#columns.start[symbol]!;
  }

  end(symbol: number): number {
    return this.#columns.end[symbol]!;
  }

  /** A view that the next call may reuse. */
  name(symbol: number): Uint8Array {
    return this.#tables[this.#columns.table[symbol]!]!.name(this.#columns.nameId[symbol]!);
  }
}

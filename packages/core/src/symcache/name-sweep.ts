/**
 * Functions and symbols, sorted by start, to ranges of a symcache: at each address the function that starts last, of equal starts the first
 * given; where no function covers, the symbol by the same rule.
 *
 *   functions   A [10, 50)   B [20, 30)        symbols   s [45, 60)   t at 70, no size
 *   ranges      10 A   20 B   30 A   50 s   60 none   70 t …
 *
 * Functions of one extent with different names are one piece of code that the linker folded: the first keeps the ranges, the others become its
 * aliases. Symbols likewise.
 */
import { NONE } from "../names/function-block.ts";
import type { ExtentSorter } from "./extent-sorter.ts";
import { blobField, blobHeaderWords, blobRecordWords } from "./function-blob.ts";
import type { Spool } from "./spool.ts";
import { noRef, type SymcacheWriter } from "./writer.ts";

/** What stands in an extent's `high` when it is a symbol's; its `low` is then the name. Of a function both are its place in the spool. */
export const symbolHigh = { sized: 0x80000000, open: 0x80000001 } as const;

/** Functions that may stand around one address, each inside the one before; real ones are at most a few deep. The outermost are dropped. */
const maxNesting = 256;
/** Refs of functions with several parts that are remembered. */
const maxKnownFunctions = 4096;
/** Names kept of one folded symbol. */
const maxSymbolAliases = 1 << 12;
const windowRanges = 1024;
const addressSpace = 0x100000000;
const extentsPerProgress = 1 << 14;

/** A function that covers the sweep's address, or will again when those inside it have ended. */
class OpenFunction {
  start = 0;
  end = 0;
  position = 0;
  name = noRef;
  alias = noRef;
  /** Its record; noRef until it is written. */
  ref = noRef;
  inlineRefs: Uint32Array<ArrayBuffer> = new Uint32Array(64);
  /** Ranges in all, and the one in force. */
  ranges = 0;
  range = 0;
  rangesAt = 0;

  open(start: number, end: number, position: number, name: number): void {
    this.start = start;
    this.end = end;
    this.position = position;
    this.name = name;
    this.alias = noRef;
    this.ref = noRef;
    this.ranges = 0;
    this.range = 0;
  }
}

type OpenSymbol = { start: number; end: number; serial: number; name: number; ref: number; aliases: number[] | null };

export class NameSweep {
  readonly #writer: SymcacheWriter;
  readonly #spool: Spool;
  readonly #extents: ExtentSorter;
  /** Each inside the one before; the pool keeps those that have ended. */
  readonly #functions: OpenFunction[] = [];
  #depth = 0;
  readonly #symbols: OpenSymbol[] = [];
  /** The symbol without size that is in force. */
  #loose: OpenSymbol | null = null;
  #serial = 0;
  #lastFunctionStart = -1;
  /** Everything below is written. */
  #at = 0;
  readonly #known = new Map<number, number>();
  readonly #window = new Uint32Array(windowRanges * blobRecordWords);
  /** Place in the spool of what the window holds. */
  #windowAt = -1;
  #windowFilled = 0;

  constructor(writer: SymcacheWriter, spool: Spool, extents: ExtentSorter) {
    this.#writer = writer;
    this.#spool = spool;
    this.#extents = extents;
  }

  /** Writes all ranges. `progress` receives a growing share of 1. */
  run(progress: (share: number) => void): void {
    const extents = this.#extents;
    for (let count = 0; extents.next(); count++) {
      if (count % extentsPerProgress === 0) progress(count / extents.length);
      const { start, end, low, high } = extents;
      this.#advance(start);
      if (high < symbolHigh.sized) this.#openFunction(start, end, high * addressSpace + low);
      else this.#openSymbol(start, end, low, high === symbolHigh.open);
    }
    this.#advance(addressSpace);
    progress(1);
  }

  #openFunction(start: number, end: number, position: number): void {
    const header = this.#spool.read(position, blobHeaderWords);
    const name = header[blobField.name]!;
    let alias: number = noRef;
    while (this.#depth > 0) {
      const top = this.#functions[this.#depth - 1]!;
      // From here on the new one hides it.
      if (top.end > end) break;
      if (top.start === start && top.end === end) alias = this.#folded(top, name);
      this.#depth--;
    }
    if (this.#depth === maxNesting) this.#dropOutermost();
    if (this.#depth === this.#functions.length) this.#functions.push(new OpenFunction());
    const opened = this.#functions[this.#depth++]!;
    opened.open(start, end, position, name);
    opened.alias = alias;
    this.#lastFunctionStart = start;
    this.#loose = null;
  }

  /** Writes a function that shares all its code with one named `firstName`, and returns the alias that the latter has by it. */
  #folded(hidden: OpenFunction, firstName: number): number {
    if (hidden.name === firstName) return hidden.alias;
    const header = this.#spool.read(hidden.position, blobHeaderWords);
    return this.#writer.function(header[blobField.address]!, header[blobField.size]!, hidden.name, hidden.alias);
  }

  #dropOutermost(): void {
    this.#functions.push(...this.#functions.splice(0, 1));
    this.#depth--;
  }

  #openSymbol(start: number, end: number, name: number, isOpen: boolean): void {
    const symbol: OpenSymbol = { start, end, serial: this.#serial++, name, ref: noRef, aliases: null };
    const loose = this.#loose;
    if (loose !== null && loose.start < start) this.#loose = null;
    if (isOpen) {
      // A function that starts here ends it at once.
      if (this.#lastFunctionStart === start) return;
      if (loose !== null && loose.start === start && loose.end === end) takeNames(symbol, loose);
      this.#loose = symbol;
      return;
    }
    const symbols = this.#symbols;
    for (let top = symbols.at(-1); top !== undefined && top.end <= end; top = symbols.at(-1)) {
      if (top.start === start && top.end === end) takeNames(symbol, top);
      symbols.pop();
    }
    if (symbols.length === maxNesting) symbols.shift();
    symbols.push(symbol);
  }

  /** Writes what holds up to `limit`, where the next extent starts. */
  #advance(limit: number): void {
    while (this.#at < limit) {
      while (this.#depth > 0 && this.#functions[this.#depth - 1]!.end <= this.#at) this.#depth--;
      if (this.#depth > 0) {
        const top = this.#functions[this.#depth - 1]!;
        const until = Math.min(top.end, limit);
        this.#writeFunction(top, this.#at, until);
        this.#at = until;
        continue;
      }
      const symbol = this.#symbolHere();
      if (symbol === null) {
        this.#writer.range(this.#at, noRef, noRef, 0);
        this.#at = limit;
      } else {
        if (symbol.ref === noRef) symbol.ref = this.#symbolRef(symbol);
        this.#writer.range(this.#at, symbol.ref, noRef, 0);
        this.#at = Math.min(symbol.end, limit);
      }
    }
  }

  #symbolHere(): OpenSymbol | null {
    const symbols = this.#symbols;
    while (symbols.length > 0 && symbols.at(-1)!.end <= this.#at) symbols.pop();
    const sized = symbols.at(-1) ?? null;
    const loose = this.#loose;
    if (loose === null || loose.end <= this.#at) return sized;
    if (sized === null) return loose;
    // Of equal starts the one given first, which comes last.
    return sized.start > loose.start || (sized.start === loose.start && sized.serial > loose.serial) ? sized : loose;
  }

  #symbolRef(symbol: OpenSymbol): number {
    let alias: number = noRef;
    for (const name of symbol.aliases?.toReversed() ?? []) alias = this.#writer.function(symbol.start, 0, name, alias);
    return this.#writer.function(symbol.start, 0, symbol.name, alias);
  }

  #writeFunction(open: OpenFunction, from: number, to: number): void {
    if (open.ref === noRef) this.#writeRecords(open);
    while (open.range + 1 < open.ranges && this.#startOf(open, open.range + 1) <= from) open.range++;
    this.#writeRange(open, from);
    while (open.range + 1 < open.ranges) {
      const start = this.#startOf(open, open.range + 1);
      if (start >= to) break;
      open.range++;
      this.#writeRange(open, start);
    }
  }

  /** The function's record and those of what is inlined into it. */
  #writeRecords(open: OpenFunction): void {
    const writer = this.#writer;
    const header = this.#spool.read(open.position, blobHeaderWords);
    const number = header[blobField.number]!;
    const hasOtherParts = header[blobField.hasOtherParts] === 1 && open.alias === noRef;
    const inlines = header[blobField.inlines]!;
    open.ranges = header[blobField.ranges]!;
    open.rangesAt = open.position + blobHeaderWords + inlines * blobRecordWords;
    const known = hasOtherParts ? this.#known.get(number) : undefined;
    open.ref = known ?? writer.function(header[blobField.address]!, header[blobField.size]!, open.name, open.alias);
    if (hasOtherParts && known === undefined) {
      if (this.#known.size >= maxKnownFunctions) this.#known.clear();
      this.#known.set(number, open.ref);
    }
    if (inlines === 0) return;
    if (open.inlineRefs.length < inlines) open.inlineRefs = new Uint32Array(2 ** Math.ceil(Math.log2(inlines)));
    const records = this.#spool.read(open.position + blobHeaderWords, inlines * blobRecordWords);
    for (let i = 0; i < inlines; i++) {
      const at = i * blobRecordWords;
      const outer = records[at]!;
      open.inlineRefs[i] = writer.inline(
        outer === NONE ? open.ref : open.inlineRefs[outer]!,
        records[at + 1]!,
        records[at + 2]!,
        records[at + 3]!,
      );
    }
  }

  #writeRange(open: OpenFunction, start: number): void {
    const at = this.#inWindow(open, open.range);
    const window = this.#window;
    const scope = window[at + 1]!;
    this.#writer.range(start, scope === NONE ? open.ref : open.inlineRefs[scope]!, window[at + 2]!, window[at + 3]!);
  }

  #startOf(open: OpenFunction, range: number): number {
    return this.#window[this.#inWindow(open, range)]!;
  }

  /** Place in the window of a function's range, read into it when it is not there. */
  #inWindow(open: OpenFunction, range: number): number {
    const place = open.rangesAt + range * blobRecordWords;
    const at = place - this.#windowAt;
    if (this.#windowAt >= 0 && at >= 0 && at < this.#windowFilled) return at;
    this.#windowFilled = Math.min(open.ranges - range, windowRanges) * blobRecordWords;
    this.#window.set(this.#spool.read(place, this.#windowFilled));
    this.#windowAt = place;
    return 0;
  }
}

/** `first` shares its extent with `hidden`, given after it. */
function takeNames(first: OpenSymbol, hidden: OpenSymbol): void {
  const names = hidden.aliases ?? [];
  if (hidden.name !== first.name && names.length < maxSymbolAliases) names.unshift(hidden.name);
  first.aliases = names;
}

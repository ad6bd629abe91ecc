/**
 * Names of debug information and of symbol tables as one source: functions of the debug information first, symbols where it is silent.
 *
 * Debug information that knows lines but no functions (clang's -gline-tables-only, assembler files) gives functions without a name; they are
 * named by the symbols that lie in them, and cut at those:
 *
 *   function ""  [100, 200) with lines      symbols  a [100, 140)  b [140, 180)
 *   gives        a [100, 140)   b [140, 180)   "" [180, 200), each with its lines
 *
 * Brief debug information states plain names where the symbol table has linkage names, which say more: a function "crashHere" at a symbol
 * "_ZN3geo9crashHereEi" takes the symbol's name.
 */

import { shortText } from "../bytes/short-text.ts";
import type { SourceFrame } from "../symbolicate/lookup.ts";
import { FunctionBlock } from "./function-block.ts";
import type { FunctionTexts, NameDamage, NameSink, NameSource } from "./name-source.ts";
import type { SymbolTable } from "./symbol-table.ts";

const nameless = new Uint8Array(0);
/** Inline records looked at while functions without a name are cut; beyond this a file is made to cost time, and their inlines are left out. */
const maxInlineChecks = 1 << 26;

/** How C++, Rust, Swift and Microsoft's names begin where they are mangled; `isMangled` says the same of bytes. */
const mangled = /^(_Z|_R|_T|\$[sS]|\?)/;
/** Swift's mangled names have a letter for "init" and "deinit". */
const swiftMangled = /^(_T|\$[sS])/;
/** Where template arguments or parameters begin. */
const behindName = /[<(]/;

/** Either may be absent; null when both are. */
export function combineNames(debug: NameSource | null, symbols: SymbolTable | null): NameSource | null {
  return debug === null || symbols === null ? (debug ?? symbols) : new CombinedNames(debug, symbols);
}

class CombinedNames implements NameSource {
  readonly #debug: NameSource;
  readonly #symbols: SymbolTable;

  constructor(debug: NameSource, symbols: SymbolTable) {
    this.#debug = debug;
    this.#symbols = symbols;
  }

  get hasLines(): boolean {
    return this.#debug.hasLines;
  }

  get hasInlines(): boolean {
    return this.#debug.hasInlines;
  }

  get damage(): NameDamage {
    return this.#debug.damage;
  }

  lookup(relativeAddress: number): SourceFrame[] | null {
    const frames = this.#debug.lookup(relativeAddress);
    const outermost = frames?.at(-1);
    if (frames === null || outermost === undefined) return this.#symbols.lookup(relativeAddress);
    if (outermost.function !== "") {
      const name = linkageName(this.#symbols, outermost.functionAddress, outermost.function);
      return name === null
        ? frames
        : frames.map((frame) => (frame === outermost ? { ...frame, function: shortText(name, 0, name.length) } : frame));
    }
    const symbol = this.#symbols.lookup(relativeAddress)?.[0];
    if (symbol === undefined) return frames;
    const { functionAddress } = symbol;
    return frames.map((frame) => ({ ...frame, functionAddress, function: frame === outermost ? symbol.function : frame.function }));
  }

  visit(sink: NameSink, progress: (bytesDone: number) => void): void {
    this.#debug.visit(new NamingSink(sink, this.#symbols), progress);
    this.#symbols.visit(sink, () => {});
  }
}

/** The mangled name of the symbol that starts where a function of a plain name does; null when there is none, or it is another function's. */
function linkageName(symbols: SymbolTable, start: number, plainName: string): Uint8Array | null {
  if (mangled.test(plainName)) return null;
  const range = symbols.rangeAt(start);
  if (range < 0 || range >= symbols.rangeCount) return null;
  const symbol = symbols.symbolOf(range);
  if (symbols.start(symbol) !== start || symbols.rangeStart(range) !== start) return null;
  const name = symbols.name(symbol);
  const text = shortText(name, 0, name.length);
  const word = identifierOf(plainName);
  // A class without a name has a destructor "~".
  if (word === "") return plainName === "~" && /D[012]Ev$/.test(text) ? name : null;
  const isSame = text.includes(word) || (swiftMangled.test(text) && (word === "init" || word === "deinit"));
  return mangled.test(text) && isSame ? name : null;
}

function isMangled(name: Uint8Array): boolean {
  const first = name[0];
  const second = name[1];
  if (first === 0x5f) return second === 0x5a || second === 0x52 || second === 0x54;
  return first === 0x3f || (first === 0x24 && (second === 0x73 || second === 0x53));
}

/** A word that the mangled name must hold: "geo::Ring<int>" has "Ring", "category.get" has "category". */
function identifierOf(plainName: string): string {
  const behind = plainName.search(behindName);
  const qualified = behind < 0 ? plainName : plainName.slice(0, behind);
  return /^~?(\w*)/.exec(qualified.slice(qualified.lastIndexOf(":") + 1))?.[1] ?? "";
}

/** Passes on what it gets, and names what has no name. */
class NamingSink implements NameSink {
  readonly #sink: NameSink;
  readonly #symbols: SymbolTable;
  readonly #block = new FunctionBlock();
  #order = new Uint32Array(0);
  #inlinesLeft = maxInlineChecks;

  constructor(sink: NameSink, symbols: SymbolTable) {
    this.#sink = sink;
    this.#symbols = symbols;
  }

  symbol(address: number, size: number, name: Uint8Array, limit: number): void {
    this.#sink.symbol(address, size, name, limit);
  }

  function(block: FunctionBlock, texts: FunctionTexts): void {
    if (block.name.length > 0) {
      this.#named(block, texts);
      return;
    }
    const starts = block.lineStart.view();
    this.#order = Uint32Array.from(starts, (_, i) => i).sort((a, b) => starts[a]! - starts[b]!);
    for (let part = 0; part < block.partStart.length; part++) this.#part(block, texts, block.partStart.at(part), block.partEnd.at(part));
  }

  /** The block is its reader's: it gets its own name back. */
  #named(block: FunctionBlock, texts: FunctionTexts): void {
    const { name } = block;
    const fuller = isMangled(name) ? null : linkageName(this.#symbols, block.address, shortText(name, 0, name.length));
    if (fuller !== null) block.name = fuller;
    this.#sink.function(block, texts);
    block.name = name;
  }

  #part(block: FunctionBlock, texts: FunctionTexts, start: number, end: number): void {
    const symbols = this.#symbols;
    let at = start;
    for (let range = symbols.rangeAt(start); range >= 0 && range < symbols.rangeCount && symbols.rangeStart(range) < end; range++) {
      const from = Math.max(at, symbols.rangeStart(range));
      const until = Math.min(end, symbols.rangeEnd(range));
      if (from > at) this.#piece(block, texts, at, from, block.address, nameless);
      const symbol = symbols.symbolOf(range);
      this.#piece(block, texts, from, until, symbols.start(symbol), symbols.name(symbol));
      at = until;
    }
    if (at < end) this.#piece(block, texts, at, end, block.address, nameless);
  }

  /** Lines are looked for from the one in force at `start`, by order of their addresses. */
  #piece(block: FunctionBlock, texts: FunctionTexts, start: number, end: number, address: number, name: Uint8Array): void {
    const piece = this.#block;
    piece.clear();
    piece.address = address;
    piece.size = end - address;
    piece.name = name;
    piece.partStart.push(start);
    piece.partEnd.push(end);
    for (let k = this.#firstLine(block, start); k < this.#order.length; k++) {
      const line = this.#order[k]!;
      if (block.lineStart.at(line) >= end) break;
      piece.lineStart.push(Math.max(start, block.lineStart.at(line)));
      piece.lineEndAddress.push(Math.min(end, block.lineEndAddress.at(line)));
      piece.lineNumber.push(block.lineNumber.at(line));
      piece.lineFile.push(block.lineFile.at(line));
    }
    this.#inlinesLeft -= block.inlineStart.length;
    for (let k = 0; k < block.inlineStart.length && this.#inlinesLeft > 0; k++) {
      const from = Math.max(start, block.inlineStart.at(k));
      const until = Math.min(end, block.inlineEndAddress.at(k));
      if (from >= until) continue;
      const record = block.inlineRecord.at(k);
      piece.inlineStart.push(from);
      piece.inlineEndAddress.push(until);
      piece.inlineRecord.push(piece.recordDepth.length);
      piece.recordDepth.push(block.recordDepth.at(record));
      piece.recordCallLine.push(block.recordCallLine.at(record));
      piece.recordCallFile.push(block.recordCallFile.at(record));
      piece.recordOrigin.push(block.recordOrigin.at(record));
    }
    this.#sink.function(piece, texts);
  }

  /** Place in the order of the first line that ends above an address; lines of one function without a name do not overlap. */
  #firstLine(block: FunctionBlock, address: number): number {
    let low = 0;
    let high = this.#order.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (block.lineEndAddress.at(this.#order[middle]!) <= address) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

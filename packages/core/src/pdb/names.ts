/**
 * Names, lines and inlined functions of a PDB 7.
 *
 *   address ─ OMAP ► address as linked ─ contributions ► module ─ its symbols ► function ─ its lines and inline records ► frames
 *
 * A lookup reads the streams of one module and the few types that its answer names; `visit` goes from module to module. Function names are those of
 * the modules' symbols (with namespace and class, without arguments); the mangled names of public symbols count where no function is known.
 * A function counts in the module that contributed its code. Identical functions that the linker folded into that code are given behind all others,
 * by name and extent alone.
 */
import { lastAtOrBelow } from "../bytes/bisect.ts";
import type { ByteSource } from "../bytes/byte-source.ts";
import { U32Column } from "../bytes/columns.ts";
import { FormatError } from "../bytes/format-error.ts";
import { type DisjointRanges, makeDisjoint } from "../bytes/intervals.ts";
import { framesAt } from "../names/answer.ts";
import { DamageLog } from "../names/damage.ts";
import { flattenFunction, Segments } from "../names/flatten.ts";
import { FunctionBlock, NONE } from "../names/function-block.ts";
import type { FunctionTexts, NameSink, NameSource } from "../names/name-source.ts";
import type { SourceFrame } from "../symbolicate/lookup.ts";
import { CrossModule } from "./cross-module.ts";
import { readDbi } from "./dbi.ts";
import { FunctionReader, newModule, type OpenModule } from "./function-reader.ts";
import { ModuleLoader } from "./module-loader.ts";
import { moveBlock, type PieceBudget } from "./moved-block.ts";
import { Msf } from "./msf.ts";
import { Paths } from "./named-streams.ts";
import { Publics } from "./publics.ts";
import { nowhere, type Omap, readOmap, readSections } from "./sections.ts";
import { Symbols } from "./symbols.ts";
import { TypeNames } from "./type-names.ts";

const maxIndexedModules = 8;
const maxCachedFunctions = 64;
/** Modules may name one stream or one block many times; beyond this many times the file's size their reading stops. */
const maxReadRatio = 4;
const readGraceBytes = 64 << 20;

/**
 * Opens the names of a PDB. Throws FormatError for a damaged container, and for a PDB that tells no addresses: a compiler's, or one without section
 * headers.
 */
export function openPdbNames(source: ByteSource): NameSource {
  return new PdbNames(source);
}

/** A module with the functions that count in it, by address. */
type IndexedModule = { open: OpenModule; number: number; ranges: DisjointRanges; rangeFunction: Uint32Array };
/** `part`: which of the block's parts the segments are of. */
type ParsedFunction = { block: FunctionBlock; segments: Segments; part: number };

class PdbNames implements NameSource {
  readonly hasLines: boolean;
  readonly hasInlines: boolean;
  readonly damage = new DamageLog();
  readonly #source: ByteSource;
  readonly #modules: ModuleLoader;
  readonly #symbols: Symbols;
  readonly #omap: Omap | null;
  readonly #pieces: PieceBudget = { left: 0 };
  readonly #texts: FunctionTexts;
  readonly #reader: FunctionReader;
  readonly #indexed = new Map<number, IndexedModule | null>();
  readonly #functions = new Map<number, ParsedFunction>();

  constructor(source: ByteSource) {
    const msf = new Msf(source);
    const dbi = readDbi(msf);
    if (dbi === null) throw new FormatError("pdb", null, "no DBI stream: a PDB of a compiler or of types alone, without addresses");
    const sections = readSections(msf, dbi);
    if (sections === null) throw new FormatError("pdb", null, "no section headers: its addresses have no place in the image");
    this.#source = source;
    this.#modules = new ModuleLoader(msf, dbi, sections, this.damage);
    this.#omap = readOmap(msf, dbi);
    this.#symbols = new Symbols(new Publics(msf, dbi, sections), sections, this.#modules, this.#omap);
    const paths = new Paths(msf);
    this.#reader = new FunctionReader(new CrossModule(this.#modules, paths), this.damage);
    this.hasLines = this.#modules.hasLines;
    this.hasInlines = this.hasLines;
    const types = new TypeNames(msf);
    const { damage } = this;
    this.#texts = {
      file: (id) => damage.guard(0, null, () => paths.at(id)),
      origin: (id) => damage.guard(0, null, () => types.functionName(id)),
    };
  }

  lookup(relativeAddress: number): SourceFrame[] | null {
    const address = this.#omap === null ? relativeAddress : this.#omap.toLinked(relativeAddress);
    if (address === nowhere) return null;
    const owner = this.#modules.owner(address);
    const module = owner < 0 ? null : this.#module(owner);
    const range = module === null ? -1 : lastAtOrBelow(module.ranges.start, address);
    if (module === null || range < 0) return this.#symbols.lookup(address, -1);
    if (address >= module.ranges.end[range]!) return this.#symbols.lookup(address, module.ranges.start[range]!);
    const { block, segments } = this.#function(module, module.rangeFunction[module.ranges.item[range]!]!);
    let part = 0;
    while (part < block.partStart.length && !(block.partStart.at(part) <= relativeAddress && relativeAddress < block.partEnd.at(part)))
      part++;
    if (part === block.partStart.length) return null;
    flattenFunction(block, block.partStart.at(part), block.partEnd.at(part), segments);
    return framesAt(block, segments, this.#texts, relativeAddress);
  }

  #module(number: number): IndexedModule | null {
    let module = this.#indexed.get(number);
    if (module !== undefined) return module;
    module = this.damage.guard(0, null, () => {
      const open = newModule();
      return this.#load(number, open) ? indexModule(open, number) : null;
    });
    makeRoom(this.#indexed, maxIndexedModules);
    this.#indexed.set(number, module);
    return module;
  }

  #function(module: IndexedModule, index: number): ParsedFunction {
    const key = module.number * 0x100000000 + index;
    let parsed = this.#functions.get(key);
    if (parsed !== undefined) return parsed;
    const block = new FunctionBlock();
    this.#reader.beginModule(module.open);
    this.#pieces.left = this.#source.size;
    this.#fill(module.open, index, block);
    // The block outlives the module's bytes.
    block.name = block.name.slice();
    parsed = { block, segments: new Segments(), part: -1 };
    makeRoom(this.#functions, maxCachedFunctions);
    this.#functions.set(key, parsed);
    return parsed;
  }

  /** False when the module has no symbols. Trampolines to nobody knows what do not count. */
  #load(number: number, open: OpenModule): boolean {
    if (!this.#modules.load(number, open)) return false;
    const { start, target, own } = open.symbols;
    for (let i = 0; i < target.length; i++) {
      if (target.at(i) !== start.at(i) && this.#symbols.nameAt(target.at(i)) === null) own.set(i, 0);
    }
    return true;
  }

  /** False for code that is not in the image. */
  #fill(module: OpenModule, index: number, block: FunctionBlock): boolean {
    this.#reader.read(module, index, block);
    if (block.name.length === 0) block.name = this.#symbols.nameAt(module.symbols.target.at(index)) ?? block.name;
    block.name = this.#symbols.deletingDestructor(block.address, block.name) ?? block.name;
    return this.#omap === null || moveBlock(block, this.#omap, this.#pieces);
  }

  visit(sink: NameSink, progress: (bytesDone: number) => void): void {
    const block = new FunctionBlock();
    const open = newModule();
    const folded = new FoldedFunctions();
    const { damage } = this;
    this.#pieces.left = this.#source.size;
    const mayRead = this.#source.size * maxReadRatio + readGraceBytes;
    let read = 0;
    for (let module = 0; module < this.#modules.count && read <= mayRead; module++) {
      read += this.#modules.bytes(module);
      if (read > mayRead) damage.add(0, "modules that name each other's blocks: the rest is left out");
      else damage.guard(0, undefined, () => this.#visitModule(module, open, block, folded, sink));
      progress(Math.min(read, this.#source.size));
    }
    damage.guard(0, undefined, () => this.#visitFolded(open, block, folded, sink));
    damage.guard(0, undefined, () => this.#symbols.visit(sink));
    progress(this.#source.size);
  }

  #visitModule(number: number, open: OpenModule, block: FunctionBlock, folded: FoldedFunctions, sink: NameSink): void {
    if (!this.#load(number, open)) return;
    this.#reader.beginModule(open);
    const { symbols } = open;
    for (let index = 0; index < symbols.offset.length; index++) {
      if (symbols.own.at(index) === 1) {
        folded.owned.push(symbols.start.at(index));
        if (this.#fill(open, index, block)) sink.function(block, this.#texts);
      } else {
        folded.add(number, symbols.offset.at(index), symbols.start.at(index), symbols.end.at(index));
      }
    }
  }

  /** Names of functions whose code another module's function stands for. */
  #visitFolded(open: OpenModule, block: FunctionBlock, folded: FoldedFunctions, sink: NameSink): void {
    const owned = folded.owned.view().slice().sort();
    let module = NONE;
    for (let i = 0; i < folded.start.length; i++) {
      const start = folded.start.at(i);
      const at = lastAtOrBelow(owned, start);
      if (at < 0 || owned[at] !== start) continue;
      if (folded.module.at(i) !== module) {
        module = folded.module.at(i);
        open.window = this.#modules.window(module);
      }
      block.clear();
      block.address = start;
      block.size = folded.end.at(i) - start;
      block.name = this.#reader.nameOf(open.window, folded.offset.at(i));
      block.partStart.push(start);
      block.partEnd.push(folded.end.at(i));
      if (block.name.length > 0 && (this.#omap === null || moveBlock(block, this.#omap, this.#pieces))) sink.function(block, this.#texts);
    }
  }
}

/** Functions by place that are given at the end, and the starts of those that were given. */
class FoldedFunctions {
  readonly module = new U32Column();
  readonly offset = new U32Column();
  readonly start = new U32Column();
  readonly end = new U32Column();
  readonly owned = new U32Column();

  add(module: number, offset: number, start: number, end: number): void {
    this.module.push(module);
    this.offset.push(offset);
    this.start.push(start);
    this.end.push(end);
  }
}

function indexModule(open: OpenModule, number: number): IndexedModule {
  const { symbols } = open;
  const start = new U32Column();
  const end = new U32Column();
  const owner = new U32Column();
  for (let index = 0; index < symbols.offset.length; index++) {
    if (symbols.own.at(index) === 0) continue;
    start.push(symbols.start.at(index));
    end.push(symbols.end.at(index));
    owner.push(index);
    for (let part = symbols.firstPart(index); part < symbols.partStart.length && symbols.partFunction.at(part) === index; part++) {
      start.push(symbols.partStart.at(part));
      end.push(symbols.partEnd.at(part));
      owner.push(index);
    }
  }
  const starts = start.view();
  const ends = end.view();
  const ranges = makeDisjoint(starts, ends, starts.length);
  const item = ranges === null ? new Uint32Array(starts.length).map((_, i) => i) : ranges.item;
  return { open, number, ranges: ranges ?? { start: starts, end: Float64Array.from(ends), item }, rangeFunction: owner.view() };
}

/** Forgets the oldest entry of a map that has reached its limit. */
function makeRoom<K, V>(map: Map<K, V>, limit: number): void {
  if (map.size < limit) return;
  for (const oldest of map.keys()) {
    map.delete(oldest);
    return;
  }
}

/**
 * Names of an image from its DWARF: functions, their lines and the calls inlined into them.
 *
 *   visit    unit by unit, each read once: lines, then one walk over its entries
 *   lookup   once: where the code of each unit lies, from the root entries; once more from all functions when an address of code is in none, as
 *            some compilers' roots leave functions out. Then for an address: the unit's functions (ranges only), its lines, and the one function
 *            that holds the address; all are remembered for a while
 *
 * .debug_aranges is not used: tools leave units out of it, and the root entries say the same.
 */
import { lastAtOrBelow } from "../bytes/bisect.ts";
import { F64Column, U32Column } from "../bytes/columns.ts";
import { FormatError } from "../bytes/format-error.ts";
import { type DisjointRanges, makeDisjoint } from "../bytes/intervals.ts";
import { framesAt } from "../names/answer.ts";
import { DamageLog } from "../names/damage.ts";
import { flattenFunction, Segments } from "../names/flatten.ts";
import { FunctionBlock } from "../names/function-block.ts";
import type { NameSink, NameSource } from "../names/name-source.ts";
import type { SourceFrame } from "../symbolicate/lookup.ts";
import { assembleBareLines, assembleFunction, InlineOrder } from "./assemble.ts";
import { bareLines } from "./bare-lines.ts";
import { type CodeUnit, CodeUnits } from "./code-units.ts";
import { type FunctionTree, FunctionWalker } from "./functions.ts";
import { keepLines } from "./line-program.ts";
import { CodeRanges } from "./range-lists.ts";
import type { DwarfOptions, DwarfSections } from "./sections.ts";
import type { Unit } from "./units.ts";

/** Larger .debug_info is not walked for functions that the roots of their units leave out. */
const maxAskedBytes = 64 << 20;
/** Units remembered with their lines and functions between lookups. */
const maxRememberedUnits = 24;
/** Of each. */
const maxRememberedFunctions = 64;

export type DwarfNames = NameSource & {
  /** Companions that were asked for and not given, as words for a person; grows while units are read. */
  needs(): string[];
};

/**
 * Opens the names of a file. Nothing is read yet. `visit` counts its progress in bytes of .debug_info. An empty function name: the file states none.
 * Throws FormatError when there is no .debug_info.
 */
export function openDwarfNames(sections: DwarfSections, options: DwarfOptions = {}): DwarfNames {
  if (sections.section("info") === null) throw new FormatError("dwarf: .debug_info", null, "is missing");
  return new Names(sections, options);
}

/** Where the code of all units lies; ascending by start, with the highest end so far. `isComplete`: there is no more to be found. */
type UnitIndex = { start: Uint32Array; end: Uint32Array; highestEnd: Uint32Array; unit: Uint32Array; isComplete: boolean };

/** A unit between lookups: one entry of the columns per range of a function, and the same ranges made disjoint. */
type KnownUnit = CodeUnit & {
  offset: number;
  ranges: CodeRanges;
  /** The outermost function to walk for it, and its number in the tree found there. */
  root: F64Column;
  number: U32Column;
  /** From here on the ranges lie in no function. */
  bareRange: number;
  disjoint: DisjointRanges | null;
  /** The functions asked for so far, by range; their ids mean what the unit's texts say. */
  functions: Map<number, KnownFunction>;
};

type KnownFunction = { block: FunctionBlock; segments: Segments };

class Names implements DwarfNames {
  readonly hasLines: boolean;
  readonly hasInlines = true;
  readonly damage = new DamageLog();
  readonly #units: CodeUnits;
  readonly #walker = new FunctionWalker();
  readonly #inlines = new InlineOrder();
  readonly #known = new Map<number, KnownUnit>();
  #index: UnitIndex | null = null;

  constructor(sections: DwarfSections, options: DwarfOptions) {
    this.#units = new CodeUnits(sections, options, this.damage);
    this.hasLines = sections.section("line") !== null;
  }

  needs(): string[] {
    return this.#units.needs();
  }

  visit(sink: NameSink, progress: (bytesDone: number) => void): void {
    const block = new FunctionBlock();
    const { offsets } = this.#units;
    for (let i = 0; i < offsets.length; i++) {
      const unit = this.#open(offsets[i]!);
      if (unit !== null) this.#visitUnit(this.#units.prepare(unit), block, sink);
      progress(i + 1 < offsets.length ? offsets[i + 1]! : this.#units.file.blocks("info")!.size);
    }
  }

  #visitUnit({ unit, stated, lines, texts }: CodeUnit, block: FunctionBlock, sink: NameSink): void {
    const covered = new CodeRanges();
    this.#walk(unit, unit.firstEntry, true, (tree) => {
      const inlines = this.#inlines.of(tree);
      for (let i = 0; i < tree.entry.length; i++) {
        assembleFunction(tree, i, inlines, lines, texts, block);
        block.name = texts.name(tree.entry.at(i));
        sink.function(block, texts);
      }
      covered.append(tree.ranges);
    });
    const bare = bareLines(lines, covered, stated);
    if (bare.start.length === 0) return;
    assembleBareLines(bare, lines, block);
    sink.function(block, texts);
  }

  lookup(relativeAddress: number): SourceFrame[] | null {
    this.#index ??= this.#buildIndex(false);
    const found = this.#lookupIn(this.#index, relativeAddress);
    if (found !== null || this.#index.isComplete || !this.#units.mayBeCode(relativeAddress)) return found;
    this.#index = this.#buildIndex(true);
    return this.#lookupIn(this.#index, relativeAddress);
  }

  #lookupIn({ start, end, highestEnd, unit }: UnitIndex, relativeAddress: number): SourceFrame[] | null {
    let best: KnownUnit | null = null;
    let bestRange = -1;
    let bestStart = -1;
    for (let i = lastAtOrBelow(start, relativeAddress); i >= 0 && highestEnd[i]! > relativeAddress; i--) {
      if (end[i]! <= relativeAddress) continue;
      const known = this.#knownUnit(this.#units.offsets[unit[i]!]!);
      const range = known === null ? -1 : rangeAt(known, relativeAddress);
      if (known === null || range < 0) continue;
      // The function that starts last; of equal starts the one that visit gives first.
      const rangeStart = known.ranges.start.at(range);
      if (rangeStart > bestStart || (rangeStart === bestStart && best !== null && known.offset < best.offset)) {
        best = known;
        bestRange = range;
        bestStart = rangeStart;
      }
    }
    if (best === null) return null;
    const { block, segments } = this.#function(best, bestRange);
    return framesAt(block, segments, best.texts, relativeAddress);
  }

  #open(offset: number): Unit | null {
    return this.damage.guard(offset, null, () => this.#units.open(offset));
  }

  /** Damage ends the walk of this unit alone. */
  #walk(unit: Unit, from: number, withInlines: boolean, tree: (tree: FunctionTree) => void): void {
    if (!unit.abbreviations.hasFunctions) return;
    this.damage.guard(unit.offset, undefined, () => this.#walker.walk(unit, from, withInlines, { tree }));
  }

  /** With `asksAll` units tell all their functions, otherwise only those whose root does not say where their code lies. */
  #buildIndex(asksAll: boolean): UnitIndex {
    const { offsets } = this.#units;
    const ranges = new CodeRanges();
    const owner = new U32Column();
    for (let i = 0; i < offsets.length; i++) {
      const unit = this.#open(offsets[i]!);
      if (unit === null) continue;
      const before = ranges.start.length;
      this.#units.appendUnitRanges(unit, ranges);
      const isStated = ranges.start.length > before;
      // The skeleton of a split unit is written with it, and states all.
      if (!isStated || (asksAll && unit.dwoName === null)) {
        const walked = this.#units.withFunctions(unit);
        this.#walk(walked, walked.firstEntry, false, (tree) => ranges.append(tree.ranges));
      }
      while (owner.length < ranges.start.length) owner.push(i);
    }
    const isComplete = asksAll || (this.#units.file.blocks("info")?.size ?? 0) > maxAskedBytes;
    return { ...sortedIndex(ranges, owner), isComplete };
  }

  #knownUnit(offset: number): KnownUnit | null {
    const found = this.#known.get(offset);
    if (found !== undefined) return found;
    const opened = this.#open(offset);
    if (opened === null) return null;
    const prepared = this.#units.prepare(opened);
    const ranges = new CodeRanges();
    const root = new F64Column();
    const number = new U32Column();
    this.#walk(prepared.unit, prepared.unit.firstEntry, false, (tree) => {
      for (let i = 0; i < tree.entry.length; i++) {
        for (let range = tree.rangeStart.at(i); range < tree.rangeEnd(i); range++) {
          ranges.start.push(tree.ranges.start.at(range));
          ranges.end.push(tree.ranges.end.at(range));
          root.push(tree.root);
          number.push(i);
        }
      }
    });
    const bareRange = ranges.start.length;
    ranges.append(bareLines(prepared.lines, ranges, prepared.stated));
    const disjoint = makeDisjoint(ranges.start.view(), ranges.end.view(), ranges.start.length);
    const known: KnownUnit = {
      ...prepared,
      lines: keepLines(prepared.lines),
      offset,
      ranges,
      root,
      number,
      bareRange,
      disjoint,
      functions: new Map(),
    };
    makeRoom(this.#known, maxRememberedUnits);
    this.#known.set(offset, known);
    return known;
  }

  #function(known: KnownUnit, range: number): KnownFunction {
    const found = known.functions.get(range);
    if (found !== undefined) return found;
    const block = new FunctionBlock();
    const segments = new Segments();
    const { unit, lines, texts } = known;
    if (range >= known.bareRange) {
      assembleBareLines(bareRanges(known), lines, block);
    } else {
      this.#walk(unit, known.root.at(range), true, (tree) => {
        const number = known.number.at(range);
        if (number >= tree.entry.length) return;
        assembleFunction(tree, number, this.#inlines.of(tree), lines, texts, block);
        block.name = texts.name(tree.entry.at(number)).slice();
      });
    }
    flattenFunction(block, known.ranges.start.at(range), known.ranges.end.at(range), segments);
    const parsed = { block, segments };
    makeRoom(known.functions, maxRememberedFunctions);
    known.functions.set(range, parsed);
    return parsed;
  }
}

/** The range of a unit's functions that answers for an address; -1 for none. */
function rangeAt({ ranges, disjoint }: KnownUnit, address: number): number {
  const at = lastAtOrBelow(disjoint?.start ?? ranges.start.view(), address);
  if (at < 0 || address >= (disjoint === null ? ranges.end.at(at) : disjoint.end[at]!)) return -1;
  return disjoint === null ? at : disjoint.item[at]!;
}

function bareRanges({ ranges, bareRange }: KnownUnit): CodeRanges {
  const bare = new CodeRanges();
  for (let i = bareRange; i < ranges.start.length; i++) {
    bare.start.push(ranges.start.at(i));
    bare.end.push(ranges.end.at(i));
  }
  return bare;
}

function sortedIndex(ranges: CodeRanges, owner: U32Column): Omit<UnitIndex, "isComplete"> {
  const order = Uint32Array.from(ranges.start.view(), (_, i) => i).sort((a, b) => ranges.start.at(a) - ranges.start.at(b) || a - b);
  const start = order.map((i) => ranges.start.at(i));
  const end = order.map((i) => ranges.end.at(i));
  const highestEnd = end.slice();
  for (let i = 1; i < highestEnd.length; i++) highestEnd[i] = Math.max(highestEnd[i]!, highestEnd[i - 1]!);
  return { start, end, highestEnd, unit: order.map((i) => owner.at(i)) };
}

/** Forgets the oldest entry of a map that has reached its limit. */
function makeRoom<K, V>(map: Map<K, V>, limit: number): void {
  if (map.size < limit) return;
  for (const oldest of map.keys()) {
    map.delete(oldest);
    return;
  }
}

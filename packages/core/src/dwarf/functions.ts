/**
 * The functions of a unit and the calls inlined into them: one walk over the unit's entries, in the order of the file.
 *
 *   compile unit ─ namespace ─ subprogram with code      a function: its ranges, and below it
 *                                ├─ lexical block          passed through
 *                                │   └─ inlined subroutine  an inlined call: its ranges, depth 0, the function it stands for, where it was called
 *                                │       └─ inlined subroutine  depth 1
 *                                └─ subprogram with code   a function of its own (nested functions of Ada, Fortran, GNU C)
 *
 * The walk hands over each outermost function with all that lies below it, so that memory depends on the largest function, not on the unit. Only
 * attributes that matter are looked at; names are read later, by the offset of the entry (entry-names.ts).
 */
import { F64Column, U32Column } from "../bytes/columns.ts";
import { FormatError } from "../bytes/format-error.ts";
import { NONE } from "../names/function-block.ts";
import { Role } from "./abbreviations.ts";
import { WindowMemory } from "./blocks.ts";
import { EntryReader } from "./entries.ts";
import { appendRanges, CodeRanges, statesCode } from "./range-lists.ts";
import { scanEntries } from "./scan.ts";
import { Slot } from "./slots.ts";
import type { Unit } from "./units.ts";

/** Calls nest some tens deep; beyond, the inner ones are left out. */
export const maxInlineDepth = 250;
/** Functions that stand in functions: a few deep. */
const maxOpenEntries = 2000;
/** The largest function known has some hundred thousand inlined calls. */
const maxInlinesPerFunction = 2 << 20;
/** The same of ranges. A damaged file has one long list for many calls. */
const maxRangesPerFunction = 1 << 20;

/** The functions found below one outermost function, it first. Ranges are image-relative; entries are offsets of the section. */
export class FunctionTree {
  /** Entry of the outermost function, with code or without: from there a walk finds the same tree. */
  root = 0;
  readonly entry = new F64Column();
  /** Function i has the ranges [rangeStart[i], rangeStart[i + 1]) of `ranges`; the last ends with them. */
  readonly rangeStart = new U32Column();
  readonly ranges = new CodeRanges();
  /** Inlined calls of all functions of the tree, outer before inner. */
  readonly inlineFunction = new U32Column();
  readonly inlineDepth = new U32Column();
  /** Offset of the entry of the function that was inlined. */
  readonly inlineOrigin = new F64Column();
  readonly inlineOriginForm = new U32Column();
  readonly inlineCallFile = new U32Column();
  readonly inlineCallLine = new U32Column();
  readonly inlineRangeStart = new U32Column();
  readonly inlineRanges = new CodeRanges();

  /** An inlined call whose ranges are those from `rangeStart` on. */
  pushInline(
    number: number,
    depth: number,
    origin: number,
    originForm: number,
    callFile: number,
    callLine: number,
    rangeStart: number,
  ): void {
    this.inlineFunction.push(number);
    this.inlineDepth.push(depth);
    this.inlineOrigin.push(origin);
    this.inlineOriginForm.push(originForm);
    this.inlineCallFile.push(callFile);
    this.inlineCallLine.push(callLine);
    this.inlineRangeStart.push(rangeStart);
  }

  clear(): void {
    this.entry.clear();
    this.rangeStart.clear();
    this.ranges.clear();
    this.inlineFunction.clear();
    this.inlineDepth.clear();
    this.inlineOrigin.clear();
    this.inlineOriginForm.clear();
    this.inlineCallFile.clear();
    this.inlineCallLine.clear();
    this.inlineRangeStart.clear();
    this.inlineRanges.clear();
  }

  /** End of the ranges of function i. */
  rangeEnd(i: number): number {
    return i + 1 < this.rangeStart.length ? this.rangeStart.at(i + 1) : this.ranges.start.length;
  }

  inlineRangeEnd(i: number): number {
    return i + 1 < this.inlineRangeStart.length ? this.inlineRangeStart.at(i + 1) : this.inlineRanges.start.length;
  }
}

/** Receives each outermost function; the tree is reused after the call. */
export interface FunctionSink {
  tree(tree: FunctionTree): void;
}

/**
 * An inlined call that the walk is inside of and that states less code than it has: none, or a part. Compilers do so where they may not
 * write lists of ranges (strict DWARF 2); the calls inside it say where more of it is.
 */
type NarrowCall = {
  /** Number of its place among the open entries. */
  opened: number;
  /** The code that it states. */
  start: number;
  end: number;
  function: number;
  depth: number;
  origin: number;
  originForm: number;
  callFile: number;
  callLine: number;
};

export class FunctionWalker {
  readonly #reader = new EntryReader();
  readonly #memory = new WindowMemory();
  readonly #tree = new FunctionTree();
  /** The functions and inlined calls that the walk is inside of: depth of each, its function in the tree or -1, inline depth of what lies below it. */
  readonly #openDepth = new Int32Array(maxOpenEntries);
  readonly #openFunction = new Int32Array(maxOpenEntries);
  readonly #openInline = new Int32Array(maxOpenEntries);
  #opened = 0;
  #depth = 0;
  readonly #narrowCalls: NarrowCall[] = [];

  /**
   * Walks the entries from `from` (the unit's root, or a function) to the end of their subtree. Damage ends the walk: what was found is handed
   * over, then FormatError is thrown.
   */
  walk(unit: Unit, from: number, withInlines: boolean, sink: FunctionSink): void {
    this.#opened = 0;
    this.#depth = 0;
    this.#narrowCalls.length = 0;
    this.#tree.clear();
    try {
      scanEntries(this.#reader, unit, from, this.#memory, { entries: (until) => this.#entries(unit, until, withInlines, sink) });
    } finally {
      this.#flush(sink);
    }
  }

  #flush(sink: FunctionSink): void {
    if (this.#tree.entry.length > 0) sink.tree(this.#tree);
    this.#tree.clear();
  }

  /** True at the end of the subtree, where the depth is 0 again. */
  #entries(unit: Unit, until: number, withInlines: boolean, sink: FunctionSink): boolean {
    const reader = this.#reader;
    const { abbreviations } = unit;
    const { role, fixedSize, hasChildren } = abbreviations;
    // GNU compilers keep code out of types, so that types may be passed over whole.
    const skipTypes = unit.producer.startsWith("GNU ");
    while (reader.at < until) {
      reader.entryAt = reader.at;
      const index = reader.abbreviation();
      if (index < 0) {
        this.#depth--;
        if (this.#opened > 0 && this.#openDepth[this.#opened - 1]! >= this.#depth) this.#close(sink);
        if (this.#depth <= 0) return true;
        continue;
      }
      const size = fixedSize[index]!;
      const what = role[index]!;
      const children = hasChildren[index]!;
      if (size >= 0) reader.at += size;
      else if (what === Role.plain) reader.runSteps(index);
      else if (what === Role.type) {
        reader.form[Slot.sibling] = 0;
        reader.runSteps(index);
        const sibling = reader.value[Slot.sibling]!;
        if (skipTypes && children === 1 && reader.form[Slot.sibling] !== 0 && sibling > reader.offset && sibling <= unit.end) {
          reader.at += sibling - reader.offset;
          continue;
        }
      } else if (what === Role.function) this.#function(unit, index, children, sink);
      else if (withInlines) this.#inlined(unit, index, children);
      else reader.runSteps(index);
      this.#depth += children;
      if (this.#depth === 0) return true;
    }
    return false;
  }

  #function(unit: Unit, index: number, children: number, sink: FunctionSink): void {
    const reader = this.#reader;
    const tree = this.#tree;
    const { form } = reader;
    const entry = reader.offsetOf(reader.entryAt);
    form[Slot.lowPc] = 0;
    form[Slot.highPc] = 0;
    form[Slot.ranges] = 0;
    reader.runSteps(index);
    let number = -1;
    if (statesCode(reader) && tree.ranges.start.length < maxRangesPerFunction) {
      const first = tree.ranges.start.length;
      rangesOf(unit, reader, entry, tree.ranges);
      if (tree.ranges.start.length > first) {
        number = tree.entry.length;
        tree.entry.push(entry);
        tree.rangeStart.push(first);
      }
    }
    if (this.#opened === 0) tree.root = entry;
    if (children === 1) this.#open(number, 0);
    else if (this.#opened === 0) this.#flush(sink);
  }

  #inlined(unit: Unit, index: number, children: number): void {
    const reader = this.#reader;
    const tree = this.#tree;
    const { form, value } = reader;
    const entry = reader.offsetOf(reader.entryAt);
    form[Slot.lowPc] = 0;
    form[Slot.highPc] = 0;
    form[Slot.ranges] = 0;
    form[Slot.abstractOrigin] = 0;
    form[Slot.callFile] = 0;
    form[Slot.callLine] = 0;
    reader.runSteps(index);
    const top = this.#opened - 1;
    if (top < 0 || this.#openFunction[top]! < 0) return;
    const depth = this.#openInline[top]!;
    const number = this.#openFunction[top]!;
    const isCall = form[Slot.abstractOrigin] !== 0 && depth < maxInlineDepth;
    if (isCall && tree.inlineOrigin.length < maxInlinesPerFunction && tree.inlineRanges.start.length < maxRangesPerFunction) {
      const origin = value[Slot.abstractOrigin]!;
      const originForm = form[Slot.abstractOrigin]!;
      const callFile = form[Slot.callFile] === 0 ? NONE : value[Slot.callFile]!;
      const callLine = form[Slot.callLine] === 0 ? 0 : value[Slot.callLine]!;
      const first = tree.inlineRanges.start.length;
      rangesOf(unit, reader, entry, tree.inlineRanges);
      const isBare = tree.inlineRanges.start.length === first;
      const start = isBare ? 0 : tree.inlineRanges.start.at(first);
      const end = isBare ? 0 : tree.inlineRanges.end.at(first);
      if (!isBare) {
        const own = this.#narrowCalls.length === 0 ? first : this.#widen(number, first);
        tree.pushInline(number, depth, origin, originForm, callFile, callLine, own);
      }
      if (children === 1 && (isBare || (unit.version === 2 && form[Slot.ranges] === 0))) {
        this.#narrowCalls.push({ opened: this.#opened, start, end, function: number, depth, origin, originForm, callFile, callLine });
      }
    }
    if (children === 1) this.#open(number, isCall ? depth + 1 : depth);
  }

  /** The ranges of a call, those from `first` on, are of the narrow calls around it as well. Returns where the copy for the call itself starts. */
  #widen(number: number, first: number): number {
    const tree = this.#tree;
    const { start, end } = tree.inlineRanges;
    const last = start.length;
    let from = first;
    for (const call of this.#narrowCalls) {
      if (call.function !== number || start.length + (last - first) > maxRangesPerFunction) continue;
      let isInside = true;
      for (let i = first; i < last && isInside; i++) isInside = start.at(i) >= call.start && end.at(i) <= call.end;
      if (isInside) continue;
      tree.pushInline(number, call.depth, call.origin, call.originForm, call.callFile, call.callLine, from);
      from = start.length;
      for (let i = first; i < last; i++) {
        start.push(start.at(i));
        end.push(end.at(i));
      }
    }
    return from;
  }

  #open(number: number, inlineDepth: number): void {
    if (this.#opened === maxOpenEntries) return;
    this.#openDepth[this.#opened] = this.#depth;
    this.#openFunction[this.#opened] = number;
    this.#openInline[this.#opened] = inlineDepth;
    this.#opened++;
  }

  /** The walk has left everything at the present depth or deeper. */
  #close(sink: FunctionSink): void {
    while (this.#opened > 0 && this.#openDepth[this.#opened - 1]! >= this.#depth) this.#opened--;
    while ((this.#narrowCalls.at(-1)?.opened ?? -1) >= this.#opened) this.#narrowCalls.pop();
    if (this.#opened === 0) this.#flush(sink);
  }
}

/** Damaged ranges cost their entry alone. */
function rangesOf(unit: Unit, reader: EntryReader, entry: number, out: CodeRanges): void {
  try {
    appendRanges(unit, reader, out);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    unit.file.damage.add(error.offset ?? entry, `${error.format}: ${error.reason}`);
  }
}

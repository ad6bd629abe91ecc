/**
 * The answer at each address of one function: its line and inline records, which nest and overlap, as segments.
 *
 *   function [1000, 1040)
 *   inline  depth 0, origin 7, called from line 12, file 1: [1010, 1030)
 *   lines   [1000, 1010) line 10, file 1    [1010, 1030) line 99, file 2    [1030, 1040) line 13, file 1
 *
 * flattens to segments, ascending and without gaps or overlap between the function's ends:
 *
 *   start   line        chain
 *   1000    10, file 1  -
 *   1010    99, file 2  origin 7 called from line 12, file 1
 *   1030    13, file 1  -
 *
 * An inline record of depth d counts only where one of depth d - 1 covers the same address; the chain of a segment is followed from the
 * deepest inlined function outwards through `chainParent`.
 */
import { U32Column } from "../bytes/columns.ts";
import { Disjoiner } from "../bytes/intervals.ts";
import { type FunctionBlock, NONE } from "./function-block.ts";

/**
 * A record of real code stands inside one record of the depth above, so a function has as many chain nodes as inline records. Records made
 * to stand inside thousands of others would multiply; beyond this many nodes the inner ones are left out.
 */
const maxNodesPerRecord = 4;
const freeNodes = 16;

/** Segments of a function. Lines index the block's line columns, chains the chain columns; NONE = none. */
export class Segments {
  readonly start = new U32Column();
  readonly line = new U32Column();
  readonly chain = new U32Column();
  readonly chainParent = new U32Column();
  readonly chainRecord = new U32Column();

  clear(): void {
    this.start.clear();
    this.line.clear();
    this.chain.clear();
    this.chainParent.clear();
    this.chainRecord.clear();
  }
}

/** Writes the segments of [start, end), a part or all of the function's extent, to `out` (cleared first). */
export function flattenFunction(block: FunctionBlock, start: number, end: number, out: Segments): void {
  flattener.run(block, start, end, out);
}

/** Inline ranges of one depth, ascending and disjoint once prepared; `next` is the first that may still matter. */
class Level {
  readonly startColumn = new U32Column();
  readonly endColumn = new U32Column();
  readonly recordColumn = new U32Column();
  start: ArrayLike<number> = [];
  end: ArrayLike<number> = [];
  item: Uint32Array | null = null;
  count = 0;
  next = 0;
  readonly #disjoint = new Disjoiner();

  clear(): void {
    this.startColumn.clear();
    this.endColumn.clear();
    this.recordColumn.clear();
    this.next = 0;
  }

  prepare(): void {
    const start = this.startColumn.values;
    const end = this.endColumn.values;
    const disjoint = this.#disjoint.run(start, end, this.startColumn.length);
    this.count = disjoint?.start.length ?? this.startColumn.length;
    this.start = disjoint?.start ?? start;
    this.end = disjoint?.end ?? end;
    this.item = disjoint?.item ?? null;
  }

  /** The INLINE record of a prepared range. */
  record(range: number): number {
    return this.recordColumn.at(this.item === null ? range : this.item[range]!);
  }
}

/**
 * Walks [start, end) once in ascending order: inside each inline range of depth d the ranges of depth d + 1, inside the innermost the line
 * records. One instance serves all functions, since its tables would otherwise be most of the garbage of a conversion.
 */
class Flattener {
  readonly #levels: Level[] = [];
  #depths = 0;
  #maxNodes = 0;
  readonly #nodes = new Map<number, number>();
  #lineStart: ArrayLike<number> = [];
  #lineEnd: ArrayLike<number> = [];
  #lineItem: Uint32Array | null = null;
  #lineCount = 0;
  readonly #disjointLines = new Disjoiner();
  #line = 0;
  #out: Segments = new Segments();

  run(block: FunctionBlock, start: number, end: number, out: Segments): void {
    out.clear();
    this.#out = out;
    this.#prepareLines(block);
    this.#prepareLevels(block);
    this.#descend(0, start, end, NONE);
  }

  #prepareLines(block: FunctionBlock): void {
    const start = block.lineStart.values;
    const end = block.lineEndAddress.values;
    const disjoint = this.#disjointLines.run(start, end, block.lineStart.length);
    this.#lineCount = disjoint?.start.length ?? block.lineStart.length;
    this.#lineStart = disjoint?.start ?? start;
    this.#lineEnd = disjoint?.end ?? end;
    this.#lineItem = disjoint?.item ?? null;
    this.#line = 0;
  }

  #prepareLevels(block: FunctionBlock): void {
    for (let depth = 0; depth < this.#depths; depth++) this.#levels[depth]!.clear();
    this.#depths = 0;
    this.#nodes.clear();
    this.#maxNodes = block.recordDepth.length * maxNodesPerRecord + freeNodes;
    for (let i = 0; i < block.inlineStart.length; i++) {
      const record = block.inlineRecord.at(i);
      const depth = block.recordDepth.at(record);
      while (this.#levels.length <= depth) this.#levels.push(new Level());
      this.#depths = Math.max(this.#depths, depth + 1);
      const level = this.#levels[depth]!;
      level.startColumn.push(block.inlineStart.at(i));
      level.endColumn.push(block.inlineEndAddress.at(i));
      level.recordColumn.push(record);
    }
    for (let depth = 0; depth < this.#depths; depth++) this.#levels[depth]!.prepare();
  }

  /** [start, end) lies inside the chain `parent` of `depth` inlined functions. */
  #descend(depth: number, start: number, end: number, parent: number): void {
    if (depth >= this.#depths) {
      this.#lines(start, end, parent);
      return;
    }
    const level = this.#levels[depth]!;
    let at = start;
    while (at < end) {
      while (level.next < level.count && level.end[level.next]! <= at) level.next++;
      const next = level.next < level.count ? level.start[level.next]! : end;
      if (next > at) {
        const until = Math.min(next, end);
        this.#lines(at, until, parent);
        at = until;
      } else {
        const until = Math.min(level.end[level.next]!, end);
        const node = this.#node(parent, level.record(level.next));
        if (node === NONE) this.#lines(at, until, parent);
        else this.#descend(depth + 1, at, until, node);
        at = until;
      }
    }
  }

  /** One node per (outer chain, record), though its ranges may lie apart; NONE when the function has too many of them. */
  #node(parent: number, record: number): number {
    const key = (parent === NONE ? 0 : parent + 1) * 0x1000000 + record;
    let node = this.#nodes.get(key);
    if (node === undefined) {
      if (this.#out.chainParent.length >= this.#maxNodes) return NONE;
      node = this.#out.chainParent.length;
      this.#out.chainParent.push(parent);
      this.#out.chainRecord.push(record);
      this.#nodes.set(key, node);
    }
    return node;
  }

  #lines(start: number, end: number, chain: number): void {
    const { start: starts, line: lines, chain: chains } = this.#out;
    let at = start;
    while (at < end) {
      while (this.#line < this.#lineCount && this.#lineEnd[this.#line]! <= at) this.#line++;
      const left = this.#line < this.#lineCount;
      const covered = left && this.#lineStart[this.#line]! <= at;
      starts.push(at);
      lines.push(covered ? (this.#lineItem === null ? this.#line : this.#lineItem[this.#line]!) : NONE);
      chains.push(chain);
      at = Math.min(end, covered ? this.#lineEnd[this.#line]! : left ? this.#lineStart[this.#line]! : end);
    }
  }
}

const flattener = new Flattener();

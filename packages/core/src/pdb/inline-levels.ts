/**
 * The lines of one function and of the functions inlined into it, brought into the shape of a FunctionBlock.
 *
 * A PDB states for the function, and for each inlined function, which line of its own source every piece of code belongs to:
 *
 *   depth 0   f           [0, 40) line 10   [40, 60) line 12   [60, 90) line 13
 *   depth 1   g, in f                       [40, 50) line 3 [50, 55) line 4
 *   depth 2   h, in g                                [45, 50) line 7
 *
 * The line of a caller is where the callee was called. So at 47 the answer is h line 7, called from g line 3, called from f line 12. An inlined
 * function counts only where the function around it has code.
 */
import { U32Column } from "../bytes/columns.ts";
import { makeDisjoint } from "../bytes/intervals.ts";
import { type FunctionBlock, NONE } from "../names/function-block.ts";

/** Deeper inlining is left out; compilers stop far before. */
export const maxInlineDepth = 256;

/** The pieces of one depth, ascending and disjoint once prepared; `next` is the first that may still matter. */
class Level {
  readonly startColumn = new U32Column();
  readonly endColumn = new U32Column();
  readonly line = new U32Column();
  readonly file = new U32Column();
  readonly site = new U32Column();
  start: ArrayLike<number> = [];
  end: ArrayLike<number> = [];
  item: Uint32Array | null = null;
  next = 0;
  /** The inline range last given, which may still grow. */
  lastRange = NONE;

  clear(): void {
    this.startColumn.clear();
    this.endColumn.clear();
    this.line.clear();
    this.file.clear();
    this.site.clear();
  }

  prepare(): void {
    const start = this.startColumn.view();
    const end = this.endColumn.view();
    const disjoint = makeDisjoint(start, end, start.length);
    this.start = disjoint?.start ?? start;
    this.end = disjoint?.end ?? end;
    this.item = disjoint?.item ?? null;
    this.next = 0;
    this.lastRange = NONE;
  }
}

/** Filled with sites and pieces, then written into a block; one instance serves all functions. */
export class InlineLevels {
  readonly #levels: Level[] = [new Level()];
  #depths = 1;
  readonly #siteParent = new U32Column();
  readonly #siteOrigin = new U32Column();
  /** The record last made for a site. */
  readonly #siteRecord = new U32Column();
  #block: FunctionBlock | null = null;

  clear(): void {
    for (let depth = 0; depth < this.#depths; depth++) this.#levels[depth]!.clear();
    this.#depths = 1;
    this.#siteParent.clear();
    this.#siteOrigin.clear();
    this.#siteRecord.clear();
  }

  /** Adds an inlined function; `parent` is the site around it, NONE for the function itself. */
  addSite(parent: number, origin: number): number {
    this.#siteParent.push(parent);
    this.#siteOrigin.push(origin);
    this.#siteRecord.push(NONE);
    return this.#siteParent.length - 1;
  }

  /** A piece of code of a site (NONE with depth 0: of the function) and its line; file NONE and line 0: unknown. */
  addPiece(depth: number, site: number, start: number, end: number, line: number, file: number): void {
    while (this.#levels.length <= depth) this.#levels.push(new Level());
    if (depth >= this.#depths) this.#depths = depth + 1;
    const level = this.#levels[depth]!;
    level.startColumn.push(start);
    level.endColumn.push(end);
    level.line.push(line);
    level.file.push(file);
    level.site.push(site);
  }

  /** Writes lines and inline records. The pieces of depth 0 cover the function's parts. */
  writeTo(block: FunctionBlock): void {
    this.#block = block;
    for (let depth = 0; depth < this.#depths; depth++) this.#levels[depth]!.prepare();
    const { start, end, item, line, file } = this.#levels[0]!;
    for (let range = 0; range < start.length; range++) {
      const piece = item === null ? range : item[range]!;
      this.#piece(1, start[range]!, end[range]!, line.at(piece), file.at(piece), NONE);
    }
  }

  /** [start, end) has this line in `site`; `depth` is that of what may be inlined there. */
  #piece(depth: number, start: number, end: number, line: number, file: number, site: number): void {
    if (depth >= this.#depths) {
      this.#line(start, end, line, file);
      return;
    }
    const level = this.#levels[depth]!;
    const count = level.start.length;
    let at = start;
    while (at < end) {
      while (level.next < count && level.end[level.next]! <= at) level.next++;
      const next = level.next < count ? level.start[level.next]! : end;
      if (next > at) {
        const until = Math.min(next, end);
        this.#line(at, until, line, file);
        at = until;
        continue;
      }
      const until = Math.min(level.end[level.next]!, end);
      const piece = level.item === null ? level.next : level.item[level.next]!;
      const inner = level.site.at(piece);
      if (this.#siteParent.at(inner) === site) {
        this.#inline(level, depth, inner, at, until, line, file);
        this.#piece(depth + 1, at, until, level.line.at(piece), level.file.at(piece), inner);
      } else {
        this.#line(at, until, line, file);
      }
      at = until;
    }
  }

  #line(start: number, end: number, line: number, file: number): void {
    if (file === NONE) return;
    const block = this.#block!;
    const last = block.lineStart.length - 1;
    if (last >= 0 && block.lineEndAddress.at(last) === start && block.lineNumber.at(last) === line && block.lineFile.at(last) === file) {
      block.lineEndAddress.set(last, end);
      return;
    }
    block.lineStart.push(start);
    block.lineEndAddress.push(end);
    block.lineNumber.push(line);
    block.lineFile.push(file);
  }

  #inline(level: Level, depth: number, site: number, start: number, end: number, callLine: number, callFile: number): void {
    const block = this.#block!;
    let record = this.#siteRecord.at(site);
    if (record === NONE || block.recordCallLine.at(record) !== callLine || block.recordCallFile.at(record) !== callFile) {
      record = block.recordDepth.length;
      block.recordDepth.push(depth - 1);
      block.recordCallLine.push(callLine);
      block.recordCallFile.push(callFile);
      block.recordOrigin.push(this.#siteOrigin.at(site));
      this.#siteRecord.set(site, record);
    }
    const last = level.lastRange;
    if (last !== NONE && block.inlineRecord.at(last) === record && block.inlineEndAddress.at(last) === start) {
      block.inlineEndAddress.set(last, end);
      return;
    }
    level.lastRange = block.inlineStart.length;
    block.inlineStart.push(start);
    block.inlineEndAddress.push(end);
    block.inlineRecord.push(record);
  }
}

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
const firstCapacity = 64;
/** The pieces of each inlined function ascend, those of neighbours interleave: little moves. */
const maxSortSteps = 4096;

/** The pieces of one depth: columns as they are added, then tables, ascending and disjoint, which are kept from function to function. */
class Level {
  readonly startColumn = new U32Column();
  readonly endColumn = new U32Column();
  readonly line = new U32Column();
  readonly file = new U32Column();
  readonly site = new U32Column();
  start: Uint32Array<ArrayBuffer> = new Uint32Array(firstCapacity);
  end: Uint32Array<ArrayBuffer> = new Uint32Array(firstCapacity);
  /** Which piece each row is of. */
  item: Uint32Array<ArrayBuffer> = new Uint32Array(firstCapacity);
  rows = 0;
  /** The first row that may still matter. */
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
    this.next = 0;
    this.lastRange = NONE;
    this.rows = this.startColumn.length;
    this.#reserve(this.rows);
    for (let i = 0; i < this.rows; i++) {
      this.start[i] = this.startColumn.at(i);
      this.item[i] = i;
    }
    if (!this.#sort()) this.#makeDisjoint();
  }

  #reserve(rows: number): void {
    if (rows <= this.start.length) return;
    this.start = new Uint32Array(2 * rows);
    this.end = new Uint32Array(2 * rows);
    this.item = new Uint32Array(2 * rows);
  }

  /** Sorts by start, pieces of one start in the order given; false when it would take long, or pieces overlap. */
  #sort(): boolean {
    const { start, end, item, rows } = this;
    let steps = 0;
    for (let i = 1; i < rows; i++) {
      const value = start[i]!;
      const piece = item[i]!;
      let at = i;
      for (; at > 0 && start[at - 1]! > value; at--) {
        start[at] = start[at - 1]!;
        item[at] = item[at - 1]!;
      }
      start[at] = value;
      item[at] = piece;
      steps += i - at;
      if (steps > maxSortSteps) return false;
    }
    for (let i = 0; i < rows; i++) end[i] = this.endColumn.at(item[i]!);
    for (let i = 1; i < rows; i++) if (start[i]! < end[i - 1]!) return false;
    return true;
  }

  #makeDisjoint(): void {
    const start = this.startColumn.view();
    const end = this.endColumn.view();
    const disjoint = makeDisjoint(start, end, start.length);
    this.rows = disjoint?.start.length ?? start.length;
    this.#reserve(this.rows);
    for (let i = 0; i < this.rows; i++) {
      this.start[i] = disjoint?.start[i] ?? start[i]!;
      this.end[i] = disjoint?.end[i] ?? end[i]!;
      this.item[i] = disjoint?.item[i] ?? i;
    }
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
    const { start, end, item, rows, line, file } = this.#levels[0]!;
    for (let row = 0; row < rows; row++) {
      const piece = item[row]!;
      this.#piece(1, start[row]!, end[row]!, line.at(piece), file.at(piece), NONE);
    }
  }

  /** [start, end) has this line in `site`; `depth` is that of what may be inlined there. */
  #piece(depth: number, start: number, end: number, line: number, file: number, site: number): void {
    if (depth >= this.#depths) {
      this.#line(start, end, line, file);
      return;
    }
    const level = this.#levels[depth]!;
    let at = start;
    while (at < end) {
      while (level.next < level.rows && level.end[level.next]! <= at) level.next++;
      const next = level.next < level.rows ? level.start[level.next]! : end;
      if (next > at) {
        const until = Math.min(next, end);
        this.#line(at, until, line, file);
        at = until;
        continue;
      }
      const until = Math.min(level.end[level.next]!, end);
      const piece = level.item[level.next]!;
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

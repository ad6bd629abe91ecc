/**
 * One function of a module as a FunctionBlock: its record, what is nested in it, its lines.
 *
 *   inline site   parent u32, end u32, id u32 [, invocations u32: the second form], annotations to the end of the record
 *
 * Addresses are those of the code as it was linked (sections.ts).
 */
import { U32Column } from "../bytes/columns.ts";
import type { DamageLog } from "../names/damage.ts";
import { type FunctionBlock, NONE } from "../names/function-block.ts";
import { Annotations } from "./annotations.ts";
import type { CrossModule } from "./cross-module.ts";
import { InlineLevels, maxInlineDepth } from "./inline-levels.ts";
import { ModuleLines } from "./module-lines.ts";
import { ModuleSymbols } from "./module-symbols.ts";
import {
  meaningOf,
  meansProc,
  meansThunk,
  symEnd,
  symInlineSite,
  symInlineSite2,
  symInlineSiteEnd,
  symProcIdEnd,
  symThunk32,
  symTrampoline,
} from "./symbol-kinds.ts";
import { StreamWindow } from "./window.ts";

/** Lexical blocks nest like the source does; deeper is a file made to cost. */
const maxScopes = 4096;
const procNameAt = 39;
const thunkNameAt = 25;
const siteBytes = 16;
const site2Bytes = 20;
const noName = new Uint8Array(0);

/** A module whose streams have been indexed. */
export type OpenModule = { window: StreamWindow; readonly symbols: ModuleSymbols; readonly lines: ModuleLines };

/** One to be filled, and filled anew. */
export function newModule(): OpenModule {
  return { window: StreamWindow.empty(), symbols: new ModuleSymbols(), lines: new ModuleLines() };
}

export class FunctionReader {
  readonly #crossModule: CrossModule;
  readonly #damage: DamageLog;
  readonly #levels = new InlineLevels();
  readonly #annotations = new Annotations();
  /** Per open scope the inline site in force, NONE in the function itself. */
  readonly #scopes = new Uint32Array(maxScopes);
  readonly #siteDepths = new Uint16Array(maxScopes);
  readonly #chunks = new U32Column();
  /** Lines that a module may still give: parts that overlap give theirs more than once. */
  #linesLeft = 0;

  constructor(crossModule: CrossModule, damage: DamageLog) {
    this.#crossModule = crossModule;
    this.#damage = damage;
  }

  /** To be called before the functions of another module are read. */
  beginModule(module: OpenModule): void {
    this.#linesLeft = module.window.stream.size;
  }

  /** The name in a record of a function or thunk; empty for a trampoline. A view. Throws FormatError for a damaged container. */
  nameOf(window: StreamWindow, at: number): Uint8Array {
    window.hold(at, 4);
    const bytes = 2 + window.view.getUint16(at - window.start, true);
    const kind = window.view.getUint16(at + 2 - window.start, true);
    if (kind === symTrampoline) return noName;
    window.hold(at, bytes);
    const from = at - window.start + (kind === symThunk32 ? thunkNameAt : procNameAt);
    const stop = at - window.start + bytes;
    const nul = window.bytes.indexOf(0, from);
    return window.bytes.subarray(from, nul < 0 || nul > stop ? stop : nul);
  }

  /** Fills the block (cleared first). Throws FormatError for a damaged container. */
  read(module: OpenModule, index: number, block: FunctionBlock): void {
    const { window, symbols } = module;
    const address = symbols.start.at(index);
    const end = symbols.end.at(index);
    block.clear();
    block.address = address;
    block.size = end - address;
    block.name = this.nameOf(window, symbols.offset.at(index));
    block.partStart.push(address);
    block.partEnd.push(end);
    this.#chunks.clear();
    this.#chunks.push(address);
    for (let part = symbols.firstPart(index); part < symbols.partStart.length && symbols.partFunction.at(part) === index; part++) {
      this.#chunks.push(symbols.partStart.at(part));
      if (symbols.partEnd.at(part) === symbols.partStart.at(part)) continue;
      block.partStart.push(symbols.partStart.at(part));
      block.partEnd.push(symbols.partEnd.at(part));
    }
    this.#levels.clear();
    for (let part = 0; part < block.partStart.length; part++) {
      this.#lines(module.lines, block.partStart.at(part), block.partEnd.at(part));
    }
    // A trampoline's record opens no scope.
    if (symbols.target.at(index) === address) this.#inlineSites(module, index);
    this.#levels.writeTo(block);
  }

  /** Pieces of depth 0 for all of [start, end). */
  #lines(lines: ModuleLines, start: number, end: number): void {
    let at = start;
    for (let fragment = lines.firstFragment(start); fragment < lines.fragmentCount; fragment++) {
      if (lines.fragmentStart(fragment) >= end || this.#linesLeft <= 0) break;
      this.#linesLeft--;
      const fragmentEnd = lines.fragmentEnd(fragment);
      const from = lines.linesFrom(fragment);
      const to = lines.linesTo(fragment);
      let i = firstLine(lines.lineStart, from, to, at);
      // Code before the function's first record was inlined at its start; the record in force there is of the function before.
      const inside = i < to && lines.lineStart.at(i) < start && i + 1 < to && lines.lineStart.at(i + 1) < end;
      if (at === start && inside) i++;
      for (const first = i; i < to; i++) {
        if (lines.lineStart.at(i) >= end) break;
        const lineStart = i === first ? Math.max(at, lines.fragmentStart(fragment)) : lines.lineStart.at(i);
        const lineEnd = Math.min(i + 1 < to ? lines.lineStart.at(i + 1) : fragmentEnd, end);
        if (lineEnd <= lineStart) continue;
        if (--this.#linesLeft <= 0) break;
        if (lineStart > at) this.#levels.addPiece(0, NONE, at, lineStart, 0, NONE);
        this.#levels.addPiece(0, NONE, lineStart, lineEnd, lines.lineNumber.at(i), lines.lineFile.at(i));
        at = lineEnd;
      }
    }
    if (at < end) this.#levels.addPiece(0, NONE, at, end, 0, NONE);
  }

  /** Follows the scopes from the function's record to its end. */
  #inlineSites(module: OpenModule, index: number): void {
    const { window, symbols } = module;
    const scopes = this.#scopes;
    const siteDepths = this.#siteDepths;
    let depth = 0;
    scopes[0] = NONE;
    siteDepths[0] = 0;
    for (let i = symbols.scopeFrom.at(index); i < symbols.scope.length; i++) {
      const at = symbols.scope.at(i);
      window.hold(at, 4);
      const bytes = 2 + window.view.getUint16(at - window.start, true);
      const kind = window.view.getUint16(at + 2 - window.start, true);
      if (kind === symEnd || kind === symInlineSiteEnd || kind === symProcIdEnd) {
        if (depth === 0) return;
        depth--;
        continue;
      }
      const meaning = meaningOf(kind);
      if (meaning === meansProc || meaning === meansThunk) {
        this.#damage.add(window.stream.place(at), "a function begins inside another");
        return;
      }
      const inlined = kind === symInlineSite || kind === symInlineSite2;
      const siteDepth = siteDepths[depth]! + (inlined ? 1 : 0);
      if (depth + 1 >= maxScopes || siteDepth >= maxInlineDepth) {
        this.#damage.add(window.stream.place(at), `more than ${maxInlineDepth} inlined functions or ${maxScopes} blocks nest`);
        return;
      }
      depth++;
      siteDepths[depth] = siteDepth;
      scopes[depth] = inlined ? this.#site(module, at, bytes, scopes[depth - 1]!, siteDepth) : scopes[depth - 1]!;
    }
  }

  #site(module: OpenModule, at: number, bytes: number, parent: number, depth: number): number {
    const { window, lines } = module;
    const headBytes = window.view.getUint16(at + 2 - window.start, true) === symInlineSite ? siteBytes : site2Bytes;
    if (bytes < headBytes) {
      this.#damage.add(window.stream.place(at), `inline record of ${bytes} bytes`);
      return this.#levels.addSite(parent, NONE);
    }
    window.hold(at, bytes);
    const head = at - window.start;
    const id = window.view.getUint32(head + 12, true);
    const site = this.#levels.addSite(parent, this.#crossModule.resolve(id, lines.imports) ?? NONE);
    const inlinee = lines.inlinee(id);
    const line = inlinee === NONE ? 0 : lines.inlineeLine(inlinee);
    const file = inlinee === NONE ? NONE : lines.inlineeFile(inlinee);
    const done = this.#annotations.run(
      window.bytes,
      head + headBytes,
      head + bytes,
      this.#chunks,
      line,
      file,
      lines,
      this.#levels,
      depth,
      site,
    );
    if (!done) this.#damage.add(window.stream.place(at), "annotations that are none");
    return site;
  }
}

/** The last of the ascending values in [from, to) that is at or below `address`, `from` when all are above. */
function firstLine(starts: U32Column, from: number, to: number, address: number): number {
  let low = from;
  let high = to;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (starts.at(middle) <= address) low = middle + 1;
    else high = middle;
  }
  return Math.max(low - 1, from);
}

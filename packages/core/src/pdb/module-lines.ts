/**
 * One module's line records: the C13 subsections of its stream.
 *
 *   subsection     kind u32, bytes u32, …; the next begins at a multiple of 4
 *   lines          offset u32, section u16, flags u16 (1: with columns), code bytes u32, then per file: file u32 (offset in the checksums), count
 *                  u32, bytes u32, count × (code offset u32, line u32: 24 bits, 7 more for the end, 1: statement), count × columns
 *   checksums      name u32 (offset in "/names"), bytes u8, kind u8, the checksum; the next at a multiple of 4
 *   inlinee lines  kind u32 (1: with more files), per function: id u32, file u32, line u32 [, count u32, files u32]
 *
 * A lines subsection covers one function, or all those of a section of an object file. Its records are unpacked together when an address of it
 * is first asked for, sorted, since code of several files is stated file by file.
 * Of several records at one offset the first says where the code is entered (the brace that opens a function without prologue) and keeps one byte;
 * the last holds from there on.
 * Records of line 0xfeefee and 0xf00f00 tell debuggers how to step over code that no line stands for: the record before holds on.
 */
import { lastAtOrBelow } from "../bytes/bisect.ts";
import { U32Column } from "../bytes/columns.ts";
import type { DamageLog } from "../names/damage.ts";
import { NONE } from "../names/function-block.ts";
import { ascendingOrder, reorder } from "./order.ts";
import { nowhere, type Sections } from "./sections.ts";
import type { StreamWindow } from "./window.ts";

const subsectionLines = 0xf2;
const subsectionChecksums = 0xf4;
const subsectionInlinees = 0xf6;
const subsectionImports = 0xf7;
const subsectionExports = 0xf8;
const linesHeadBytes = 12;
const fileHeadBytes = 12;
const maxPartBytes = 64 << 20;
const lineMask = 0xffffff;
const alwaysStepInto = 0xfeefee;
const neverStepInto = 0xf00f00;
/** Unpacked lines are forgotten beyond this many: 12 MB. */
const maxUnpacked = 1 << 20;

const nothing = new DataView(new ArrayBuffer(0));

export class ModuleLines {
  /** Unpacked records, ascending within each fragment; a record holds to the next or to its fragment's end. */
  readonly lineStart = new U32Column();
  readonly lineNumber = new U32Column();
  readonly lineFile = new U32Column();
  /** Fragments: the lines subsections, ascending. */
  #start: Uint32Array = new Uint32Array(0);
  #end: Uint32Array = new Uint32Array(0);
  #offset: Uint32Array = new Uint32Array(0);
  #bytes: Uint32Array = new Uint32Array(0);
  /** Range of a fragment's unpacked records; NONE: not unpacked. */
  #from: Uint32Array = new Uint32Array(0);
  #to: Uint32Array = new Uint32Array(0);
  #checksums: DataView = nothing;
  /** What inlined functions of other modules are named by, and what other modules name this one's by (cross-module.ts). */
  imports: DataView = nothing;
  exports: DataView = nothing;
  readonly #inlinees = new Map<number, number>();
  readonly #inlineeLine = new U32Column();
  readonly #inlineeFile = new U32Column();
  #window: StreamWindow | null = null;
  #damage: DamageLog | null = null;
  readonly #columns = [new U32Column(), new U32Column(), new U32Column(), new U32Column()] as const;

  /** Indexes the subsections in [offset, offset + bytes) of a module's stream. Throws FormatError for a damaged container. */
  read(window: StreamWindow, offset: number, bytes: number, sections: Sections, damage: DamageLog): void {
    this.#window = window;
    this.#damage = damage;
    this.#checksums = nothing;
    this.imports = nothing;
    this.exports = nothing;
    this.#inlinees.clear();
    this.#inlineeLine.clear();
    this.#inlineeFile.clear();
    this.#forgetLines();
    for (const column of this.#columns) column.clear();
    const stop = Math.min(offset + bytes, window.stream.size);
    let at = offset;
    while (at + 8 <= stop) {
      window.hold(at, 8);
      const kind = window.view.getUint32(at - window.start, true);
      const length = window.view.getUint32(at + 4 - window.start, true);
      const body = at + 8;
      if (length > stop - body) {
        damage.add(window.stream.place(at), `subsection of ${length} bytes, ${stop - body} left`);
        break;
      }
      if (kind === subsectionLines) this.#fragment(window, body, length, sections);
      else if (kind === subsectionChecksums && length <= maxPartBytes) this.#checksums = viewOf(window, body, length);
      else if (kind === subsectionInlinees && length <= maxPartBytes) this.#readInlinees(viewOf(window, body, length));
      else if (kind === subsectionImports && length <= maxPartBytes) this.imports = viewOf(window, body, length);
      else if (kind === subsectionExports && length <= maxPartBytes) this.exports = viewOf(window, body, length);
      at = body + length;
      at += -at & 3;
    }
    this.#sortFragments();
  }

  #forgetLines(): void {
    this.lineStart.clear();
    this.lineNumber.clear();
    this.lineFile.clear();
    this.#from.fill(NONE);
  }

  #fragment(window: StreamWindow, body: number, length: number, sections: Sections): void {
    if (length < linesHeadBytes) return;
    window.hold(body, linesHeadBytes);
    const head = body - window.start;
    const address = sections.address(window.view.getUint16(head + 4, true), window.view.getUint32(head, true));
    const bytes = window.view.getUint32(head + 8, true);
    if (address === nowhere || bytes === 0) return;
    const [start, end, offset, size] = this.#columns;
    start.push(address);
    end.push(Math.min(address + bytes, 0xffffffff));
    offset.push(body);
    size.push(length);
  }

  #sortFragments(): void {
    const [start, end, offset, size] = this.#columns;
    reorder(this.#columns, ascendingOrder(start.view()), 0);
    this.#start = start.view();
    this.#end = end.view();
    this.#offset = offset.view();
    this.#bytes = size.view();
    if (this.#from.length < start.length) {
      this.#from = new Uint32Array(2 * start.length);
      this.#to = new Uint32Array(2 * start.length);
    }
    this.#from.fill(NONE);
  }

  #readInlinees(view: DataView): void {
    const more = view.byteLength >= 4 && view.getUint32(0, true) === 1;
    for (let at = 4; at + 12 <= view.byteLength; ) {
      const id = view.getUint32(at, true);
      if (!this.#inlinees.has(id)) {
        this.#inlinees.set(id, this.#inlineeLine.length);
        this.#inlineeFile.push(view.getUint32(at + 4, true));
        this.#inlineeLine.push(view.getUint32(at + 8, true));
      }
      at += 12;
      if (more) at += at + 4 <= view.byteLength ? 4 + 4 * view.getUint32(at, true) : 4;
    }
  }

  /** Index of an inlined function's own line and file; NONE when the module states none. */
  inlinee(id: number): number {
    return this.#inlinees.get(id) ?? NONE;
  }

  inlineeLine(index: number): number {
    return this.#inlineeLine.at(index);
  }

  /** A file as line and inline records name it: its offset in the checksums. */
  inlineeFile(index: number): number {
    return this.#inlineeFile.at(index);
  }

  /** Offset of a file's path in "/names"; NONE when the module knows no such file. */
  file(checksum: number): number {
    return checksum + 4 <= this.#checksums.byteLength ? this.#checksums.getUint32(checksum, true) : NONE;
  }

  get fragmentCount(): number {
    return this.#start.length;
  }

  /** The first fragment that may hold addresses from `address` on; of fragments that start together (folded functions) the first of the file. */
  firstFragment(address: number): number {
    const last = lastAtOrBelow(this.#start, address);
    if (last < 0 || this.#end[last]! <= address) return last + 1;
    const start = this.#start[last]!;
    const first = start === 0 ? 0 : lastAtOrBelow(this.#start, start - 1) + 1;
    return this.#end[first]! > address ? first : last;
  }

  fragmentStart(fragment: number): number {
    return this.#start[fragment]!;
  }

  fragmentEnd(fragment: number): number {
    return this.#end[fragment]!;
  }

  /** First of a fragment's unpacked records, which end at `linesTo`. Throws FormatError for a damaged container. */
  linesFrom(fragment: number): number {
    if (this.#from[fragment] === NONE) this.#unpack(fragment);
    return this.#from[fragment]!;
  }

  linesTo(fragment: number): number {
    return this.#to[fragment]!;
  }

  #unpack(fragment: number): void {
    const window = this.#window!;
    if (this.lineStart.length > maxUnpacked) this.#forgetLines();
    const from = this.lineStart.length;
    const base = this.#start[fragment]!;
    const end = this.#end[fragment]!;
    const stop = this.#offset[fragment]! + this.#bytes[fragment]!;
    let ascending = true;
    let last = 0;
    let at = this.#offset[fragment]! + linesHeadBytes;
    while (at + fileHeadBytes <= stop) {
      window.hold(at, fileHeadBytes);
      const head = at - window.start;
      const file = this.file(window.view.getUint32(head, true));
      const count = window.view.getUint32(head + 4, true);
      const bytes = window.view.getUint32(head + 8, true);
      if (bytes < fileHeadBytes || bytes > stop - at || 8 * count > bytes - fileHeadBytes || bytes > maxPartBytes) {
        this.#damage?.add(window.stream.place(at), `${count} lines in ${bytes} bytes, ${stop - at} left`);
        break;
      }
      window.hold(at, bytes);
      const { view } = window;
      let entry = at + fileHeadBytes - window.start;
      for (let i = 0; i < count; i++, entry += 8) {
        const start = base + view.getUint32(entry, true);
        if (start >= end) continue;
        const line = view.getUint32(entry + 4, true) & lineMask;
        if (line === alwaysStepInto || line === neverStepInto) continue;
        if (start < last) ascending = false;
        last = start;
        this.lineStart.push(start);
        this.lineNumber.push(line);
        this.lineFile.push(file);
      }
      at += bytes;
    }
    if (!ascending) reorder([this.lineStart, this.lineNumber, this.lineFile], ascendingOrder(this.lineStart.view().subarray(from)), from);
    this.#spreadEqualStarts(from);
    this.#from[fragment] = from;
    this.#to[fragment] = this.lineStart.length;
  }

  /** Of the records from `from` on that start together, the first stays, the last moves one byte on, those between go. */
  #spreadEqualStarts(from: number): void {
    const { lineStart, lineNumber, lineFile } = this;
    let out = from;
    for (let i = from; i < lineStart.length; ) {
      const start = lineStart.at(i);
      let last = i;
      while (last + 1 < lineStart.length && lineStart.at(last + 1) === start) last++;
      lineStart.set(out, start);
      lineNumber.set(out, lineNumber.at(i));
      lineFile.set(out++, lineFile.at(i));
      if (last > i && !(last + 1 < lineStart.length && lineStart.at(last + 1) === start + 1)) {
        lineStart.set(out, start + 1);
        lineNumber.set(out, lineNumber.at(last));
        lineFile.set(out++, lineFile.at(last));
      }
      i = last + 1;
    }
    lineStart.truncate(out);
    lineNumber.truncate(out);
    lineFile.truncate(out);
  }
}

function viewOf(window: StreamWindow, offset: number, length: number): DataView {
  window.hold(offset, length);
  return new DataView(window.bytes.buffer, window.bytes.byteOffset + offset - window.start, length);
}

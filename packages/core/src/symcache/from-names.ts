/**
 * Any source of names into a symcache. Functions and symbols come in whatever order the debug file has them; strings are written at once, the
 * rest is put aside and written in ascending order of address by name-sweep.ts, when it is known what covers what.
 *
 *   NameSource ── visit ──► NameCollector ──► spool of functions, sorted extents ──► NameSweep ──► SymcacheWriter
 */
import { lastAtOrBelow } from "../bytes/bisect.ts";
import { U32Column } from "../bytes/columns.ts";
import type { Ports } from "../bytes/ports.ts";
import { flattenFunction, Segments } from "../names/flatten.ts";
import { type FunctionBlock, NONE } from "../names/function-block.ts";
import type { FunctionTexts, NameSink, NameSource } from "../names/name-source.ts";
import { ExtentSorter } from "./extent-sorter.ts";
import { blobField, blobHeaderWords, blobRecordWords } from "./function-blob.ts";
import { NameSweep, symbolHigh } from "./name-sweep.ts";
import { Spool } from "./spool.ts";
import { noRef, type SymcacheWriter } from "./writer.ts";

/** The share of progress that reading takes; the rest is writing. */
const visitShare = 0.8;
/** Longer names are cut: a reader refuses them. */
const maxStringBytes = 1 << 20;
/** Inline records of a function's second and further parts, in all: real functions have few, one made to repeat them has no more. */
const freeRecordCopies = 1 << 20;
const recordCopiesPerByte = 1 / 16;

/** Writes all names of a source. `progress` receives a growing count that ends at `sourceBytes`. */
export function convertNames(
  names: NameSource,
  writer: SymcacheWriter,
  ports: Ports | null,
  sourceBytes: number,
  progress: (bytesDone: number) => void,
): void {
  const spool = new Spool(ports);
  const extents = new ExtentSorter(ports);
  names.visit(new NameCollector(writer, spool, extents, sourceBytes), (done) => progress(Math.floor(done * visitShare)));
  const sweep = new NameSweep(writer, spool, extents);
  sweep.run((share) => progress(Math.floor(sourceBytes * (visitShare + (1 - visitShare) * share))));
}

class NameCollector implements NameSink {
  readonly #writer: SymcacheWriter;
  readonly #spool: Spool;
  readonly #extents: ExtentSorter;
  readonly #segments = new Segments();
  readonly #files = new RefCache();
  readonly #origins = new RefCache();
  readonly #covered = new CoveredStarts();
  #texts: FunctionTexts | null = null;
  #functions = 0;
  #copiesLeft: number;
  #words: Uint32Array<ArrayBuffer> = new Uint32Array(1 << 12);
  // Which inline records the part at hand uses, and as which number: their order in the part, found by the part's own mark.
  readonly #usedBy = new U32Column();
  readonly #usedAs = new U32Column();
  readonly #path = new U32Column();
  #mark = 0;

  constructor(writer: SymcacheWriter, spool: Spool, extents: ExtentSorter, sourceBytes: number) {
    this.#writer = writer;
    this.#spool = spool;
    this.#extents = extents;
    this.#copiesLeft = freeRecordCopies + sourceBytes * recordCopiesPerByte;
  }

  symbol(address: number, size: number, name: Uint8Array, limit: number): void {
    if (this.#covered.hides(address, size)) return;
    const end = size === 0 ? limit : Math.min(address + size, 0xffffffff);
    if (end > address) this.#extents.add(address, end, this.#string(name), size === 0 ? symbolHigh.open : symbolHigh.sized);
  }

  function(block: FunctionBlock, texts: FunctionTexts): void {
    if (texts !== this.#texts) {
      this.#texts = texts;
      this.#files.clear();
      this.#origins.clear();
    }
    const { partStart, partEnd } = block;
    const segments = this.#segments;
    const parts = partStart.length;
    let start = NONE;
    let end = 0;
    for (let part = 0; part < parts; part++) {
      start = Math.min(start, partStart.at(part));
      end = Math.max(end, partEnd.at(part));
    }
    if (end <= start) return;
    flattenFunction(block, start, end, segments);
    const number = this.#functions++;
    const name = this.#string(block.name);
    for (let part = 0; part < parts; part++) {
      if (partEnd.at(part) > partStart.at(part)) this.#part(block, texts, number, name, partStart.at(part), partEnd.at(part), parts > 1);
    }
  }

  #part(
    block: FunctionBlock,
    texts: FunctionTexts,
    number: number,
    name: number,
    start: number,
    end: number,
    hasOtherParts: boolean,
  ): void {
    const segments = this.#segments;
    const starts = segments.start.view();
    const first = Math.max(0, lastAtOrBelow(starts, start));
    let last = first + 1;
    while (last < starts.length && starts[last]! < end) last++;

    let words = this.#room(blobHeaderWords);
    let used = blobHeaderWords;
    this.#mark++;
    let inlines = 0;
    for (let segment = first; segment < last; segment++) {
      const chain = segments.chain.at(segment);
      if (chain === NONE || this.#isUsed(chain)) continue;
      for (let node = chain; node !== NONE && !this.#isUsed(node); node = segments.chainParent.at(node)) this.#path.push(node);
      while (this.#path.length > 0) {
        const node = this.#path.at(this.#path.length - 1);
        this.#path.truncate(this.#path.length - 1);
        const parent = segments.chainParent.at(node);
        // Records beyond the limit stand for the one outside them.
        if (hasOtherParts && --this.#copiesLeft < 0) {
          this.#use(node, parent === NONE ? NONE : this.#usedAs.at(parent));
          continue;
        }
        const record = segments.chainRecord.at(node);
        words = this.#room(used + blobRecordWords);
        words[used] = parent === NONE ? NONE : this.#usedAs.at(parent);
        words[used + 1] = this.#originRef(texts, block.recordOrigin.at(record));
        words[used + 2] = this.#fileRef(texts, block.recordCallFile.at(record));
        words[used + 3] = block.recordCallLine.at(record);
        used += blobRecordWords;
        this.#use(node, inlines++);
      }
    }

    let ranges = 0;
    words = this.#room(used + blobRecordWords * (last - first));
    for (let segment = first; segment < last; segment++) {
      const chain = segments.chain.at(segment);
      const line = segments.line.at(segment);
      const scope = chain === NONE ? NONE : this.#usedAs.at(chain);
      const file = line === NONE ? noRef : this.#fileRef(texts, block.lineFile.at(line));
      const lineNumber = line === NONE ? 0 : block.lineNumber.at(line);
      if (ranges > 0 && words[used - 3] === scope && words[used - 2] === file && words[used - 1] === lineNumber) continue;
      words[used] = ranges === 0 ? start : starts[segment]!;
      words[used + 1] = scope;
      words[used + 2] = file;
      words[used + 3] = lineNumber;
      used += blobRecordWords;
      ranges++;
    }
    words[blobField.number] = number;
    words[blobField.name] = name;
    words[blobField.address] = block.address;
    words[blobField.size] = block.size > 0 ? block.size : end - start;
    words[blobField.hasOtherParts] = hasOtherParts ? 1 : 0;
    words[blobField.inlines] = inlines;
    words[blobField.ranges] = ranges;
    this.#covered.add(start, end);
    const position = this.#spool.append(words, used);
    this.#extents.add(start, end, position % 0x100000000, Math.floor(position / 0x100000000));
  }

  #isUsed(node: number): boolean {
    return node < this.#usedBy.length && this.#usedBy.at(node) === this.#mark;
  }

  #use(node: number, index: number): void {
    while (this.#usedBy.length <= node) {
      this.#usedBy.push(0);
      this.#usedAs.push(0);
    }
    this.#usedBy.set(node, this.#mark);
    this.#usedAs.set(node, index);
  }

  /** The words of the blob at hand, at least so many. */
  #room(count: number): Uint32Array {
    if (count > this.#words.length) {
      const grown = new Uint32Array(2 ** Math.ceil(Math.log2(count)));
      grown.set(this.#words);
      this.#words = grown;
    }
    return this.#words;
  }

  #fileRef(texts: FunctionTexts, id: number): number {
    if (id === NONE) return noRef;
    const slot = this.#files.slot(id);
    if (this.#files.holds(slot, id)) return this.#files.ref[slot]!;
    const bytes = texts.file(id);
    return this.#files.keep(slot, id, bytes === null ? noRef : this.#string(bytes));
  }

  #originRef(texts: FunctionTexts, id: number): number {
    const slot = this.#origins.slot(id);
    if (this.#origins.holds(slot, id)) return this.#origins.ref[slot]!;
    const bytes = texts.origin(id);
    return this.#origins.keep(slot, id, bytes === null ? noRef : this.#string(bytes));
  }

  #string(bytes: Uint8Array): number {
    return this.#writer.string(bytes.length > maxStringBytes ? bytes.subarray(0, maxStringBytes) : bytes);
  }
}

const coveredBits = 17;

/** Where functions start and end, as far as there is room: most symbols name what is a function, too, and need not be stored to be hidden by it. */
class CoveredStarts {
  readonly #start = new Uint32Array(1 << coveredBits);
  readonly #end = new Uint32Array(1 << coveredBits);

  add(start: number, end: number): void {
    const slot = slotOf(start, coveredBits);
    this.#start[slot] = start;
    this.#end[slot] = end;
  }

  /** A symbol without a size ends where a function starts. */
  hides(start: number, size: number): boolean {
    const slot = slotOf(start, coveredBits);
    return this.#start[slot] === start && this.#end[slot]! >= start + Math.max(size, 1);
  }
}

function slotOf(value: number, bits: number): number {
  return Math.imul(value, 0x9e3779b1) >>> (32 - bits);
}

const refCacheBits = 14;

/** Refs of the texts that ids stand for, as long as the ids mean the same. One id a slot: what falls out is looked up again. */
class RefCache {
  readonly ref = new Uint32Array(1 << refCacheBits);
  readonly #id = new Uint32Array(1 << refCacheBits);
  readonly #turn = new Uint32Array(1 << refCacheBits);
  #now = 1;

  clear(): void {
    this.#now++;
  }

  slot(id: number): number {
    return slotOf(id, refCacheBits);
  }

  holds(slot: number, id: number): boolean {
    return this.#turn[slot] === this.#now && this.#id[slot] === id;
  }

  keep(slot: number, id: number, ref: number): number {
    this.#turn[slot] = this.#now;
    this.#id[slot] = id;
    this.ref[slot] = ref;
    return ref;
  }
}

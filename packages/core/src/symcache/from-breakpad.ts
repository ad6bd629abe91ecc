/**
 * A Breakpad .sym into a symcache: the index of one scan, then every block in ascending order of address, which for files as dump_syms
 * writes them is also the order in the file. Gives the same answers as sym-file.ts, which reads the .sym directly.
 */

import { applyCfiRules, type CfiRules, parseCfiRules, toUnwindRow } from "../breakpad/cfi.ts";
import { parseCfiBlock } from "../breakpad/cfi-block.ts";
import { Definitions } from "../breakpad/definitions.ts";
import { parseFunctionBlock, SymFunctionBlock } from "../breakpad/func-block.ts";
import { maxCfiBlockBytes, maxFunctionBytes, type SymModule } from "../breakpad/records.ts";
import { type IdTable, indexSym, type SymIndex } from "../breakpad/sym-index.ts";
import { BlockReader } from "../bytes/block-reader.ts";
import type { ByteSource } from "../bytes/byte-source.ts";
import { shortText } from "../bytes/short-text.ts";
import type { DamageLog } from "../names/damage.ts";
import { flattenFunction, Segments } from "../names/flatten.ts";
import { NONE } from "../names/function-block.ts";
import { noRef, type SymcacheWriter } from "./writer.ts";

/** Function and unwind blocks are read through these; small enough that blocks out of order cost little more than themselves. */
const blockBytes = 64 << 10;
const maxBlocks = 64;
const progressStepBytes = 1 << 20;
/**
 * A block is parsed once for every separate part of its extent; nested functions make parts. Blocks parsed beyond this many times the
 * file's size are a file made to cost time: their lines are left out.
 */
const maxParsedRatio = 4;
const parsedGraceBytes = 64 << 20;
/** The share of progress that the scan takes. */
const scanShare = 0.2;
const maxPartRefs = 4096;
const maxKnownTexts = 1 << 16;
const maxKnownStates = 1 << 16;
const maxKnownCharacters = 16 << 20;
/** Register rules copied into new rows, in all: real files have a few thousand different rows, one made of millions is made to cost time. */
const freeRuleCopies = 1 << 19;
const ruleCopiesPerByte = 1 / 16;

/** Writes names and unwind rules of a .sym; returns what the file says of itself and which of its lines were damaged. */
export function convertBreakpad(
  source: ByteSource,
  writer: SymcacheWriter,
  progress: (bytesDone: number) => void,
): { module: SymModule; damage: DamageLog } {
  const index = indexSym(source, (done) => progress(Math.floor(done * scanShare)));
  const conversion = new BreakpadConversion(source, index, writer, progress);
  conversion.names();
  conversion.unwind();
  conversion.windowsFrames();
  progress(source.size);
  return { module: index.module, damage: index.damage };
}

/** String refs of the names that numbers stand for, each name read once. */
class RefTable {
  readonly #dense: Uint32Array;
  readonly #sparse = new Map<number, number>();

  constructor(table: IdTable) {
    this.#dense = new Uint32Array(table.denseLength);
  }

  /** The ref plus one, or 0 when the number has not been asked for. */
  get(id: number): number {
    return id < this.#dense.length ? this.#dense[id]! : (this.#sparse.get(id) ?? 0);
  }

  set(id: number, refPlusOne: number): void {
    if (id < this.#dense.length) this.#dense[id] = refPlusOne;
    else this.#sparse.set(id, refPlusOne);
  }
}

class BreakpadConversion {
  readonly #source: ByteSource;
  readonly #index: SymIndex;
  readonly #writer: SymcacheWriter;
  readonly #progress: (bytesDone: number) => void;
  readonly #definitions: Definitions;
  readonly #symbolLines: Definitions;
  readonly #reader: BlockReader;
  readonly #files: RefTable;
  readonly #origins: RefTable;
  readonly #oldOrigins: RefTable;
  /** Function refs by offset of those that others interrupt. */
  readonly #partRefs = new Map<number, number>();
  #parsedBytes = 0;
  #reportedBytes = 0;

  constructor(source: ByteSource, index: SymIndex, writer: SymcacheWriter, progress: (bytesDone: number) => void) {
    this.#source = source;
    this.#index = index;
    this.#writer = writer;
    this.#progress = progress;
    this.#definitions = new Definitions(source, index);
    this.#symbolLines = new Definitions(source, index);
    this.#reader = new BlockReader(source, blockBytes, maxBlocks);
    this.#files = new RefTable(index.files);
    this.#origins = new RefTable(index.origins);
    this.#oldOrigins = new RefTable(index.origins);
  }

  /** Counts bytes as parsed; false when the file has used up what it may cost. */
  #mayParse(bytes: number): boolean {
    this.#parsedBytes += bytes;
    if (this.#parsedBytes - this.#reportedBytes > progressStepBytes) {
      this.#reportedBytes = this.#parsedBytes;
      this.#progress(Math.floor(this.#source.size * scanShare + Math.min(this.#parsedBytes, this.#source.size) * (1 - scanShare)));
    }
    return this.#parsedBytes <= this.#source.size * maxParsedRatio + parsedGraceBytes;
  }

  names(): void {
    const { functions } = this.#index;
    const block = new SymFunctionBlock();
    const segments = new Segments();
    let symbol = 0;
    let end = 0;
    let lastStart = -1;
    for (let i = 0; i < functions.start.length; i++) {
      const start = functions.start[i]!;
      symbol = this.#symbols(symbol, end, start, lastStart);
      this.#function(i, block, segments);
      end = functions.end[i]!;
      lastStart = start;
    }
    this.#symbols(symbol, end, 0x100000000, lastStart);
  }

  /**
   * Public symbols between two functions, [from, to). A symbol inside the function before (whose start is `lastStart`) holds from that
   * function's end. Returns the first symbol not yet looked at.
   */
  #symbols(next: number, from: number, to: number, lastStart: number): number {
    const { address, offset } = this.#index.publics;
    let symbol = next;
    while (symbol < address.length && address[symbol]! <= from) symbol++;
    if (from < to) {
      if (symbol > 0 && address[symbol - 1]! > lastStart) this.#symbol(from, address[symbol - 1]!, offset[symbol - 1]!);
      else if (from > 0) this.#writer.range(from, noRef, noRef, 0);
    }
    for (; symbol < address.length && address[symbol]! < to; symbol++) this.#symbol(address[symbol]!, address[symbol]!, offset[symbol]!);
    return symbol;
  }

  #symbol(from: number, address: number, offset: number): void {
    const name = this.#writer.string(this.#symbolLines.symbolName(offset));
    this.#writer.range(from, this.#writer.function(address, 0, name), noRef, 0);
  }

  #function(i: number, block: SymFunctionBlock, segments: Segments): void {
    const { functions, lineEnd, damage } = this.#index;
    const offset = functions.offset[i]!;
    const length = Math.min(functions.length[i]!, maxFunctionBytes);
    if (!this.#mayParse(length)) {
      // The name at least, if a part of the function has been written before.
      damage.add(offset, "lines left out: too many functions overlap");
      this.#writer.range(functions.start[i]!, this.#partRefs.get(offset) ?? noRef, noRef, 0);
      return;
    }
    const bytes = this.#reader.upTo(offset, length);
    parseFunctionBlock(bytes, offset, lineEnd, block, damage);
    flattenFunction(block, functions.start[i]!, functions.end[i]!, segments);

    const writer = this.#writer;
    const name = writer.string(block.name);
    const functionRef = writer.function(block.address, block.size, name);
    if (functions.end[i]! < block.address + block.size) {
      if (this.#partRefs.size >= maxPartRefs) this.#partRefs.clear();
      this.#partRefs.set(offset, functionRef);
    }
    const chains: number[] = [];
    for (let node = 0; node < segments.chainParent.length; node++) {
      const parent = segments.chainParent.at(node);
      const record = segments.chainRecord.at(node);
      const callFile = block.recordCallFile.at(record);
      chains.push(
        writer.inline(
          parent === NONE ? functionRef : chains[parent]!,
          this.#origin(block.recordOrigin.at(record), block.oldInlines),
          callFile === NONE ? noRef : this.#file(callFile),
          block.recordCallLine.at(record),
        ),
      );
    }
    for (let k = 0; k < segments.start.length; k++) {
      const chain = segments.chain.at(k);
      const line = segments.line.at(k);
      const scope = chain === NONE ? functionRef : chains[chain]!;
      if (line === NONE) writer.range(segments.start.at(k), scope, noRef, 0);
      else writer.range(segments.start.at(k), scope, this.#file(block.lineFile.at(line)), block.lineNumber.at(line));
    }
  }

  #file(id: number): number {
    const known = this.#files.get(id);
    if (known > 0) return known - 1;
    const bytes = this.#definitions.fileName(id);
    if (bytes === null) return noRef;
    const ref = this.#writer.string(bytes);
    this.#files.set(id, ref + 1);
    return ref;
  }

  #origin(id: number, hasFileId: boolean): number {
    const table = hasFileId ? this.#oldOrigins : this.#origins;
    const known = table.get(id);
    if (known > 0) return known - 1;
    const bytes = this.#definitions.originName(id, hasFileId);
    if (bytes === null) return noRef;
    const ref = this.#writer.string(bytes);
    table.set(id, ref + 1);
    return ref;
  }

  unwind(): void {
    const { cfi, lineEnd, damage } = this.#index;
    const states = new RuleStates(this.#writer, freeRuleCopies + this.#source.size * ruleCopiesPerByte);
    let end = -1;
    for (let i = 0; i < cfi.start.length; i++) {
      const start = cfi.start[i]!;
      if (end >= 0 && start > end) this.#writer.row(end, noRef);
      end = cfi.end[i]!;
      const offset = cfi.offset[i]!;
      const length = Math.min(cfi.length[i]!, maxCfiBlockBytes);
      if (!this.#mayParse(length)) {
        damage.add(offset, "left out: too many STACK CFI records overlap");
        this.#writer.row(start, noRef);
        continue;
      }
      const bytes = this.#reader.upTo(offset, length);
      const steps = parseCfiBlock(bytes, offset, lineEnd, damage);
      let state = states.none;
      for (let k = 0; k < steps.address.length; k++) {
        const address = steps.address[k]!;
        if (address >= end) break;
        state = states.after(state, bytes, steps.textStart[k]!, steps.textEnd[k]!);
        if (states.damaged) damage.add(offset + steps.textStart[k]!, "STACK CFI rules are damaged, or too many");
        const holdsUntil = k + 1 < steps.address.length ? steps.address[k + 1]! : end;
        if (holdsUntil > Math.max(address, start)) this.#writer.row(Math.max(address, start), states.ref(state));
      }
    }
    if (end >= 0 && end < 0x100000000) this.#writer.row(end, noRef);
  }

  windowsFrames(): void {
    const { win, damage } = this.#index;
    let end = -1;
    let lastOffset = -1;
    let lastRef = noRef;
    for (let i = 0; i < win.start.length; i++) {
      const start = win.start[i]!;
      if (end >= 0 && start > end) this.#writer.winRow(end, noRef);
      end = win.end[i]!;
      const offset = win.offset[i]!;
      if (offset !== lastOffset) {
        const frame = this.#symbolLines.windowsFrame(offset);
        if (frame === null) damage.add(offset, "STACK WIN needs ten numbers and a program or flag");
        lastOffset = offset;
        lastRef = frame === null ? noRef : this.#writer.winFrame(frame);
      }
      this.#writer.winRow(start, lastRef);
    }
    if (end >= 0 && end < 0x100000000) this.#writer.winRow(end, noRef);
  }
}

/**
 * Rule texts as steps between states. A file has hundreds of thousands of STACK CFI records but few different texts and rows, so each text
 * is parsed once and each (row, text) merged once; all others are two map lookups.
 */
class RuleStates {
  readonly none = 0;
  /** Whether the last step could not be taken: no rules, or too many; the state then stayed as it was. */
  damaged = false;
  readonly #writer: SymcacheWriter;
  readonly #texts = new Map<string, number>();
  readonly #parsed: (CfiRules | null)[] = [];
  readonly #steps = new Map<number, number>();
  /** State 0 is "no rules yet". */
  readonly #rules: CfiRules[] = [{ cfa: null, returnAddress: null, registers: new Map() }];
  readonly #refs: number[] = [noRef];
  readonly #stateOf = new Map<string, number>();
  #knownCharacters = 0;
  #copiesLeft: number;

  constructor(writer: SymcacheWriter, maxCopies: number) {
    this.#writer = writer;
    this.#copiesLeft = maxCopies;
  }

  ref(state: number): number {
    return this.#refs[state]!;
  }

  /** The state after a rule text. */
  after(state: number, bytes: Uint8Array, start: number, end: number): number {
    let before = state;
    if (this.#parsed.length >= maxKnownTexts || this.#rules.length >= maxKnownStates || this.#knownCharacters >= maxKnownCharacters) {
      before = this.#forget(state);
    }
    const text = shortText(bytes, start, end);
    let textId = this.#texts.get(text);
    if (textId === undefined) {
      textId = this.#parsed.length;
      this.#parsed.push(parseCfiRules(text));
      this.#texts.set(text, textId);
      this.#knownCharacters += text.length;
    }
    const parsed = this.#parsed[textId] ?? null;
    this.damaged = parsed === null;
    if (parsed === null) return before;
    const step = before * maxKnownTexts + textId;
    let next = this.#steps.get(step);
    if (next === undefined) {
      const rules = this.#copiesLeft > 0 ? applyCfiRules(this.#rules[before]!, parsed) : null;
      this.damaged = rules === null;
      if (rules === null) return before;
      this.#copiesLeft -= rules.registers.size;
      next = this.#stateFor(rules);
      this.#steps.set(step, next);
    }
    return next;
  }

  #stateFor(rules: CfiRules): number {
    const key = JSON.stringify([rules.cfa, rules.returnAddress, [...rules.registers].sort((a, b) => (a[0] < b[0] ? -1 : 1))]);
    let state = this.#stateOf.get(key);
    if (state === undefined) {
      const row = toUnwindRow(rules);
      state = this.#rules.length;
      this.#rules.push(rules);
      this.#refs.push(row === null ? noRef : this.#writer.rules(row));
      this.#stateOf.set(key, state);
      this.#knownCharacters += key.length;
    }
    return state;
  }

  /** Starts again with empty tables, keeping one state; returns its new number. */
  #forget(state: number): number {
    const rules = this.#rules[state]!;
    const ref = this.#refs[state]!;
    this.#texts.clear();
    this.#parsed.length = 0;
    this.#steps.clear();
    this.#stateOf.clear();
    this.#rules.length = 1;
    this.#refs.length = 1;
    this.#knownCharacters = 0;
    if (state === this.none) return this.none;
    this.#rules.push(rules);
    this.#refs.push(ref);
    return 1;
  }
}

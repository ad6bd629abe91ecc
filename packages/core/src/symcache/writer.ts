/**
 * Builds a symcache from whatever a debug file gave: names, inlined functions, ranges, unwind rules. Knows no debug format; the converters
 * beside it (from-breakpad.ts, from-names.ts, from-unwind.ts) give ranges and rows in ascending order of address. Memory stays bounded however large the file becomes.
 */
import { encodeUtf8 } from "../bytes/utf8.ts";
import type { RegisterRule, UnwindRow, WindowsFrame } from "../unwind/rules.ts";
import {
  HeaderFlag,
  headerBytes,
  headerField,
  interruptedRules,
  magic,
  maxRegisterNames,
  maxRulesPerRow,
  PageKind,
  pageBytes,
  payloadBytes,
  RuleKind,
  recordBytes,
  type SourceKind,
  sourceKinds,
  symcacheVersion,
  targetCfa,
  targetReturnAddress,
} from "./layout.ts";
import { type Page, PageStream, RecordPages, type SymcacheSink, TreePages } from "./page-writer.ts";

/** Names nothing. */
export const noRef = 0;
/** Strings seen lately, by hash: enough to share nearly all equal strings, in 12 MB at most. */
const maxStringSlots = 1 << 20;
const minStringSlots = 1 << 10;
/** One slot for so many bytes of the debug file. */
const bytesPerSlot = 32;
/** Distinct rule records remembered; beyond this equal ones are written again. */
const maxKnownRules = 1 << 16;
const maxKnownRuleCharacters = 16 << 20;

/** What the header says of the debug file. */
export type SymcacheIds = {
  sourceKind: SourceKind;
  sourceBytes: number;
  debugId: string | null;
  codeId: string | null;
  debugFile: string | null;
  codeFile: string | null;
  cpu: string | null;
  os: string | null;
};

/** How much of everything a symcache holds. */
export type SymcacheCounts = {
  functionCount: number;
  symbolCount: number;
  inlineCount: number;
  rangeCount: number;
  rowCount: number;
  ruleCount: number;
  winFrameCount: number;
};

export class SymcacheWriter {
  readonly counts: SymcacheCounts = {
    functionCount: 0,
    symbolCount: 0,
    inlineCount: 0,
    rangeCount: 0,
    rowCount: 0,
    ruleCount: 0,
    winFrameCount: 0,
  };
  readonly #stream: PageStream;
  readonly #strings: RecordPages;
  readonly #functions: RecordPages;
  readonly #inlines: RecordPages;
  readonly #rules: RecordPages;
  readonly #winFrames: RecordPages;
  readonly #ranges: TreePages;
  readonly #rows: TreePages;
  readonly #winRows: TreePages;
  readonly #slotHash: Uint32Array;
  readonly #slotCheck: Uint32Array;
  readonly #slotRef: Uint32Array;
  readonly #registerIds = new Map<string, number>();
  readonly #knownRules = new Map<string, number>();
  #knownRuleCharacters = 0;
  #lastRow: UnwindRow | null = null;
  #lastRowRef = noRef;
  #hasLines = false;
  #lastScope = noRef;
  #lastFile = noRef;
  #lastLine = 0;
  #lastRules = noRef;
  #lastWinFrame = noRef;

  /** `sourceBytes`, the size of the debug file, says how large the tables may become. */
  constructor(sink: SymcacheSink, sourceBytes: number) {
    const wanted = 2 ** Math.ceil(Math.log2(Math.max(1, sourceBytes / bytesPerSlot)));
    const slots = Math.min(maxStringSlots, Math.max(minStringSlots, wanted));
    this.#slotHash = new Uint32Array(slots);
    this.#slotCheck = new Uint32Array(slots);
    this.#slotRef = new Uint32Array(slots);
    this.#stream = new PageStream(sink);
    this.#strings = new RecordPages(this.#stream, PageKind.strings);
    this.#functions = new RecordPages(this.#stream, PageKind.functions);
    this.#inlines = new RecordPages(this.#stream, PageKind.inlines);
    this.#rules = new RecordPages(this.#stream, PageKind.rules);
    this.#winFrames = new RecordPages(this.#stream, PageKind.winFrames);
    this.#ranges = new TreePages(this.#stream, PageKind.ranges);
    this.#rows = new TreePages(this.#stream, PageKind.rows);
    this.#winRows = new TreePages(this.#stream, PageKind.winRows);
  }

  /** Bytes of pages numbered so far. */
  get bytesWritten(): number {
    return this.#stream.pageCount * pageBytes;
  }

  /** Ref of a string given as UTF-8; equal strings usually get the same ref. The empty string is noRef. */
  string(bytes: Uint8Array): number {
    const length = bytes.length;
    if (length === 0) return noRef;
    // Two independent 32-bit hashes: strings that agree in both are taken to be equal.
    let h1 = 0x811c9dc5 ^ length;
    let h2 = 0x2545f491 ^ length;
    let i = 0;
    for (; i + 4 <= length; i += 4) {
      const word = bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24);
      h1 = Math.imul(h1 ^ word, 0x85ebca6b);
      h1 ^= h1 >>> 13;
      h2 = Math.imul(h2 + word, 0x5bd1e995);
      h2 ^= h2 >>> 15;
    }
    for (; i < length; i++) {
      h1 = Math.imul(h1 ^ bytes[i]!, 0x01000193);
      h2 = Math.imul(h2 + bytes[i]!, 0x5bd1e995);
      h2 ^= h2 >>> 15;
    }
    h1 ^= h1 >>> 16;
    const slot = (h1 ^ (h2 >>> 7)) & (this.#slotRef.length - 1);
    h1 >>>= 0;
    h2 >>>= 0;
    if (this.#slotRef[slot] !== noRef && this.#slotHash[slot] === h1 && this.#slotCheck[slot] === h2) return this.#slotRef[slot]!;
    const ref = this.#writeString(bytes);
    this.#slotHash[slot] = h1;
    this.#slotCheck[slot] = h2;
    this.#slotRef[slot] = ref;
    return ref;
  }

  text(text: string | null): number {
    return text === null ? noRef : this.string(encodeUtf8(text));
  }

  #writeString(bytes: Uint8Array): number {
    const padded = 4 + ((bytes.length + 3) & ~3);
    if (padded <= payloadBytes) {
      const page = this.#strings.room(padded);
      const ref = RecordPages.refOf(page);
      page.view.setUint32(page.used, bytes.length, true);
      page.bytes.set(bytes, page.used + 4);
      page.used += padded;
      return ref;
    }
    // Longer than a page: pages of its own, numbered one after the other.
    let page = this.#stream.newPage(PageKind.strings);
    const ref = RecordPages.refOf(page);
    page.view.setUint32(0, bytes.length, true);
    page.used = 4;
    for (let done = 0; done < bytes.length; ) {
      if (page.used === payloadBytes) {
        this.#stream.add(page);
        page = this.#stream.newPage(PageKind.strings);
      }
      const part = bytes.subarray(done, done + payloadBytes - page.used);
      page.bytes.set(part, page.used);
      page.used += part.length;
      done += part.length;
    }
    this.#stream.add(page);
    return ref;
  }

  /** A function, or a symbol (size 0). `name` is a string ref, `alias` the record of a function folded with this one, written before. */
  function(address: number, size: number, name: number, alias: number = noRef): number {
    if (size === 0) this.counts.symbolCount++;
    else this.counts.functionCount++;
    return writeRecord16(this.#functions.room(recordBytes.function), address, size, name, alias);
  }

  /** A function inlined into `outer` (a function or inline ref), called from the given place. */
  inline(outer: number, name: number, callFile: number, callLine: number): number {
    this.counts.inlineCount++;
    return writeRecord16(this.#inlines.room(recordBytes.inline), outer, name, callFile, callLine);
  }

  /** From `start` on, up to the next range, the given scope, file and line hold. Scope noRef: nothing is known there. */
  range(start: number, scope: number, file: number, line: number): void {
    if (scope === this.#lastScope && file === this.#lastFile && line === this.#lastLine) return;
    this.#lastScope = scope;
    this.#lastFile = file;
    this.#lastLine = line;
    if (line !== 0) this.#hasLines = true;
    this.counts.rangeCount++;
    writeRecord16(this.#ranges.room(recordBytes.range, start), start, scope, file, line);
  }

  /** Ref of a rule record; equal rows share one. noRef when it cannot be stored (more registers than any CPU has). */
  rules(row: UnwindRow): number {
    if (row === this.#lastRow) return this.#lastRowRef;
    const key = rowKey(row);
    let ref = this.#knownRules.get(key);
    if (ref === undefined) {
      ref = this.#writeRules(row, [...row.registers.keys()]);
      this.#knownRuleCharacters += key.length;
      if (this.#knownRules.size >= maxKnownRules || this.#knownRuleCharacters > maxKnownRuleCharacters) {
        this.#knownRules.clear();
        this.#knownRuleCharacters = key.length;
      }
      this.#knownRules.set(key, ref);
    }
    this.#lastRow = row;
    this.#lastRowRef = ref;
    return ref;
  }

  #writeRules(row: UnwindRow, names: string[]): number {
    const count = names.length + 2;
    if (count > maxRulesPerRow) return noRef;
    const encoded: { target: number; kind: number; base: number; operand: number }[] = [];
    for (let i = 0; i < count; i++) {
      const name = i < 2 ? null : names[i - 2]!;
      const rule = i === 0 ? row.cfa : i === 1 ? row.returnAddress : row.registers.get(name!)!;
      const target = i === 0 ? targetCfa : i === 1 ? targetReturnAddress : this.#registerId(name!);
      const rest = target < 0 ? null : this.#encodeRule(rule);
      if (rest === null) return noRef;
      encoded.push({ target, ...rest });
    }
    const page = this.#rules.room(recordBytes.rule * (count + 1));
    const ref = RecordPages.refOf(page);
    page.view.setUint16(page.used, count, true);
    page.view.setUint16(page.used + 2, row.interrupted ? interruptedRules : 0, true);
    page.used += recordBytes.rule;
    for (const { target, kind, base, operand } of encoded) {
      page.view.setUint8(page.used, target);
      page.view.setUint8(page.used + 1, kind);
      page.view.setUint8(page.used + 2, base);
      page.view.setInt32(page.used + 4, operand | 0, true);
      page.used += recordBytes.rule;
    }
    this.counts.ruleCount++;
    return ref;
  }

  #encodeRule(rule: RegisterRule): { kind: number; base: number; operand: number } | null {
    switch (rule.kind) {
      case "undefined":
      case "same":
        return { kind: RuleKind[rule.kind], base: 0, operand: 0 };
      case "cfaOffset":
      case "valCfaOffset":
        return { kind: RuleKind[rule.kind], base: 0, operand: rule.offset };
      case "register": {
        const base = this.#registerId(rule.register);
        return base < 0 ? null : { kind: RuleKind.register, base, operand: rule.offset };
      }
      case "expression":
        return { kind: RuleKind.expression, base: 0, operand: this.text(rule.program) };
    }
  }

  #registerId(name: string): number {
    const known = this.#registerIds.get(name);
    if (known !== undefined) return known;
    if (this.#registerIds.size >= maxRegisterNames || /\s/.test(name)) return -1;
    this.#registerIds.set(name, this.#registerIds.size);
    return this.#registerIds.size - 1;
  }

  /** From `start` on, up to the next row, these rules hold; noRef: none. */
  row(start: number, rules: number): void {
    if (rules === this.#lastRules) return;
    this.#lastRules = rules;
    this.counts.rowCount++;
    writeRecord8(this.#rows.room(recordBytes.row, start), start, rules);
  }

  winFrame(frame: WindowsFrame): number {
    const program = frame.program === null ? noRef : this.text(frame.program);
    const page = this.#winFrames.room(recordBytes.winFrame);
    const ref = RecordPages.refOf(page);
    const fields = [
      frame.kind === "frameData" ? 4 : 0,
      frame.address,
      frame.codeSize,
      frame.prologueSize,
      frame.epilogueSize,
      frame.parameterSize,
      frame.savedRegisterSize,
      frame.localSize,
      frame.maxStackSize,
      program,
      (frame.allocatesBasePointer ? 1 : 0) | (frame.program === null ? 0 : 2),
      0,
    ];
    for (const [i, value] of fields.entries()) page.view.setUint32(page.used + 4 * i, value, true);
    page.used += recordBytes.winFrame;
    this.counts.winFrameCount++;
    return ref;
  }

  winRow(start: number, frame: number): void {
    if (frame === this.#lastWinFrame) return;
    this.#lastWinFrame = frame;
    writeRecord8(this.#winRows.room(recordBytes.winRow, start), start, frame);
  }

  /** Completes all pages, the index and the header. Nothing may be added afterwards. */
  finish(ids: SymcacheIds, damagedLines: number, onlyAtCalls = false): void {
    const strings = [ids.debugId, ids.codeId, ids.debugFile, ids.codeFile, ids.cpu, ids.os, [...this.#registerIds.keys()].join(" ")];
    const stringRefs = strings.map((text) => this.text(text));
    for (const pages of [this.#strings, this.#functions, this.#inlines, this.#rules, this.#winFrames]) pages.close();
    const ranges = this.#ranges.finish();
    const rows = this.#rows.finish();
    const winRows = this.#winRows.finish();

    const header = this.#stream.headerPage();
    header.used = headerBytes;
    for (let i = 0; i < magic.length; i++) header.bytes[i] = magic.charCodeAt(i);
    const put = (field: keyof typeof headerField, value: number) => header.view.setUint32(headerField[field], value, true);
    put("version", symcacheVersion);
    put("pageSize", pageBytes);
    put("pageCount", this.#stream.pageCount);
    put(
      "flags",
      (ranges.root > 0 ? HeaderFlag.names : 0) |
        (rows.root > 0 ? HeaderFlag.unwind : 0) |
        (winRows.root > 0 ? HeaderFlag.winFrames : 0) |
        (this.#hasLines ? HeaderFlag.lines : 0) |
        (this.counts.inlineCount > 0 ? HeaderFlag.inlines : 0) |
        (onlyAtCalls ? HeaderFlag.onlyAtCalls : 0),
    );
    put("sourceKind", sourceKinds.indexOf(ids.sourceKind) + 1);
    for (const [i, ref] of stringRefs.entries()) header.view.setUint32(headerField.debugId + 4 * i, ref, true);
    put("rangeRoot", ranges.root);
    put("rangeLevels", ranges.levels);
    put("rowRoot", rows.root);
    put("rowLevels", rows.levels);
    put("winRowRoot", winRows.root);
    put("winRowLevels", winRows.levels);
    for (const [name, value] of Object.entries(this.counts) as [keyof SymcacheCounts, number][]) put(name, value);
    put("damagedLines", Math.min(damagedLines, 0xffffffff));
    put("sourceBytesLow", ids.sourceBytes % 0x100000000);
    put("sourceBytesHigh", Math.floor(ids.sourceBytes / 0x100000000));
    this.#stream.finish(header);
  }

  get hasLines(): boolean {
    return this.#hasLines;
  }
}

/** Equal for equal rows whose registers are named in the same order, which readers keep to. */
function rowKey(row: UnwindRow): string {
  let key = `${row.interrupted ? "!" : ""}${ruleKey(row.cfa)},${ruleKey(row.returnAddress)}`;
  for (const [name, rule] of row.registers) key += `,${name}=${ruleKey(rule)}`;
  return key;
}

function ruleKey(rule: RegisterRule): string {
  switch (rule.kind) {
    case "undefined":
      return "?";
    case "same":
      return "";
    case "cfaOffset":
      return `@${rule.offset}`;
    case "valCfaOffset":
      return `+${rule.offset}`;
    case "register":
      return `${rule.register} ${rule.offset}`;
    case "expression":
      return `(${rule.program.length})${rule.program}`;
  }
}

function writeRecord16(page: Page, a: number, b: number, c: number, d: number): number {
  const at = page.used;
  page.view.setUint32(at, a, true);
  page.view.setUint32(at + 4, b, true);
  page.view.setUint32(at + 8, c, true);
  page.view.setUint32(at + 12, d, true);
  const ref = RecordPages.refOf(page);
  page.used = at + 16;
  return ref;
}

function writeRecord8(page: Page, a: number, b: number): void {
  page.view.setUint32(page.used, a, true);
  page.view.setUint32(page.used + 4, b, true);
  page.used += 8;
}

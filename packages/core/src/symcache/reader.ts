/**
 * Reads a symcache by ranges: a lookup descends a search tree and touches a few pages of 4 KiB, whatever the file's size. Every page is
 * checked when it is read; a damaged one throws FormatError with its offset. Unknown versions are refused.
 */
import type { ByteSource } from "../bytes/byte-source.ts";
import { FormatError } from "../bytes/format-error.ts";
import { shortText } from "../bytes/short-text.ts";
import { decodeUtf8 } from "../bytes/text.ts";
import type { NameLookup, SourceFrame } from "../symbolicate/lookup.ts";
import type { RegisterRule, UnwindLookup, UnwindRow, WindowsFrame, WindowsFrameLookup } from "../unwind/rules.ts";
import {
  HeaderFlag,
  headerBytes,
  headerField,
  interruptedRules,
  magic,
  maxAliasesInAnswer,
  maxChainLength,
  maxIndexLevels,
  maxRulesPerRow,
  PageKind,
  pageBytes,
  RuleKind,
  recordBytes,
  type SourceKind,
  sourceKinds,
  symcacheVersion,
  targetCfa,
  targetReturnAddress,
} from "./layout.ts";
import { type CheckedPage, PageCache } from "./page-cache.ts";
import type { SymcacheCounts } from "./writer.ts";

/** A ref is a page and a place in it, in words of 4 bytes. */
const refBits = 10;
const refMask = pageBytes / 4 - 1;
/** Pages kept per open file: 1 MiB. */
const defaultMaxCachedPages = 256;
const maxCachedStrings = 1024;
const maxCachedRows = 1024;
/** A longer string in a symcache is damage: no debug file is allowed one. */
const maxStringBytes = 1 << 20;

export type SymcacheHeader = SymcacheCounts & {
  formatVersion: number;
  sourceKind: SourceKind;
  sourceBytes: number;
  debugId: string | null;
  codeId: string | null;
  debugFile: string | null;
  codeFile: string | null;
  cpu: string | null;
  os: string | null;
  hasLines: boolean;
  hasInlines: boolean;
  /** Lines or records of the debug file that could not be used. */
  damagedLines: number;
};

/** An open symcache; a part is null when the file lacks it. */
export type Symcache = {
  header: SymcacheHeader;
  names: NameLookup | null;
  unwind: UnwindLookup | null;
  windowsFrames: WindowsFrameLookup | null;
  pageCount: number;
  /** Throws FormatError when a page is damaged. */
  checkPage(number: number): void;
  /** Starts of all ranges, rows and frame data, each ascending: between two neighbours the answer is the same. */
  starts: { names: Iterable<number>; unwind: Iterable<number>; windowsFrames: Iterable<number> };
  /** Bytes asked of the source so far. */
  bytesRead(): number;
};

/** The frames at one address as refs of this file's strings, innermost first; no string is decoded. Reused from address to address. */
export class FrameRefs {
  length = 0;
  /** Start of the function that is there. */
  functionAddress = 0;
  /** Record of the first function folded with it; 0: none. */
  alias = 0;
  readonly name = new Uint32Array(maxChainLength);
  readonly file = new Uint32Array(maxChainLength);
  readonly line = new Uint32Array(maxChainLength);
}

/** Opens a symcache. Throws FormatError when it is none, is of another version, or is damaged or cut short. */
export function openSymcache(source: ByteSource, maxCachedPages = defaultMaxCachedPages): Symcache {
  checkStart(source);
  const cache = new PageCache(source, maxCachedPages);
  const page = cache.page(0, PageKind.header, "header");
  const field = (name: keyof typeof headerField) => page.view.getUint32(headerField[name], true);
  const pageCount = field("pageCount");
  if (page.used < headerBytes) throw new FormatError("symcache: header", 0, "header is too short");
  if (field("pageSize") !== pageBytes) throw new FormatError("symcache: header", headerField.pageSize, `page size ${field("pageSize")}`);
  if (source.size !== pageCount * pageBytes) {
    throw new FormatError("symcache: header", headerField.pageCount, `${pageCount} pages announced, ${source.size} bytes found`);
  }
  const strings = new StringReader(cache);
  const text = (name: keyof typeof headerField) => (field(name) === 0 ? null : strings.at(field(name)));
  const flags = field("flags");
  const sourceKind = sourceKinds[field("sourceKind") - 1];
  if (sourceKind === undefined) throw new FormatError("symcache: header", headerField.sourceKind, `source kind ${field("sourceKind")}`);
  const header: SymcacheHeader = {
    formatVersion: symcacheVersion,
    sourceKind,
    sourceBytes: field("sourceBytesHigh") * 0x100000000 + field("sourceBytesLow"),
    debugId: text("debugId"),
    codeId: text("codeId"),
    debugFile: text("debugFile"),
    codeFile: text("codeFile"),
    cpu: text("cpu"),
    os: text("os"),
    hasLines: (flags & HeaderFlag.lines) !== 0,
    hasInlines: (flags & HeaderFlag.inlines) !== 0,
    functionCount: field("functionCount"),
    symbolCount: field("symbolCount"),
    inlineCount: field("inlineCount"),
    rangeCount: field("rangeCount"),
    rowCount: field("rowCount"),
    ruleCount: field("ruleCount"),
    winFrameCount: field("winFrameCount"),
    damagedLines: field("damagedLines"),
  };
  const registers = text("registers")?.split(" ") ?? [];
  const tree = (
    root: "rangeRoot" | "rowRoot" | "winRowRoot",
    levels: "rangeLevels" | "rowLevels" | "winRowLevels",
    kind: PageKind,
    size: number,
  ) => (field(root) === 0 ? null : new Tree(cache, field(root), field(levels), kind, size));
  const ranges = tree("rangeRoot", "rangeLevels", PageKind.ranges, recordBytes.range);
  const rows = tree("rowRoot", "rowLevels", PageKind.rows, recordBytes.row);
  const winRows = tree("winRowRoot", "winRowLevels", PageKind.winRows, recordBytes.winRow);
  return {
    header,
    names: ranges === null ? null : new SymcacheNames(cache, strings, ranges),
    unwind: rows === null ? null : new SymcacheUnwind(cache, strings, rows, registers, (flags & HeaderFlag.onlyAtCalls) !== 0),
    windowsFrames: winRows === null ? null : new SymcacheWindowsFrames(cache, strings, winRows),
    pageCount,
    checkPage: (number) => void cache.anyPage(number, "page"),
    starts: { names: ranges?.starts() ?? [], unwind: rows?.starts() ?? [], windowsFrames: winRows?.starts() ?? [] },
    bytesRead: () => cache.bytesRead,
  };
}

function checkStart(source: ByteSource): void {
  const start = source.read(0, Math.min(source.size, 16));
  for (let i = 0; i < magic.length; i++) {
    if (start[i] !== magic.charCodeAt(i)) throw new FormatError("symcache: header", 0, "not a symcache");
  }
  const version = start.length < 12 ? 0 : new DataView(start.buffer, start.byteOffset).getUint32(headerField.version, true);
  if (version !== symcacheVersion) {
    throw new FormatError("symcache: header", headerField.version, `version ${version} is not supported, only ${symcacheVersion}`);
  }
}

class StringReader {
  readonly #cache: PageCache;
  readonly #known = new Map<number, string>();

  constructor(cache: PageCache) {
    this.#cache = cache;
  }

  /** The string at a ref; noRef is the empty string. */
  at(ref: number): string {
    if (ref === 0) return "";
    let text = this.#known.get(ref);
    if (text === undefined) {
      text = this.#read(ref);
      if (this.#known.size >= maxCachedStrings) this.#known.clear();
      this.#known.set(ref, text);
    }
    return text;
  }

  #read(ref: number): string {
    const page = recordPage(this.#cache, ref, PageKind.strings, 4, "string");
    const at = (ref * 4) % pageBytes;
    const length = page.view.getUint32(at, true);
    if (length > maxStringBytes) throw new FormatError("symcache: string", ref * 4, `string of ${length} bytes`);
    if (at + 4 + length <= page.used) return shortText(page.bytes, at + 4, at + 4 + length);
    if (at !== 0) throw new FormatError("symcache: string", ref * 4, "string runs past its page");
    const bytes = new Uint8Array(length);
    let done = 0;
    let from = 4;
    for (let number = page.number; done < length; number++, from = 0) {
      const next = this.#cache.page(number, PageKind.strings, "string");
      if (next.used <= from) throw new FormatError("symcache: string", ref * 4, "string is cut short");
      const part = next.bytes.subarray(from, Math.min(next.used, from + length - done));
      bytes.set(part, done);
      done += part.length;
    }
    return decodeUtf8(bytes);
  }
}

/** The page of a record, after checking that the record lies within it. */
function recordPage(cache: PageCache, ref: number, kind: PageKind, size: number, what: string): CheckedPage {
  const page = cache.page(ref >>> refBits, kind, what);
  if (4 * (ref & refMask) + size > page.used) throw new FormatError(`symcache: ${what}`, ref * 4, "record lies outside its page");
  return page;
}

/** A search tree of records that start with an ascending u32. */
class Tree {
  readonly #cache: PageCache;
  readonly #root: number;
  readonly #levels: number;
  readonly #kind: PageKind;
  readonly #recordBytes: number;
  /** Where the last search ended: its page, and the offset of the record in it. */
  page: CheckedPage | null = null;
  at = 0;

  constructor(cache: PageCache, root: number, levels: number, kind: PageKind, size: number) {
    if (levels > maxIndexLevels) throw new FormatError("symcache: header", headerField.rangeLevels, `${levels} index levels`);
    this.#cache = cache;
    this.#root = root;
    this.#levels = levels;
    this.#kind = kind;
    this.#recordBytes = size;
  }

  /** Finds the last record that starts at or below `key`; false when there is none. Sets `page` and `at`. */
  search(key: number): boolean {
    let number = this.#root;
    for (let level = this.#levels; level > 0; level--) {
      const index = this.#cache.page(number, PageKind.index, "index");
      const at = lastRecord(index, recordBytes.index, key);
      if (at < 0) return false;
      number = index.view.getUint32(at + 4, true);
    }
    const leaf = this.#cache.page(number, this.#kind, "leaf");
    const at = lastRecord(leaf, this.#recordBytes, key);
    this.page = leaf;
    this.at = at;
    return at >= 0;
  }

  /** Where each record starts, in the tree's order. */
  *starts(number = this.#root, level = this.#levels): Iterable<number> {
    const size = level > 0 ? recordBytes.index : this.#recordBytes;
    const page = this.#cache.page(number, level > 0 ? PageKind.index : this.#kind, level > 0 ? "index" : "leaf");
    for (let at = 0; at + size <= page.used; at += size) {
      if (level > 0) yield* this.starts(page.view.getUint32(at + 4, true), level - 1);
      else yield page.view.getUint32(at, true);
    }
  }
}

/** Offset in the page of the last record whose first u32 is at or below `key`; -1 when there is none. */
function lastRecord(page: CheckedPage, size: number, key: number): number {
  const view = page.view;
  let low = 0;
  let high = Math.floor(page.used / size);
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (view.getUint32(middle * size, true) <= key) low = middle + 1;
    else high = middle;
  }
  return (low - 1) * size;
}

/** Names of one image out of its symcache. */
export class SymcacheNames implements NameLookup {
  readonly #cache: PageCache;
  readonly #strings: StringReader;
  readonly #ranges: Tree;
  readonly #refs = new FrameRefs();

  constructor(cache: PageCache, strings: StringReader, ranges: Tree) {
    this.#cache = cache;
    this.#strings = strings;
    this.#ranges = ranges;
  }

  /** Finds the frames at an address and puts their refs into `out`; false when nothing is known there. */
  locate(relativeAddress: number, out: FrameRefs): boolean {
    out.length = 0;
    if (!this.#ranges.search(relativeAddress)) return false;
    const range = this.#ranges.page!.view;
    const rangeAt = this.#ranges.at;
    let scope = range.getUint32(rangeAt + 4, true);
    if (scope === 0) return false;
    let file = range.getUint32(rangeAt + 8, true);
    let line = range.getUint32(rangeAt + 12, true);
    for (let steps = 0; steps < maxChainLength; steps++) {
      const page = this.#cache.anyPage(scope >>> refBits, "scope");
      const at = 4 * (scope & refMask);
      const isFunction = page.kind === PageKind.functions;
      if (!isFunction && page.kind !== PageKind.inlines)
        throw new FormatError("symcache: scope", scope * 4, "neither a function nor an inline record");
      if (at + recordBytes.inline > page.used) throw new FormatError("symcache: scope", scope * 4, "record lies outside its page");
      const view = page.view;
      out.file[steps] = file;
      out.line[steps] = line;
      out.length = steps + 1;
      if (isFunction) {
        out.functionAddress = view.getUint32(at, true);
        out.name[steps] = view.getUint32(at + 8, true);
        out.alias = view.getUint32(at + 12, true);
        return true;
      }
      out.name[steps] = view.getUint32(at + 4, true);
      scope = view.getUint32(at, true);
      file = view.getUint32(at + 8, true);
      line = view.getUint32(at + 12, true);
    }
    throw new FormatError("symcache: inlines", range.getUint32(rangeAt + 4, true) * 4, `chain of more than ${maxChainLength} frames`);
  }

  lookup(relativeAddress: number): SourceFrame[] | null {
    const refs = this.#refs;
    if (!this.locate(relativeAddress, refs)) return null;
    const strings = this.#strings;
    const frames: SourceFrame[] = [];
    for (let i = 0; i < refs.length; i++) {
      frames.push({
        function: strings.at(refs.name[i]!),
        functionAddress: refs.functionAddress,
        file: strings.at(refs.file[i]!) || null,
        line: refs.line[i] || null,
      });
    }
    if (refs.alias !== 0) frames[frames.length - 1]!.aliases = this.#aliases(refs.alias);
    return frames;
  }

  #aliases(first: number): string[] {
    const names: string[] = [];
    let ref = first;
    while (ref !== 0 && names.length < maxAliasesInAnswer) {
      const { view } = recordPage(this.#cache, ref, PageKind.functions, recordBytes.function, "alias");
      const at = (ref * 4) % pageBytes;
      names.push(this.#strings.at(view.getUint32(at + 8, true)));
      const next = view.getUint32(at + 12, true);
      if (next >= ref) throw new FormatError("symcache: alias", ref * 4, "the next alias does not lie before this one");
      ref = next;
    }
    return names;
  }
}

class SymcacheUnwind implements UnwindLookup {
  readonly onlyAtCalls: boolean;
  readonly #cache: PageCache;
  readonly #strings: StringReader;
  readonly #rows: Tree;
  readonly #registers: string[];
  readonly #known = new Map<number, UnwindRow>();

  constructor(cache: PageCache, strings: StringReader, rows: Tree, registers: string[], onlyAtCalls: boolean) {
    this.onlyAtCalls = onlyAtCalls;
    this.#cache = cache;
    this.#strings = strings;
    this.#rows = rows;
    this.#registers = registers;
  }

  find(relativeAddress: number): UnwindRow | null {
    if (!this.#rows.search(relativeAddress)) return null;
    const ref = this.#rows.page!.view.getUint32(this.#rows.at + 4, true);
    if (ref === 0) return null;
    let row = this.#known.get(ref);
    if (row === undefined) {
      row = this.#read(ref);
      if (this.#known.size >= maxCachedRows) this.#known.clear();
      this.#known.set(ref, row);
    }
    return row;
  }

  #read(ref: number): UnwindRow {
    const page = recordPage(this.#cache, ref, PageKind.rules, recordBytes.rule, "rules");
    let at = (ref * 4) % pageBytes;
    const count = page.view.getUint16(at, true);
    const flags = page.view.getUint16(at + 2, true);
    if (count > maxRulesPerRow || at + recordBytes.rule * (count + 1) > page.used) {
      throw new FormatError("symcache: rules", ref * 4, `${count} rules do not fit the page`);
    }
    let cfa: RegisterRule | null = null;
    let returnAddress: RegisterRule | null = null;
    const registers = new Map<string, RegisterRule>();
    for (let i = 0; i < count; i++) {
      at += recordBytes.rule;
      const target = page.view.getUint8(at);
      const rule = this.#rule(page, at);
      if (target === targetCfa) cfa = rule;
      else if (target === targetReturnAddress) returnAddress = rule;
      else registers.set(this.#register(target, page, at), rule);
    }
    if (cfa === null || returnAddress === null) throw new FormatError("symcache: rules", ref * 4, "no rule for CFA or return address");
    return (flags & interruptedRules) === 0 ? { cfa, returnAddress, registers } : { cfa, returnAddress, registers, interrupted: true };
  }

  #register(index: number, page: CheckedPage, at: number): string {
    const name = this.#registers[index];
    if (name === undefined) throw new FormatError("symcache: rules", page.number * pageBytes + at, `register ${index} has no name`);
    return name;
  }

  #rule(page: CheckedPage, at: number): RegisterRule {
    const kind = page.view.getUint8(at + 1);
    const offset = page.view.getInt32(at + 4, true);
    switch (kind) {
      case RuleKind.undefined:
        return { kind: "undefined" };
      case RuleKind.same:
        return { kind: "same" };
      case RuleKind.cfaOffset:
        return { kind: "cfaOffset", offset };
      case RuleKind.valCfaOffset:
        return { kind: "valCfaOffset", offset };
      case RuleKind.register:
        return { kind: "register", register: this.#register(page.view.getUint8(at + 2), page, at), offset };
      case RuleKind.expression:
        return { kind: "expression", program: this.#strings.at(page.view.getUint32(at + 4, true)) };
      default:
        throw new FormatError("symcache: rules", page.number * pageBytes + at, `rule of kind ${kind}`);
    }
  }
}

class SymcacheWindowsFrames implements WindowsFrameLookup {
  readonly #cache: PageCache;
  readonly #strings: StringReader;
  readonly #rows: Tree;

  constructor(cache: PageCache, strings: StringReader, rows: Tree) {
    this.#cache = cache;
    this.#strings = strings;
    this.#rows = rows;
  }

  find(relativeAddress: number): WindowsFrame | null {
    if (!this.#rows.search(relativeAddress)) return null;
    const ref = this.#rows.page!.view.getUint32(this.#rows.at + 4, true);
    if (ref === 0) return null;
    const { view } = recordPage(this.#cache, ref, PageKind.winFrames, recordBytes.winFrame, "windows frame");
    const base = (ref * 4) % pageBytes;
    const at = (index: number) => view.getUint32(base + 4 * index, true);
    const flags = at(10);
    return {
      kind: at(0) === 4 ? "frameData" : "fpo",
      address: at(1),
      codeSize: at(2),
      prologueSize: at(3),
      epilogueSize: at(4),
      parameterSize: at(5),
      savedRegisterSize: at(6),
      localSize: at(7),
      maxStackSize: at(8),
      program: (flags & 2) === 0 ? null : this.#strings.at(at(9)),
      allocatesBasePointer: (flags & 1) !== 0,
    };
  }
}

/**
 * Names and unwind rules straight from a .sym file, without converting it first: what the command line uses on a laptop.
 *
 * Opening indexes the file in one scan (sym-index.ts); a lookup parses the one block its address lands in. A file that will be asked more
 * than once is better converted (symcache/writer.ts): that file gives the same answers and needs no scan.
 */
import { lastAtOrBelow } from "../bytes/bisect.ts";
import { BlockReader } from "../bytes/block-reader.ts";
import type { ByteSource } from "../bytes/byte-source.ts";
import { shortText } from "../bytes/short-text.ts";
import { framesAt } from "../names/answer.ts";
import { flattenFunction, Segments } from "../names/flatten.ts";
import type { FunctionTexts } from "../names/name-source.ts";
import type { NameLookup, SourceFrame } from "../symbolicate/lookup.ts";
import type { UnwindLookup, UnwindRow, WindowsFrame, WindowsFrameLookup } from "../unwind/rules.ts";
import { CfiRow, type CfiRules, parseCfiRules, toUnwindRow } from "./cfi.ts";
import { parseCfiBlock } from "./cfi-block.ts";
import { Definitions } from "./definitions.ts";
import { parseFunctionBlock, SymFunctionBlock } from "./func-block.ts";
import { maxCfiBlockBytes, maxFunctionBytes, type SymModule } from "./records.ts";
import { indexSym, type SymIndex } from "./sym-index.ts";

const blockBytes = 16 << 10;
const maxBlocks = 64;
const maxCachedFunctions = 64;
const maxCachedRules = 4096;

/** An open .sym. `damage` counts the lines that could not be used, those of blocks not yet looked at excepted. */
export type SymFile = {
  module: SymModule;
  names: NameLookup | null;
  unwind: UnwindLookup | null;
  windowsFrames: WindowsFrameLookup | null;
  hasLines: boolean;
  hasInlines: boolean;
  damage: { readonly count: number; readonly first: readonly { offset: number; reason: string }[] };
};

/** Indexes a .sym file. Throws FormatError when it does not start with a MODULE record. */
export function openSym(source: ByteSource): SymFile {
  const index = indexSym(source);
  const hasNames = index.functions.start.length > 0 || index.publics.address.length > 0;
  return {
    module: index.module,
    names: hasNames ? new SymNames(source, index) : null,
    unwind: index.cfi.start.length > 0 ? new SymUnwind(source, index) : null,
    windowsFrames: index.win.start.length > 0 ? new SymWindowsFrames(source, index) : null,
    hasLines: index.hasLines,
    hasInlines: index.hasInlines,
    damage: index.damage,
  };
}

/** Forgets the oldest entry of a map that has reached its limit. */
function makeRoom<K, V>(map: Map<K, V>, limit: number): void {
  if (map.size < limit) return;
  for (const oldest of map.keys()) {
    map.delete(oldest);
    return;
  }
}

function textOf(bytes: Uint8Array): string {
  return shortText(bytes, 0, bytes.length);
}

type ParsedFunction = { block: SymFunctionBlock; segments: Segments };

class SymNames implements NameLookup {
  readonly #index: SymIndex;
  readonly #definitions: Definitions;
  readonly #reader: BlockReader;
  readonly #functions = new Map<number, ParsedFunction>();
  readonly #texts: FunctionTexts;
  readonly #oldTexts: FunctionTexts;

  constructor(source: ByteSource, index: SymIndex) {
    this.#index = index;
    const definitions = new Definitions(source, index);
    const file = (id: number) => definitions.fileName(id);
    this.#definitions = definitions;
    this.#texts = { file, origin: (id) => definitions.originName(id, false) };
    this.#oldTexts = { file, origin: (id) => definitions.originName(id, true) };
    this.#reader = new BlockReader(source, blockBytes, maxBlocks);
  }

  lookup(relativeAddress: number): SourceFrame[] | null {
    const { functions, publics } = this.#index;
    const at = lastAtOrBelow(functions.start, relativeAddress);
    if (at >= 0 && relativeAddress < functions.end[at]!) return this.#inFunction(this.#function(at), relativeAddress);
    const symbol = lastAtOrBelow(publics.address, relativeAddress);
    if (symbol < 0 || (at >= 0 && publics.address[symbol]! <= functions.start[at]!)) return null;
    const name = textOf(this.#definitions.symbolName(publics.offset[symbol]!));
    return [{ function: name, functionAddress: publics.address[symbol]!, file: null, line: null }];
  }

  #function(at: number): ParsedFunction {
    const known = this.#functions.get(at);
    if (known !== undefined) return known;
    const { functions, lineEnd } = this.#index;
    const offset = functions.offset[at]!;
    const bytes = this.#reader.upTo(offset, Math.min(functions.length[at]!, maxFunctionBytes));
    const block = new SymFunctionBlock();
    const segments = new Segments();
    parseFunctionBlock(bytes, offset, lineEnd, block, null);
    flattenFunction(block, functions.start[at]!, functions.end[at]!, segments);
    // The block outlives the reader's buffer.
    block.name = block.name.slice();
    const parsed = { block, segments };
    makeRoom(this.#functions, maxCachedFunctions);
    this.#functions.set(at, parsed);
    return parsed;
  }

  #inFunction({ block, segments }: ParsedFunction, relativeAddress: number): SourceFrame[] {
    return framesAt(block, segments, block.oldInlines ? this.#oldTexts : this.#texts, relativeAddress);
  }
}

class SymUnwind implements UnwindLookup {
  readonly #index: SymIndex;
  readonly #reader: BlockReader;
  readonly #rules = new Map<string, CfiRules | null>();

  constructor(source: ByteSource, index: SymIndex) {
    this.#index = index;
    this.#reader = new BlockReader(source, blockBytes, maxBlocks);
  }

  find(relativeAddress: number): UnwindRow | null {
    const { cfi, lineEnd } = this.#index;
    const at = lastAtOrBelow(cfi.start, relativeAddress);
    if (at < 0 || relativeAddress >= cfi.end[at]!) return null;
    const bytes = this.#reader.upTo(cfi.offset[at]!, Math.min(cfi.length[at]!, maxCfiBlockBytes));
    const steps = parseCfiBlock(bytes, cfi.offset[at]!, lineEnd, null);
    const row = new CfiRow(null);
    for (let i = 0; i < steps.address.length && steps.address[i]! <= relativeAddress; i++) {
      const rules = this.#rulesOf(shortText(bytes, steps.textStart[i]!, steps.textEnd[i]!));
      if (rules !== null) row.apply(rules);
    }
    return toUnwindRow(row.rules());
  }

  #rulesOf(text: string): CfiRules | null {
    let rules = this.#rules.get(text);
    if (rules === undefined) {
      rules = parseCfiRules(text);
      makeRoom(this.#rules, maxCachedRules);
      this.#rules.set(text, rules);
    }
    return rules;
  }
}

class SymWindowsFrames implements WindowsFrameLookup {
  readonly #index: SymIndex;
  readonly #definitions: Definitions;

  constructor(source: ByteSource, index: SymIndex) {
    this.#index = index;
    this.#definitions = new Definitions(source, index);
  }

  find(relativeAddress: number): WindowsFrame | null {
    const { win } = this.#index;
    const at = lastAtOrBelow(win.start, relativeAddress);
    return at < 0 || relativeAddress >= win.end[at]! ? null : this.#definitions.windowsFrame(win.offset[at]!);
  }
}

/**
 * Random sources of names with everything that real and hostile debug files do: functions in any order, nested, overlapping, folded, in several
 * parts; symbols with and without sizes. And the obvious, slow way to look up an address in them, written from the rules of name-source.ts
 * only. For tests.
 */
import { FunctionBlock, NONE } from "../src/names/function-block.ts";
import type { FunctionTexts, NameSink, NameSource } from "../src/names/name-source.ts";
import type { SourceFrame } from "../src/symbolicate/lookup.ts";
import { randomFrom } from "./random.ts";

type Range = [start: number, end: number];
export type RandomFunction = {
  name: string;
  parts: Range[];
  lines: { range: Range; line: number; file: number }[];
  inlines: { depth: number; ranges: Range[]; callLine: number; callFile: number; origin: number }[];
};
export type RandomSymbol = { address: number; size: number; name: string; limit: number };
export type RandomNames = { unit: RandomUnit; functions: RandomFunction[]; symbols: RandomSymbol[]; limit: number; order: number[] };
/** What ids stand for; another unit's ids mean other texts. */
type RandomUnit = { files: (string | null)[]; origins: (string | null)[] }[];

export function randomNames(seed: number, limit = 240): RandomNames {
  const random = randomFrom(seed);
  const range = (from: number, to: number): Range => {
    const start = from + random(Math.max(1, to - from));
    return [start, start + random(1 + Math.floor((to - from) / 2))];
  };
  const unit: RandomUnit = Array.from({ length: 1 + random(3) }, (_, u) => ({
    files: Array.from({ length: 4 }, (_, i) => (random(8) === 0 ? null : `/unit${u}/file${i}.c`)),
    origins: Array.from({ length: 4 }, (_, i) => (random(8) === 0 ? null : `inlined_${u}_${i}`)),
  }));
  const functions: RandomFunction[] = [];
  for (let i = 0, count = random(9); i < count; i++) {
    const before = functions[random(Math.max(1, functions.length))];
    const start = before !== undefined && random(4) === 0 ? before.parts[0]![0] : random(limit - 40);
    const first: Range = before !== undefined && random(3) === 0 ? [...before.parts[0]!] : [start, start + random(40)];
    const parts: Range[] = [first];
    while (random(4) === 0) parts.push(range(0, limit));
    const lines: RandomFunction["lines"] = [];
    const inlines: RandomFunction["inlines"] = [];
    for (const [from, to] of parts) {
      for (let k = random(5); k > 0; k--)
        lines.push({ range: range(from, to + 3), line: random(30), file: random(6) === 0 ? NONE : random(4) });
      for (let k = random(4); k > 0; k--) {
        const ranges = [range(from, to + 3)];
        while (random(3) === 0) ranges.push(range(0, limit));
        inlines.push({ depth: random(3), ranges, callLine: random(20), callFile: random(5) === 0 ? NONE : random(4), origin: random(4) });
      }
    }
    functions.push({ name: `f${random(12)}`, parts, lines, inlines });
  }
  const symbols: RandomSymbol[] = [];
  const sections = random(2) === 0;
  for (let i = 0, count = random(8); i < count; i++) {
    const near = functions[random(Math.max(1, functions.length))]?.parts[0]?.[0] ?? 0;
    const address = random(3) === 0 ? near : random(3) === 0 ? (symbols[0]?.address ?? 0) : random(limit - 20);
    const size = random(2) === 0 ? 0 : random(30);
    symbols.push({ address, size, name: `s${random(9)}`, limit: sections ? 60 * Math.floor(address / 60 + 1) : 0xffffffff });
  }
  return { unit, functions, symbols, limit, order: functions.map(() => random(unit.length)) };
}

/** The frames at an address, found by looking at everything. */
export function slowFrames({ unit, functions, symbols, order }: RandomNames, address: number): SourceFrame[] | null {
  let best: { index: number; part: Range } | null = null;
  for (const [index, { parts }] of functions.entries()) {
    for (const part of parts) if (covers(part, address) && (best === null || part[0] > best.part[0])) best = { index, part };
  }
  if (best !== null) {
    const frames = functionFrames(functions[best.index]!, unit[order[best.index]!]!, address);
    const aliases = aliasesOf(functions, best.index, best.part);
    if (aliases.length > 0) frames.at(-1)!.aliases = aliases;
    return frames;
  }
  const covering = symbols.filter((symbol) => symbolCovers(symbol, functions, symbols, address));
  const first = covering.reduce<RandomSymbol | null>(
    (found, symbol) => (found === null || symbol.address > found.address ? symbol : found),
    null,
  );
  return first === null ? null : [{ function: first.name, functionAddress: first.address, file: null, line: null }];
}

const covers = ([start, end]: Range, address: number) => start <= address && address < end;

function symbolCovers(symbol: RandomSymbol, functions: RandomFunction[], symbols: RandomSymbol[], address: number): boolean {
  if (symbol.size > 0) return covers([symbol.address, symbol.address + symbol.size], address);
  const starts = functions.flatMap(({ parts }) => parts.filter(([start, end]) => end > start).map(([start]) => start));
  const ends = [
    symbol.limit,
    ...starts.filter((start) => start >= symbol.address),
    ...symbols
      .filter((other) => other.address > symbol.address && (other.size > 0 || other.limit > other.address))
      .map((other) => other.address),
  ];
  return covers([symbol.address, Math.min(...ends)], address);
}

/** Names of later functions of the same extent, up to one that starts there and reaches further. */
function aliasesOf(functions: RandomFunction[], winner: number, [start, end]: Range): string[] {
  const names: string[] = [];
  let last = functions[winner]!.name;
  for (const [index, { name, parts }] of functions.entries()) {
    for (const part of parts) {
      if (index < winner || part[0] !== start || part[1] <= start) continue;
      if (part[1] > end) return names;
      if (part[1] !== end) continue;
      if (name !== last) names.push(name);
      last = name;
    }
  }
  return names;
}

function functionFrames(of: RandomFunction, unit: RandomUnit[number], address: number): SourceFrame[] {
  const latest = <T>(items: { range: Range; item: T }[]): T | null => {
    const found = items.filter(({ range }) => covers(range, address));
    return found.reduce<{ range: Range; item: T } | null>((a, b) => (a === null || b.range[0] > a.range[0] ? b : a), null)?.item ?? null;
  };
  const functionAddress = of.parts[0]![0];
  const place = latest(of.lines.map((item) => ({ range: item.range, item })));
  let file = place === null || place.file === NONE ? null : unit.files[place.file]!;
  let line = place?.line || null;
  const frames: SourceFrame[] = [];
  const chain: RandomFunction["inlines"] = [];
  for (let depth = 0; ; depth++) {
    const found = latest(of.inlines.filter((i) => i.depth === depth).flatMap((item) => item.ranges.map((range) => ({ range, item }))));
    if (found === null) break;
    chain.unshift(found);
  }
  for (const inline of chain) {
    frames.push({ function: unit.origins[inline.origin] ?? "", functionAddress, file, line });
    file = inline.callFile === NONE ? null : unit.files[inline.callFile]!;
    line = inline.callLine || null;
  }
  frames.push({ function: of.name, functionAddress, file, line });
  return frames;
}

const encoder = new TextEncoder();
const encoded = (text: string | null) => (text === null ? null : encoder.encode(text));

/** The same as a NameSource: each function through the block, as readers fill it. */
export function asNameSource(names: RandomNames): NameSource {
  const texts = names.unit.map(
    ({ files, origins }): FunctionTexts => ({ file: (id) => encoded(files[id]!), origin: (id) => encoded(origins[id]!) }),
  );
  return {
    hasLines: true,
    hasInlines: true,
    damage: { count: 0, first: [] },
    lookup: (address) => slowFrames(names, address),
    visit(sink: NameSink, progress) {
      const block = new FunctionBlock();
      for (const symbol of names.symbols.slice(0, 2)) give(sink, symbol);
      for (const [i, of] of names.functions.entries()) {
        fill(block, of);
        sink.function(block, texts[names.order[i]!]!);
        progress(i);
      }
      for (const symbol of names.symbols.slice(2)) give(sink, symbol);
    },
  };
}

function give(sink: NameSink, { address, size, name, limit }: RandomSymbol): void {
  sink.symbol(address, size, encoder.encode(name), limit);
}

function fill(block: FunctionBlock, of: RandomFunction): void {
  block.clear();
  block.address = of.parts[0]![0];
  block.size = of.parts[0]![1] - of.parts[0]![0];
  block.name = encoder.encode(of.name);
  for (const [start, end] of of.parts) {
    block.partStart.push(start);
    block.partEnd.push(end);
  }
  for (const { range, line, file } of of.lines) {
    block.lineStart.push(range[0]);
    block.lineEndAddress.push(range[1]);
    block.lineNumber.push(line);
    block.lineFile.push(file);
  }
  for (const { depth, ranges, callLine, callFile, origin } of of.inlines) {
    for (const [start, end] of ranges) {
      block.inlineStart.push(start);
      block.inlineEndAddress.push(end);
      block.inlineRecord.push(block.recordDepth.length);
    }
    block.recordDepth.push(depth);
    block.recordCallLine.push(callLine);
    block.recordCallFile.push(callFile);
    block.recordOrigin.push(origin);
  }
}

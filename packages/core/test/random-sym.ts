/**
 * Random .sym texts with everything that real and hostile files do: nesting, overlap, duplicates, wrong order, missing numbers. And the obvious, slow
 * way to look up an address in them, written from the rules in the format notes only, without index, blocks or pages. For tests.
 */
import type { SourceFrame } from "../src/symbolicate/lookup.ts";

export type RandomSym = {
  text: string;
  /** Addresses below this are worth asking for. */
  limit: number;
  functions: RandomFunction[];
  publics: { address: number; name: string }[];
  files: Map<number, string>;
  origins: Map<number, string>;
  cfi: { start: number; size: number; steps: { address: number; text: string }[] }[];
};

export type RandomFunction = {
  address: number;
  size: number;
  name: string;
  lines: { address: number; size: number; line: number; file: number }[];
  inlines: { depth: number; callLine: number; callFile: number; origin: number; ranges: [number, number][] }[];
};

/** A small generator with a seed, so that a failure can be repeated. */
export function randomFrom(seed: number): (below: number) => number {
  let state = seed >>> 0 || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

const ruleTexts = [
  ".cfa: $rsp 8 + .ra: .cfa -8 + ^",
  ".cfa: $rsp 16 +",
  "$rbp: .cfa -16 + ^ .cfa: $rbp 16 +",
  "$rbx: $rbx",
  ".ra: .undef",
  "$r12: .cfa 8 2 * - ^",
  "damaged",
];

export function randomSym(seed: number): RandomSym {
  const random = randomFrom(seed);
  const limit = 400;
  const functions: RandomFunction[] = [];
  const publics: { address: number; name: string }[] = [];
  const files = new Map<number, string>();
  const origins = new Map<number, string>();
  const cfi: RandomSym["cfi"] = [];
  const lineEnd = random(4) === 0 ? "\r\n" : "\n";
  const out = [`MODULE Linux x86_64 0123456789ABCDEF0123456789ABCDEF${random(3)} random ${seed}`];
  const hex = (value: number) => value.toString(16);
  for (let i = 0, n = random(5); i < n; i++) {
    const id = random(8);
    const name = `/src/${random(3)}/file ${i}.c`;
    if (!files.has(id)) files.set(id, name);
    out.push(`FILE ${id} ${name}`);
  }
  for (let i = 0, n = random(5); i < n; i++) {
    const id = random(6);
    const name = `inlined${random(3)}(${"int".repeat(random(3))})`;
    if (!origins.has(id)) origins.set(id, name);
    out.push(`INLINE_ORIGIN ${id} ${name}`);
  }
  const tidy = random(2) === 0;
  let next = random(30);
  for (let i = 0, n = random(9); i < n; i++) {
    const address = tidy ? next : random(300);
    const size = random(tidy ? 40 : 80);
    next = address + size + random(10);
    const entry: RandomFunction = { address, size, name: `function ${i}`, lines: [], inlines: [] };
    out.push(`FUNC ${random(5) === 0 ? "m " : ""}${hex(address)} ${hex(size)} 0 ${entry.name}`);
    for (let k = 0, m = random(4); k < m; k++) {
      const inline = { depth: random(3), callLine: random(50), callFile: random(8), origin: random(6), ranges: [] as [number, number][] };
      for (let r = random(2); r >= 0; r--) inline.ranges.push([address + random(size + 5), random(20)]);
      entry.inlines.push(inline);
      const ranges = inline.ranges.map(([start, length]) => ` ${hex(start)} ${hex(length)}`).join("");
      out.push(`INLINE ${inline.depth} ${inline.callLine} ${inline.callFile} ${inline.origin}${ranges}`);
    }
    let at = address;
    for (let k = 0, m = random(6); k < m; k++) {
      const start = tidy ? at : address + random(size + 5);
      const line = { address: start, size: random(12), line: random(90), file: random(8) };
      at = start + line.size + random(2);
      entry.lines.push(line);
      out.push(`${hex(line.address)} ${hex(line.size)} ${line.line} ${line.file}`);
      if (random(40) === 0) out.push("damaged line");
    }
    functions.push(entry);
  }
  for (let i = 0, n = random(6); i < n; i++) {
    const entry = { address: random(limit), name: `public ${i}` };
    publics.push(entry);
    out.push(`PUBLIC ${hex(entry.address)} 0 ${entry.name}`);
  }
  for (let i = 0, n = random(5); i < n; i++) {
    const start = random(300);
    const size = random(60);
    const steps = [{ address: start, text: ruleTexts[random(2)]! }];
    out.push(`STACK CFI INIT ${hex(start)} ${hex(size)} ${steps[0]!.text}`);
    for (let k = 0, m = random(4); k < m; k++) {
      const step = { address: start + random(size + 4), text: ruleTexts[random(ruleTexts.length)]! };
      steps.push(step);
      out.push(`STACK CFI ${hex(step.address)} ${step.text}`);
    }
    cfi.push({ start, size, steps });
  }
  return { text: out.join(lineEnd) + lineEnd, limit, functions, publics, files, origins, cfi };
}

/** Of the ranges that cover `address` the one that starts last, of equal starts the first; -1 for none. */
function pick(address: number, ranges: { start: number; size: number }[]): number {
  let best = -1;
  for (const [i, range] of ranges.entries()) {
    if (address < range.start || address >= range.start + range.size) continue;
    if (best < 0 || range.start > ranges[best]!.start) best = i;
  }
  return best;
}

const extents = (functions: RandomFunction[]) => functions.map((entry) => ({ start: entry.address, size: entry.size }));

export function slowLookup(sym: RandomSym, address: number): SourceFrame[] | null {
  const owner = pick(address, extents(sym.functions));
  if (owner < 0) return slowSymbol(sym, address);
  const entry = sym.functions[owner]!;
  const line =
    entry.lines[
      pick(
        address,
        entry.lines.map((record) => ({ start: record.address, size: record.size })),
      )
    ];
  let file = line === undefined ? null : (sym.files.get(line.file) ?? null);
  let number = line?.line || null;
  const chain: RandomFunction["inlines"] = [];
  for (let depth = 0; ; depth++) {
    const ranges = entry.inlines.flatMap((inline) =>
      inline.depth === depth ? inline.ranges.map(([start, size]) => ({ start, size, inline })) : [],
    );
    const found = ranges[pick(address, ranges)];
    if (found === undefined) break;
    chain.unshift(found.inline);
  }
  const frames: SourceFrame[] = [];
  for (const inline of chain) {
    frames.push({ function: sym.origins.get(inline.origin) ?? "", functionAddress: entry.address, file, line: number });
    file = sym.files.get(inline.callFile) ?? null;
    number = inline.callLine || null;
  }
  frames.push({ function: entry.name, functionAddress: entry.address, file, line: number });
  return frames;
}

/** A public symbol holds until the next symbol; a function that begins to own addresses between the symbol and here ends it. */
function slowSymbol(sym: RandomSym, address: number): SourceFrame[] | null {
  const symbols = [...sym.publics, ...sym.functions.filter((entry) => entry.size === 0)];
  let best: { address: number; name: string } | null = null;
  for (const symbol of symbols) if (symbol.address <= address && (best === null || symbol.address > best.address)) best = symbol;
  if (best === null) return null;
  const ranges = extents(sym.functions);
  for (let at = best.address; at < address; at++) {
    const owner = pick(at, ranges);
    if (owner >= 0 && (at === 0 || pick(at - 1, ranges) !== owner)) return null;
  }
  return [{ function: best.name, functionAddress: best.address, file: null, line: null }];
}

/** The rule texts in force at an address, in the order in which they apply; null when there are none. */
export function slowRules(sym: RandomSym, address: number): string[] | null {
  const owner = pick(address, sym.cfi);
  if (owner < 0) return null;
  const steps = sym.cfi[owner]!.steps.filter((step) => step.address <= address);
  return steps.sort((a, b) => a.address - b.address).map((step) => step.text);
}

/**
 * The answers of a NameSource's `visit`, address by address, by the rules that NameSource states: what a lookup file made of it would say. For tests
 * over little code, since every address is kept.
 */
import { shortText } from "../src/bytes/short-text.ts";
import { framesAt } from "../src/names/answer.ts";
import { flattenFunction, Segments } from "../src/names/flatten.ts";
import type { NameSource } from "../src/names/name-source.ts";
import type { NameLookup, SourceFrame } from "../src/symbolicate/lookup.ts";

type Held = { start: number; frames: SourceFrame[] };

export function visitedAnswers(names: NameSource, codeEnd: number): NameLookup {
  const functions: (Held | undefined)[] = [];
  const symbols: { address: number; size: number; limit: number; name: string; order: number }[] = [];
  const segments = new Segments();
  names.visit(
    {
      function(block, texts) {
        for (let part = 0; part < block.partStart.length; part++) {
          const start = block.partStart.at(part);
          const end = Math.min(block.partEnd.at(part), codeEnd);
          flattenFunction(block, start, end, segments);
          for (let address = start; address < end; address++) {
            if ((functions[address]?.start ?? -1) < start)
              functions[address] = { start, frames: framesAt(block, segments, texts, address) };
          }
        }
      },
      symbol(address, size, name, limit) {
        symbols.push({ address, size, limit, name: shortText(name, 0, name.length), order: symbols.length });
      },
    },
    () => {},
  );
  symbols.sort((a, b) => a.address - b.address || b.order - a.order);
  const answers: (SourceFrame[] | null)[] = [];
  let next = 0;
  let before = -1;
  for (let address = 0; address < codeEnd; address++) {
    while (next < symbols.length && symbols[next]!.address <= address) next++;
    const held = functions[address];
    if (held !== undefined) before = held.start;
    const symbol = symbols[next - 1];
    const named =
      symbol !== undefined && symbol.address > before && address < (symbol.size > 0 ? symbol.address + symbol.size : symbol.limit);
    const symbolFrames = () => (named ? [{ function: symbol.name, functionAddress: symbol.address, file: null, line: null }] : null);
    answers.push(held === undefined ? symbolFrames() : held.frames);
  }
  return { lookup: (address) => answers[address] ?? null };
}

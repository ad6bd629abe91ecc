import assert from "node:assert/strict";
import { test } from "node:test";
import type { UnwindLookup, UnwindRow } from "../unwind/rules.ts";
import type { NameLookup, SourceFrame } from "./lookup.ts";
import { bestNames, bestUnwind, bestWindowsFrames, type ImageFile, rememberNames } from "./symbolicate.ts";

/** Names that answer `name` at the given addresses. */
function names(name: string, ...addresses: number[]): NameLookup {
  return {
    lookup: (address): SourceFrame[] | null =>
      addresses.includes(address) ? [{ function: name, functionAddress: address, file: null, line: null }] : null,
  };
}

function file(lookup: NameLookup | null, hasLines: boolean, hasInlines: boolean, unwind: UnwindLookup | null = null): ImageFile {
  return { names: lookup, unwind, windowsFrames: null, hasLines, hasInlines };
}

const nameAt = (lookup: NameLookup | null, address: number) => lookup?.lookup(address)?.[0]?.function ?? null;

test("inlines before lines before bare symbols, and the next file where the best knows nothing", () => {
  const best = bestNames([
    file(names("symbols", 1, 2, 3), false, false),
    file(names("inlines", 1), true, true),
    file(names("lines", 1, 2), true, false),
    file(null, true, true),
  ]);
  assert.deepEqual(
    [1, 2, 3, 4].map((address) => nameAt(best, address)),
    ["inlines", "lines", "symbols", null],
  );
});

test("among equals the newest, which is the last", () => {
  assert.equal(nameAt(bestNames([file(names("old", 1), true, true), file(names("new", 1), true, true)]), 1), "new");
  assert.equal(bestNames([file(null, false, false)]), null);
  assert.equal(bestNames([]), null);
  const win = { find: () => null };
  assert.equal(bestWindowsFrames([{ ...file(null, false, false), windowsFrames: win }, file(null, true, true)]), win);
});

test("unwind rules: the newest file first, files that know calls only last, and where one has none the next", () => {
  const row = (offset: number): UnwindRow => ({
    cfa: { kind: "register", register: "rsp", offset },
    returnAddress: { kind: "cfaOffset", offset: -8 },
    registers: new Map(),
  });
  const rules = (offset: number, ...addresses: number[]): UnwindLookup => ({
    find: (address) => (addresses.includes(address) ? row(offset) : null),
  });
  const atCalls = { ...rules(8, 1, 2, 3, 4), onlyAtCalls: true };
  const files = [rules(16, 1, 2), rules(24, 1, 3), atCalls].map((unwind) => file(null, false, false, unwind));
  const best = bestUnwind([...files, file(null, true, true)]);
  assert.deepEqual(
    [1, 2, 3, 4, 5].map((address) => best?.find(address) ?? null),
    [row(24), row(16), row(24), row(8), null],
  );
  assert.equal(bestUnwind([file(null, false, false)]), null);
});

test("answers are remembered, the oldest forgotten", () => {
  const asked: number[] = [];
  const remembered = rememberNames(
    {
      lookup: (address) => {
        asked.push(address);
        return names("f", 1, 3).lookup(address);
      },
    },
    2,
  );
  for (const address of [1, 1, 2, 2, 1, 3, 1]) assert.equal(nameAt(remembered, address), address === 2 ? null : "f");
  assert.deepEqual(asked, [1, 2, 3, 1]);
});

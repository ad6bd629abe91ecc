/** Symbols of several tables as one, against a slow reading of the rules. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { randomFrom } from "../../test/random-sym.ts";
import { BufferSource } from "../bytes/byte-source.ts";
import { StringTable } from "./string-table.ts";
import { SymbolTableBuilder } from "./symbol-table.ts";

type Symbol = { address: number; size: number; limit: number };

/** The symbol at an address by the rules alone; -1 for none. */
function slowly(symbols: readonly Symbol[], boundaries: readonly number[], address: number): number {
  const chosen = symbols
    .map((symbol, id) => ({ ...symbol, id, size: Math.min(symbol.size, symbol.limit - symbol.address) }))
    .filter(
      (symbol, _, all) =>
        !all.some(
          (other) => other.address === symbol.address && (other.size > symbol.size || (other.size === symbol.size && other.id > symbol.id)),
        ),
    )
    .map((symbol, _, all) => {
      const next = [...all.map((other) => other.address), ...boundaries].filter((start) => start > symbol.address);
      return { ...symbol, end: symbol.size > 0 ? symbol.address + symbol.size : Math.min(symbol.limit, ...next) };
    })
    .filter((symbol) => address >= symbol.address && address < symbol.end);
  return chosen.sort((a, b) => b.address - a.address)[0]?.id ?? -1;
}

test("random tables: as the rules say", () => {
  const random = randomFrom(5);
  let named = 0;
  for (let round = 0; round < 200; round++) {
    const symbols = Array.from({ length: 1 + random(8) }, () => ({
      address: random(60),
      size: random(2) * random(20),
      limit: 50 + random(20),
    }));
    const used = symbols.filter(({ address, limit }) => limit > address);
    const boundaries = Array.from({ length: random(3) }, () => random(60)).sort((a, b) => a - b);
    const builder = new SymbolTableBuilder();
    const names = { name: (id: number) => Buffer.from(`s${id}`) };
    for (const [id, { address, size, limit }] of used.entries()) builder.add(names, id, address, size, limit);
    const table = builder.finish(Uint32Array.from(boundaries), 100);
    for (let address = 0; address < 80; address++) {
      const expected = slowly(used, boundaries, address);
      const found = table?.lookup(address)?.[0] ?? null;
      assert.equal(found?.function ?? null, expected < 0 ? null : `s${expected}`, `round ${round}, address ${address}`);
      if (found !== null) {
        assert.equal(found.functionAddress, used[expected]!.address);
        named++;
      }
    }
  }
  assert.ok(named > 2000, `${named} named`);
});

test("names end at their 0, at the end of the table, and lose a prefix", () => {
  const long = "x".repeat(1000);
  const table = new StringTable(new BufferSource(Buffer.from(`_one\0_\0${long}\0_last`)), 0x5f);
  const text = (offset: number) => Buffer.from(table.name(offset)).toString();
  assert.deepEqual([text(0), text(1), text(5), text(7), text(1008), text(5000)], ["one", "one", "", long, "last", ""]);
  assert.equal(Buffer.from(new StringTable(new BufferSource(Buffer.from("_one"))).name(0)).toString(), "_one");
});

test("addresses outside of 32 bits and empty extents are left out", () => {
  const builder = new SymbolTableBuilder();
  const names = { name: () => Buffer.from("f") };
  builder.add(names, 0, -1, 10, 100);
  builder.add(names, 0, 2 ** 32, 10, 2 ** 33);
  builder.add(names, 0, 100, 10, 100);
  builder.add(names, 0, Number.NaN, 10, 100);
  assert.equal(builder.finish(new Uint32Array(0), 0), null);
});

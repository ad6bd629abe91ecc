import assert from "node:assert/strict";
import { test } from "node:test";
import { BufferSource } from "../bytes/byte-source.ts";
import { decodeUtf8 } from "../bytes/text.ts";
import { StringTable } from "./string-table.ts";

test("names that leave their block, that never end, that are too long, and the prefix that all names carry", () => {
  const blockBytes = 16 * 1024;
  const short = "_main\0plain\0";
  const crossing = `_${"c".repeat(600)}\0`;
  const long = `${"l".repeat(40_000)}\0`;
  const endless = "e".repeat(100_000);
  const filling = "f".repeat(blockBytes - short.length - 100);
  const source = new BufferSource(new TextEncoder().encode(short + filling + crossing + long + endless));
  const names = new StringTable(source);
  const at = (table: StringTable, offset: number) => decodeUtf8(table.name(offset));
  const crossingAt = short.length + filling.length;
  assert.equal(at(names, 0), "_main");
  assert.equal(at(names, 6), "plain");
  assert.equal(at(names, crossingAt), crossing.slice(0, -1));
  assert.equal(at(names, crossingAt + crossing.length), long.slice(0, -1));
  assert.equal(at(names, crossingAt + crossing.length + long.length).length, 64 * 1024, "cut where no name is that long");
  assert.equal(at(names, source.size - 3), "eee", "the end of the table ends it");
  assert.equal(at(names, source.size), "");
  assert.equal(at(names, source.size + 5), "");

  const withoutUnderscore = new StringTable(source, 0x5f);
  assert.equal(at(withoutUnderscore, 0), "main");
  assert.equal(at(withoutUnderscore, 6), "plain");
  assert.equal(at(withoutUnderscore, crossingAt), crossing.slice(1, -1));
});

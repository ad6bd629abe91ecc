/** Sizes as operators write them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseQuota } from "./organization.ts";

test("sizes with and without units, and none", () => {
  assert.equal(parseQuota("none"), null);
  assert.equal(parseQuota("1048576"), 1048576);
  assert.equal(parseQuota("500M"), 500 * 2 ** 20);
  assert.equal(parseQuota("20gb"), 20 * 2 ** 30);
});

test("what is no size is told", () => {
  for (const text of ["", "-1", "much", "5 X", "1.5G"]) assert.throws(() => parseQuota(text), /is no size/);
});

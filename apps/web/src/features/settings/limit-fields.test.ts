/** Limits as texts, there and back. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { limitOf, limitText } from "./limit-fields.ts";

test("counts, sizes, nothing, and what is neither", () => {
  assert.equal(limitOf("1,200", "count"), 1200);
  assert.equal(limitOf("0.5", "MiB"), 524_288);
  assert.equal(limitOf("  ", "MiB"), null);
  for (const wrong of ["x", "-1", "0", "1e300", "0.1"]) assert.equal(limitOf(wrong, "count"), undefined, wrong);
  for (const bytes of [1024, 200 * 1024 * 1024, 5_000_000_000]) assert.equal(limitOf(limitText(bytes, "MiB"), "MiB"), bytes);
  assert.equal(limitText(null, "count"), "");
});

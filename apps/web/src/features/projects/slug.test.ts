/** Names become short names that the server accepts. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { slug } from "@salvage/contracts";
import { slugOf } from "./slug.ts";

test("words are joined, accents dropped, the length bounded", () => {
  assert.equal(slugOf("My Game: Ultra!"), "my-game-ultra");
  assert.equal(slugOf("Épée"), "epee");
  assert.equal(slugOf("***"), "");
  assert.equal(slugOf("a!"), "");
  for (const name of ["My Game", "a".repeat(100), `${"a".repeat(39)} b`]) assert.ok(slug.safeParse(slugOf(name)).success, name);
});

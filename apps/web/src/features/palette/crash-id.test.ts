/** Crash ids are found in pasted text, in both written forms. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { crashIdIn } from "./crash-id.ts";

const id = "0195f0aa-1b2c-7d3e-8f40-a1b2c3d4e5f6";

test("an id is found with and without hyphens, and inside a URL", () => {
  assert.equal(crashIdIn(id.toUpperCase()), id);
  assert.equal(crashIdIn(id.replaceAll("-", "")), id);
  assert.equal(crashIdIn(`https://example.org/acme/game/crashes/${id}?x=1`), id);
});

test("other words are none", () => assert.equal(crashIdIn("Renderer::draw 0195f0aa"), null));

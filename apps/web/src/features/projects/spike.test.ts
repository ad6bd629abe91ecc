/** A fire is a day that stands out, not a busy project or a new one. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { isSpike } from "./spike.ts";

test("a day far above the usual is a spike", () => assert.equal(isSpike([4, 5, 3, 6, 40]), true));
test("a steady project is none", () => assert.equal(isSpike([400, 420, 390, 410, 430]), false));
test("few crashes are none", () => assert.equal(isSpike([0, 0, 1, 0, 9]), false));
test("a new project is none", () => assert.equal(isSpike([0, 0, 0, 0, 200]), false));
test("a day that was topped before is none", () => assert.equal(isSpike([1, 1, 90, 1, 40]), false));

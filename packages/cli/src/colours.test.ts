import assert from "node:assert/strict";
import { test } from "node:test";
import { wantsColours } from "./colours.ts";

test("colours: on a terminal, unless NO_COLOR is set or the terminal is dumb; --color decides over both", () => {
  assert.equal(wantsColours("auto", true, {}), true);
  assert.equal(wantsColours("auto", false, {}), false);
  assert.equal(wantsColours("auto", true, { NO_COLOR: "1" }), false);
  assert.equal(wantsColours("auto", true, { NO_COLOR: "" }), true, "set but empty does not count");
  assert.equal(wantsColours("auto", true, { TERM: "dumb" }), false);
  assert.equal(wantsColours("always", false, { NO_COLOR: "1" }), true);
  assert.equal(wantsColours("never", true, {}), false);
});

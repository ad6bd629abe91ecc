/** The policy sentence says what the numbers mean. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { patternsOf, policySentence } from "./policy.ts";

test("zero means at once, one is singular", () => {
  assert.equal(
    policySentence({ waitForSymbolsDays: 0, keepDumpDays: 0, reportRetentionDays: 1 }),
    "Minidumps of crashes that lack debug files are deleted after the first report. Those of complete crashes are deleted at once. Reports hold no memory contents and are deleted after 1 day.",
  );
  assert.match(
    policySentence({ waitForSymbolsDays: 7, keepDumpDays: 2, reportRetentionDays: 90 }),
    /after 7 days at the latest\. .* kept 2 days for download\./,
  );
});

test("patterns are lines", () => assert.deepEqual(patternsOf(" game*.dll \n\nengine.so\n"), ["game*.dll", "engine.so"]));

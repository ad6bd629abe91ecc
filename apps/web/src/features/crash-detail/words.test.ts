/** The sentences of the crash page. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { dumpWords, nameList } from "./words.ts";

test("names are listed without a wall of text", () => {
  assert.equal(nameList(["a"]), "a");
  assert.equal(nameList(["a", "b"]), "a and b");
  assert.equal(nameList(["a", "b", "c", "d"]), "a, b and 2 more");
});

test("the privacy line names the reason of a deletion", () => {
  const dump = { state: "deleted", sizeBytes: 1, sha256: "", deleteAfter: null, deletedAt: null, deletedReason: "complete" } as const;
  assert.deepEqual(dumpWords(dump), { headline: "The minidump was deleted", why: "because the crash is complete" });
  assert.equal(dumpWords({ ...dump, state: "held", sizeBytes: 2048 }).headline, "The minidump (2.0 KiB) is kept encrypted");
});

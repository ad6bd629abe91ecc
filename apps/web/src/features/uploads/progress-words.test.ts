/** The words of an upload follow its state, and work is over only when the crashes are upgraded. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { UploadSummary } from "@salvage/contracts";
import { countsWords, isSettled, stageOf, uploadWords } from "./progress-words.ts";
import { uploadAddress } from "./send-file.ts";

type Standing = Pick<UploadSummary, "state" | "reason" | "counts" | "upgraded">;
const upload: Standing = { state: "ready", reason: null, counts: { ready: 1, duplicate: 0, rejected: 0 }, upgraded: { done: 1, total: 2 } };
const words = (change: Partial<Standing>) => [stageOf({ ...upload, ...change }), uploadWords({ ...upload, ...change })];

test("a ready file with waiting crashes is not settled", () => {
  assert.equal(isSettled(upload), false);
  assert.deepEqual(words({}), ["upgrading", "Upgraded 1 of 2 waiting crashes"]);
});

test("settled when all are upgraded, or when rejected", () => {
  assert.equal(isSettled({ ...upload, upgraded: { done: 2, total: 2 } }), true);
  assert.deepEqual(words({ upgraded: { done: 12, total: 12 } }), ["done", "Ready. 12 crashes upgraded"]);
  assert.deepEqual(words({ upgraded: { done: 0, total: 0 } }), ["done", "Ready. No crash waits for it now"]);
  assert.equal(isSettled({ ...upload, state: "rejected" }), true);
  const rejected = { state: "rejected", reason: "no debug file" } as const;
  assert.deepEqual(words({ ...rejected, counts: { ready: 0, duplicate: 0, rejected: 0 } }), ["rejected", "no debug file"]);
  assert.deepEqual(words({ ...rejected, counts: { ready: 0, duplicate: 0, rejected: 1 } }), ["rejected", "Nothing of it can be used"]);
});

test("crashes read a large file before its lookup file is made", () => {
  assert.deepEqual(words({ state: "checking" }), ["upgrading", "Upgraded 1 of 2 waiting crashes; reading goes on"]);
});

test("an archive tells how far it is", () => {
  const nobody = { done: 0, total: 0 };
  assert.deepEqual(words({ state: "checking", upgraded: nobody, counts: { ready: 3, duplicate: 0, rejected: 1 } }), [
    "checking",
    "4 files checked so far",
  ]);
  assert.deepEqual(words({ state: "checking", upgraded: nobody, counts: { ready: 0, duplicate: 0, rejected: 0 } }), [
    "checking",
    "Checking and reading names",
  ]);
});

test("a duplicate says so, and an archive of other things too", () => {
  const nobody = { done: 0, total: 0 };
  assert.deepEqual(words({ upgraded: nobody, counts: { ready: 0, duplicate: 2, rejected: 1 } }), ["done", "Held already; nothing to do"]);
  assert.deepEqual(words({ upgraded: nobody, counts: { ready: 0, duplicate: 0, rejected: 2 } }), ["unusable", "Nothing usable inside"]);
});

test("the summary of a long archive", () => {
  assert.equal(countsWords({ ready: 1480, duplicate: 15, rejected: 5 }), "1,480 ready · 15 held already · 5 refused");
  assert.equal(countsWords({ ready: 0, duplicate: 0, rejected: 1 }), "1 refused");
});

test("the address carries name and project, escaped", () => {
  assert.equal(uploadAddress("acme", "a b&c.sym", "game"), "/api/v1/organizations/acme/debug-files?name=a+b%26c.sym&project=game");
  assert.equal(uploadAddress("acme", "a.sym", null), "/api/v1/organizations/acme/debug-files?name=a.sym");
});

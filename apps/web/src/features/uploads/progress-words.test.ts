/** The words of an upload follow its state, and work is over only when the crashes are upgraded. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { UploadView } from "@salvage/contracts";
import { isSettled, uploadWords } from "./progress-words.ts";
import { uploadAddress } from "./send-file.ts";

const verdict = {
  name: "a.sym",
  state: "ready",
  kind: "breakpad",
  debugId: null,
  codeId: null,
  cpu: null,
  features: [],
  lacks: [],
  reason: null,
  offset: null,
  waitingCrashes: 2,
} as const;
const view: UploadView = {
  id: "1",
  fileName: "a.sym",
  sizeBytes: 1,
  state: "ready",
  reason: null,
  verdicts: [{ ...verdict, features: [], lacks: [] }],
  createdAt: "",
  finishedAt: null,
  upgraded: { done: 1, total: 2 },
};

test("a ready file with waiting crashes is not settled", () => {
  assert.equal(isSettled(view), false);
  assert.equal(uploadWords(view), "Upgraded 1 of 2 waiting crashes");
});

test("settled when all are upgraded, or when rejected", () => {
  assert.equal(isSettled({ ...view, upgraded: { done: 2, total: 2 } }), true);
  assert.equal(isSettled({ ...view, state: "rejected", reason: "no debug file" }), true);
  assert.equal(uploadWords({ ...view, state: "rejected", reason: "no debug file" }), "no debug file");
});

test("a duplicate says so", () => {
  assert.equal(
    uploadWords({ ...view, verdicts: [{ ...verdict, features: [], lacks: [], state: "duplicate" }] }),
    "Held already; nothing to do",
  );
});

test("the address carries name and project, escaped", () => {
  assert.equal(uploadAddress("acme", "a b&c.sym", "game"), "/api/v1/organizations/acme/debug-files?name=a+b%26c.sym&project=game");
  assert.equal(uploadAddress("acme", "a.sym", null), "/api/v1/organizations/acme/debug-files?name=a.sym");
});

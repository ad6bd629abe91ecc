/** A page that polls never goes back to an older revision. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { newest } from "./newest.ts";

const share = newest<{ revision: number; state: string }>((value) => value.revision);

test("an overtaken answer is dropped", () => {
  const shown = { revision: 2, state: "complete" };
  assert.equal(share(shown, { revision: 1, state: "provisional" }), shown);
});

test("a newer or equal answer is taken, and the first one too", () => {
  const next = { revision: 2, state: "complete" };
  assert.equal(share({ revision: 2, state: "processing" }, next), next);
  assert.equal(share({ revision: 1, state: "provisional" }, next), next);
  assert.equal(share(undefined, next), next);
  assert.equal(share(next, null), null);
});

/** clientAddress: only the entry that ingest itself appended counts. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { clientAddress } from "./client-address.ts";

test("the last entry counts, whatever the client put in front", () => {
  assert.equal(clientAddress({ "x-forwarded-for": "203.0.113.9" }), "203.0.113.9");
  assert.equal(clientAddress({ "x-forwarded-for": "1.1.1.1, 203.0.113.9" }), "203.0.113.9");
});

test("no usable entry is no address", () => {
  for (const headers of [{}, { "x-forwarded-for": "" }, { "x-forwarded-for": "1.1.1.1," }, { "x-forwarded-for": "a".repeat(65) }]) {
    assert.equal(clientAddress(headers), null);
  }
});

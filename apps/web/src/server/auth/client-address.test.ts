/** clientAddress: only an entry that a client cannot write itself counts. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { clientAddress } from "./client-address.ts";

test("the last entry counts, whatever the client put in front", () => {
  assert.equal(clientAddress({ "x-forwarded-for": "203.0.113.9" }, false), "203.0.113.9");
  assert.equal(clientAddress({ "x-forwarded-for": "1.1.1.1, 203.0.113.9" }, false), "203.0.113.9");
});

test("behind a reverse proxy the entry that the proxy appended counts", () => {
  assert.equal(clientAddress({ "x-forwarded-for": "1.1.1.1, 203.0.113.9, 10.0.0.2" }, true), "203.0.113.9");
  assert.equal(clientAddress({ "x-forwarded-for": "127.0.0.1" }, true), "127.0.0.1");
});

test("no usable entry is no address", () => {
  for (const headers of [{}, { "x-forwarded-for": "" }, { "x-forwarded-for": "1.1.1.1," }, { "x-forwarded-for": "a".repeat(65) }]) {
    assert.equal(clientAddress(headers, false), null);
  }
});

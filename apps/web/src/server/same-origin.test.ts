/** isSameOrigin: which requests may change something. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { isSameOrigin } from "./same-origin.ts";

const publicUrl = "https://crashes.example";
const check = (headers: Record<string, string>) => isSameOrigin(new Headers(headers), publicUrl);

test("a page of our own may", () => {
  assert.ok(check({ origin: publicUrl, "sec-fetch-site": "same-origin" }));
  assert.ok(check({ origin: publicUrl }));
  assert.ok(check({ "sec-fetch-site": "same-origin" }));
});

test("our own host under another name than PUBLIC_URL may, when the browser is there", () => {
  assert.ok(check({ origin: "http://10.0.0.5:4680", host: "10.0.0.5:4680" }));
});

test("other sites, sibling hosts and opaque origins may not", () => {
  assert.ok(!check({ origin: "https://evil.example", host: "crashes.example" }));
  assert.ok(!check({ origin: "https://evil.crashes.example", "sec-fetch-site": "same-site" }));
  assert.ok(!check({ origin: publicUrl, "sec-fetch-site": "cross-site" }));
  assert.ok(!check({ origin: "null", host: "crashes.example" }));
  assert.ok(!check({ origin: "http://crashes.example", host: "crashes.example" }));
  assert.ok(!check({ "sec-fetch-site": "none" }));
});

test("without either header only a JSON body passes, which a form cannot send", () => {
  assert.ok(check({ "content-type": "application/json" }));
  assert.ok(!check({ "content-type": "application/x-www-form-urlencoded" }));
  assert.ok(!check({}));
});

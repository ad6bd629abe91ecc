/** Every snippet holds the address that its client needs, so that it works as pasted. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { clientUrls } from "./client-urls.ts";
import { snippetsFor } from "./snippet-text.ts";

const urls = clientUrls("https://crash.example.org", "12", "0123456789abcdef0123456789abcdef");

test("each client is there", () => {
  assert.deepEqual(
    snippetsFor(urls).map((snippet) => snippet.id),
    ["curl", "crashpad", "breakpad", "electron", "sentry-native"],
  );
});

for (const snippet of snippetsFor(urls)) {
  test(`${snippet.title} has its address`, () => {
    const wanted = snippet.id === "sentry-native" ? urls.dsn : urls.minidump;
    for (const block of snippet.blocks) assert.ok(block.code.includes(wanted), block.what);
  });
}

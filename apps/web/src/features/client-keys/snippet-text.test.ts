/** Every snippet holds the address that its client needs, so that it works as pasted. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { clientUrls } from "./client-urls.ts";
import { snippetsFor } from "./snippet-text.ts";

const urls = clientUrls("https://crash.example.org", "12", "0123456789abcdef0123456789abcdef");

test("each client is there", () => {
  assert.deepEqual(
    snippetsFor(urls).map((snippet) => snippet.id),
    ["curl", "crashpad", "breakpad", "electron", "sentry-native", "app-center"],
  );
});

for (const snippet of snippetsFor(urls)) {
  test(`${snippet.title} has its address`, () => {
    const addresses = [urls.minidump, urls.dsn, urls.appCenterLogs];
    for (const block of snippet.blocks)
      assert.ok(
        addresses.some((address) => block.code.includes(address)),
        block.what,
      );
  });
}

test("App Center's snippet has the key as a UUID", () => {
  const code = snippetsFor(urls).find((snippet) => snippet.id === "app-center")?.blocks[0]?.code ?? "";
  assert.match(code, /"01234567-89ab-cdef-0123-456789abcdef"/);
});

/** safeCallbackUrl: what a link to the sign-in page may and may not lead to. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { safeCallbackUrl } from "./callback-url.ts";

test("paths of this origin are kept whole", () => {
  for (const path of ["/", "/acme/projects", "/acme/game/issues?state=open&q=a%20b#top", "/a//b"])
    assert.equal(safeCallbackUrl(path), path);
});

test("anything that a browser could read as another place becomes the start page", () => {
  const bad = [
    null,
    undefined,
    "",
    "https://evil.example/",
    "//evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    " //evil.example",
    "javascript:alert(1)",
    "/..//evil.example",
    "/.//evil.example",
    "evil",
    "/sign-in?callbackUrl=/",
    `/${"a".repeat(2000)}`,
  ];
  for (const value of bad) assert.equal(safeCallbackUrl(value), "/", String(value));
});

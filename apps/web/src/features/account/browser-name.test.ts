/** User agents become names that people recognise. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { browserName } from "./browser-name.ts";

test("the common ones", () => {
  assert.equal(
    browserName("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0"),
    "Edge on Windows",
  );
  assert.equal(browserName("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36"), "Chrome on Linux");
  assert.equal(browserName("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15) AppleWebKit/605.1 Version/18 Safari/605.1"), "Safari on macOS");
  assert.equal(browserName("curl/8.0"), "A program");
  assert.equal(browserName(null), "Unknown device");
});

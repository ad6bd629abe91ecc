/** Each snippet is a whole command for this installation. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { uploadSnippets } from "./upload-snippets.ts";

test("every snippet names the server and the organization and takes the token from the environment", () => {
  const snippets = uploadSnippets("https://crash.example", "acme");
  assert.deepEqual(
    snippets.map(({ value }) => value),
    ["windows", "apple", "linux", "android", "curl"],
  );
  for (const { code } of snippets) {
    assert.match(code, /https:\/\/crash\.example/);
    assert.match(code, /acme/);
    assert.match(code, /\$SALVAGE_TOKEN/);
  }
  assert.equal(snippets[0]?.code, './salvage upload ./build --url https://crash.example --org acme --token "$SALVAGE_TOKEN"');
});

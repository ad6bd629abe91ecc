/** Each snippet names this installation and leaves the place of the token to be filled in. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { debuggerSnippets } from "./debugger-snippets.ts";

test("every snippet leads to the symbol server, none carries a token", () => {
  const snippets = debuggerSnippets("https://crash.example");
  assert.deepEqual(
    snippets.map(({ value }) => value),
    ["gdb", "windbg", "visual-studio", "lldb", "stackwalk"],
  );
  for (const { value, code } of snippets) assert.match(code, /https:\/\/crash\.example\/symbols\/(\$SALVAGE_TOKEN\/|TOKEN(\n|$))/, value);
  assert.equal(snippets[1]?.code, ".sympath+ srv*C:\\symbols*https://crash.example/symbols/TOKEN\n.reload");
});

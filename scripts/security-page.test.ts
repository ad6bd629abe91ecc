/** docs/SECURITY.md names tests: each is there, and each promise has one. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const page = readFileSync(join(root, "docs/SECURITY.md"), "utf8");
const paths = (text: string) => [...text.matchAll(/`([\w./-]+\.(?:test\.)?ts)`/g)].map(([, path]) => path ?? "");

test("every file that the page names is there", () => {
  const named = paths(page);
  assert.ok(named.length > 30);
  assert.deepEqual(
    [...new Set(named)].filter((path) => !existsSync(join(root, path))),
    [],
  );
});

test("every promise has a test", () => {
  const [, table = ""] = /^## Promises and their tests\n\n([\s\S]*?)\n\n/m.exec(page) ?? [];
  const rows = table.split("\n").slice(2);
  assert.ok(rows.length > 20);
  for (const row of rows) {
    const [, promise = "", tests = ""] = row.split(/(?<!\\) \| |^\| | \|$/);
    if (!promise.startsWith("**"))
      assert.ok(
        paths(tests).some((path) => path.endsWith(".test.ts")),
        `no test: ${promise}`,
      );
  }
});

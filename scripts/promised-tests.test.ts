/** docs/SECURITY.md and docs/operations.md name tests: each is there, and each promise has one. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const paths = (text: string) => [...text.matchAll(/`([\w./-]+\.(?:test\.)?ts)`/g)].map(([, path]) => path ?? "");

for (const { page, heading } of [
  { page: "docs/SECURITY.md", heading: "Promises and their tests" },
  { page: "docs/operations.md", heading: "What shows it" },
]) {
  const text = readFileSync(join(root, page), "utf8");

  test(`every file that ${page} names is there`, () => {
    const named = paths(text);
    assert.ok(named.length > 10);
    const gone = [...new Set(named)].filter((path) => !existsSync(join(root, path)));
    assert.deepEqual(gone, []);
  });

  test(`every row of ${page} that promises something has a test`, () => {
    const [, table = ""] = new RegExp(`^## ${heading}\n\n([\\s\\S]*?)\n(?:\n|$)`, "m").exec(text) ?? [];
    const rows = table.split("\n").slice(2);
    assert.ok(rows.length > 10);
    for (const row of rows) {
      const [, promise = "", tests = ""] = row.split(/ \| |^\| | \|$/);
      if (!promise.startsWith("**"))
        assert.ok(
          paths(tests).some((path) => path.endsWith(".test.ts")),
          `no test: ${promise}`,
        );
    }
  });
}

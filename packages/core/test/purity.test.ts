/** Core stays pure: no dependency, no node module, no I/O, no async, no clock. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

const root = join(import.meta.dirname, "..");

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts") && !entry.name.endsWith(".test.ts"))
    .map((entry) => join(entry.parentPath, entry.name));
}

/** Source text without comments and without the text of strings, so that only code is judged. */
function code(text: string): string {
  return text
    .replace(/\/\*[\s\S]*?\*\//g, "")
    .replace(/\/\/.*$/gm, "")
    .replace(/"(?:[^"\\\n]|\\.)*"/g, '""');
}

test("the package has no dependency", () => {
  const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as Record<string, unknown>;
  for (const field of ["dependencies", "peerDependencies", "optionalDependencies"]) {
    assert.deepEqual(manifest[field] ?? {}, {}, `package.json has ${field}`);
  }
});

test("sources import only each other", () => {
  const files = sources(join(root, "src"));
  assert.ok(files.length > 40, "found the sources");
  for (const file of files) {
    const text = readFileSync(file, "utf8");
    for (const match of text.matchAll(/^(?:(?:import|export)\b[^;"=]*\bfrom\s+|import\s+)"([^"]+)";/gm)) {
      assert.match(match[1] ?? "", /^\.\.?\/.*\.ts$/, `${file} imports ${match[1]}`);
    }
    assert.doesNotMatch(code(text), /\bimport\s*\(/, `${file} imports at run time`);
  }
});

test("sources use no async, clock, randomness or platform", () => {
  const forbidden =
    /\b(async|await|Promise|Date|setTimeout|setInterval|queueMicrotask|fetch|process|Buffer|globalThis|require|console|performance|Math\.random|TextDecoder|TextEncoder|crypto)\b/;
  for (const file of sources(join(root, "src"))) {
    const found = forbidden.exec(code(readFileSync(file, "utf8")).replace(/import[\s\S]*?from ""/g, ""));
    assert.equal(found, null, `${file} uses ${found?.[0]}`);
  }
});

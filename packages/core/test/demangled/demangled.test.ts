/**
 * Names and how they are read: a file per kind, mangled name, tab, readable name (empty: damaged, or no such name).
 *
 * itanium-expressions.tsv   names of the declarations in expressions.cpp, names assembled from the ABI's grammar for expressions, and damaged
 *                           ones; the answers are llvm-cxxfilt 19's. It reads no literals of char8_t, char16_t and char32_t (LDu, LDs, LDi).
 * itanium-names.tsv         the same for names.cpp and for names and types. It does not read _Float64x, std::bfloat16_t, transaction clones, `->*`
 *                           as a member, and blocks behind four underscores
 * swift.tsv, swift-old.tsv  made after Swift's docs/ABI (Mangling.rst, OldMangling.rst), a name per operator; words as `swift demangle` has them
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { demangle } from "../../src/demangle/demangle.ts";

for (const file of ["itanium-expressions.tsv", "itanium-names.tsv", "swift.tsv", "swift-old.tsv"]) {
  test(`${file}: every name`, () => {
    const lines = readFileSync(join(import.meta.dirname, file), "utf8")
      .trimEnd()
      .split("\n");
    assert.ok(lines.length > 50);
    for (const line of lines) {
      const [mangled = "", readable = ""] = line.split("\t");
      assert.equal(demangle(mangled) ?? "", readable, mangled);
    }
  });
}

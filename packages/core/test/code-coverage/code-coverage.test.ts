/** Coverage is told truly: what one of two processes reached, and what neither did. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { structureOf } from "./branches.ts";
import { reachedOf } from "./counts.ts";

const source = `import type { Buffer } from "node:buffer";
type Way = "left" | "right" | "back";
export interface Signs {
  text: string;
}
function follow(way: Way, far = false): string {
  if (way === "left") {
    return "l";
  } else if (way === "right") {
    return far ? "R" : "r";
  }
  return way ?? "never";
}
/** Never called. */
function unused(list: Buffer[]): void {
  for (const one of list) one.fill(0);
}
console.log(follow(process.argv[2] as Way));
`;

test("lines and branches of a source: what runs, not what only types see", () => {
  const { lines, branches } = structureOf("way.ts", source);
  assert.deepEqual([...lines.keys()], [6, 7, 8, 9, 10, 12, 16, 18]);
  assert.deepEqual(
    branches.map(({ kind, line }) => `${line} ${kind}`),
    ["7 if", "9 else", "9 if", "10 ?", "10 :", "12 ??", "16 loop"],
  );
});

test("what several processes reached counts together", () => {
  const folder = mkdtempSync(join(tmpdir(), "salvage-code-coverage-"));
  try {
    const path = join(folder, "way.ts");
    writeFileSync(path, source);
    const env = { ...process.env, NODE_V8_COVERAGE: join(folder, "counts"), NODE_DISABLE_COMPILE_CACHE: "1" };
    for (const way of ["left", "right"]) execFileSync(process.execPath, [path, way], { env });
    const reached = reachedOf(join(folder, "counts"), folder, (name) => (name === "way.ts" ? source.length : undefined)).get("way.ts");
    const { lines, branches } = structureOf("way.ts", source);
    const missedLines = [...lines].filter(([, offset]) => reached?.[offset] !== 1).map(([line]) => line);
    assert.deepEqual(missedLines, [12, 16]);
    assert.deepEqual(
      branches.filter(({ offset }) => reached?.[offset] !== 1).map(({ kind, line }) => `${line} ${kind}`),
      ["10 ?", "12 ??", "16 loop"],
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

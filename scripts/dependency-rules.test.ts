/** The dependency rules catch what they forbid: each one is shown a small tree that breaks it, and one that does not. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const folder = mkdtempSync(join(tmpdir(), "salvage-rules-"));
after(() => rmSync(folder, { recursive: true, force: true }));

type Violation = { rule: string; from: string };

/** The rules that a tree of files breaks, and where. */
async function violationsOf(files: Record<string, string>): Promise<Violation[]> {
  const base = mkdtempSync(join(folder, "tree-"));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(base, path)), { recursive: true });
    writeFileSync(join(base, path), text);
  }
  const tool = join(root, "node_modules/dependency-cruiser/bin/dependency-cruiser.mjs");
  const args = [tool, "--config", join(root, "tooling/dependency-cruiser.cjs"), "--output-type", "json", "apps", "packages"];
  const stdout = await new Promise<string>((resolve) =>
    execFile(process.execPath, args, { cwd: base, maxBuffer: 1 << 26 }, (_error, text) => resolve(text)),
  );
  const { summary } = JSON.parse(stdout) as { summary: { violations: { from: string; rule: { name: string } }[] } };
  return summary.violations.map(({ from, rule }) => ({ rule: rule.name, from }));
}

const value = "export const x = 1;\n";
const type = "export type X = number;\n";
const use = (from: string) => `import { x } from "${from}";\nexport const y = x;\n`;

/** Per rule: the file that breaks it, what it says, and what it reaches for. */
const cases: [rule: string, from: string, text: string, to: Record<string, string>][] = [
  [
    "no-cycles",
    "packages/lanes/src/c1.ts",
    `${use("./c1b.ts")}export const x = 1;\n`,
    { "packages/lanes/src/c1b.ts": `${use("./c1.ts")}export const x = 1;\n` },
  ],
  ["not-resolvable", "packages/lanes/src/c2.ts", use("./nowhere.ts"), {}],
  ["no-app-imports-an-app", "apps/web/src/c3.ts", use("../../ingest/src/b.ts"), { "apps/ingest/src/b.ts": value }],
  ["packages-do-not-import-apps", "packages/lanes/src/c4.ts", use("../../../apps/web/src/b.ts"), { "apps/web/src/b.ts": value }],
  ["core-imports-nothing", "packages/core/src/c5.ts", 'import { readFileSync } from "node:fs";\nexport const y = readFileSync;\n', {}],
  ["core-layer-bytes", "packages/core/src/bytes/c6.ts", use("../minidump/b.ts"), { "packages/core/src/minidump/b.ts": value }],
  [
    "core-layer-unwind-symbolicate-cause",
    "packages/core/src/unwind/c6.ts",
    use("../report/b.ts"),
    { "packages/core/src/report/b.ts": value },
  ],
  ["contracts-know-only-zod", "packages/contracts/src/c7.ts", use("../../lanes/src/b.ts"), { "packages/lanes/src/b.ts": value }],
  ["telemetry-and-blobs-know-no-business", "packages/blobs/src/c8.ts", use("../../core/src/b.ts"), { "packages/core/src/b.ts": value }],
  [
    "prisma-client-only-in-db",
    "apps/web/src/c9.ts",
    use("../../../packages/db/src/generated/client.ts"),
    { "packages/db/src/generated/client.ts": value },
  ],
  ["db-by-its-doors", "apps/ingest/src/c10.ts", use("../../../packages/db/src/org/b.ts"), { "packages/db/src/org/b.ts": value }],
  [
    "system-repositories-only-where-named",
    "apps/web/src/c11.ts",
    use("../../../packages/db/src/system/index.ts"),
    { "packages/db/src/system/index.ts": value },
  ],
  [
    "setup-only-for-launcher-cli-and-tests",
    "apps/worker/src/c12.ts",
    use("../../../packages/db/src/setup/index.ts"),
    { "packages/db/src/setup/index.ts": value },
  ],
  ["testkit-only-in-tests", "apps/worker/src/c13.ts", use("../../../packages/testkit/src/b.ts"), { "packages/testkit/src/b.ts": value }],
  ["web-and-ingest-know-no-workflows", "apps/web/src/c14.ts", use("@temporalio/workflow"), {}],
  [
    "workflows-import-contracts-and-types",
    "apps/worker/src/workflows/c15.ts",
    use("../activities/b.ts"),
    { "apps/worker/src/activities/b.ts": value },
  ],
  ["dashboard-parses-no-dumps", "apps/web/src/c16.ts", use("../../../packages/core/src/index.ts"), { "packages/core/src/index.ts": value }],
  ["features-by-their-index", "apps/web/src/features/c17/index.ts", use("../b/inside.ts"), { "apps/web/src/features/b/inside.ts": value }],
  [
    "pages-use-features-by-their-index",
    "apps/web/src/app/c18.tsx",
    use("../features/b/inside.ts"),
    { "apps/web/src/features/b/inside.ts": value },
  ],
  ["ui-parts-know-no-business", "apps/web/src/ui/c19.ts", use("../features/b/index.ts"), { "apps/web/src/features/b/index.ts": value }],
  [
    "features-do-not-import-the-database",
    "apps/web/src/features/c20/index.ts",
    use("../../../../../packages/db/src/index.ts"),
    { "packages/db/src/index.ts": value },
  ],
];

test("each rule sees the file that breaks it", async () => {
  const tree: Record<string, string> = {};
  for (const [, from, text, to] of cases) Object.assign(tree, to, { [from]: text });
  const violations = await violationsOf(tree);
  for (const [rule, from] of cases) {
    assert.ok(
      violations.some((violation) => violation.rule === rule && violation.from === from),
      `${rule}: ${from} passed`,
    );
  }
});

test("what the rules allow passes", async () => {
  const allowed = {
    "apps/web/src/app/page.tsx": use("../features/a/index.ts"),
    "apps/web/src/features/a/index.ts": use("./inside.ts"),
    "apps/web/src/features/a/inside.ts": value,
    "apps/worker/src/workflows/a.ts": 'import type { X } from "../activities/b.ts";\nexport type Y = X;\n',
    "apps/worker/src/activities/b.ts": `${type}${use("../../../../packages/db/src/system/index.ts")}`,
    "apps/worker/test/a.test.ts": use("../../../packages/testkit/src/b.ts"),
    "packages/testkit/src/b.ts": value,
    "packages/db/src/system/index.ts": value,
    "packages/core/src/report/a.ts": use("../bytes/b.ts"),
    "packages/core/src/bytes/b.ts": value,
    "packages/core/src/breakpad/a.ts": 'import type { X } from "../symbolicate/lookup.ts";\nexport type Y = X;\n',
    "packages/core/src/symbolicate/lookup.ts": type,
  };
  assert.deepEqual(await violationsOf(allowed), []);
});

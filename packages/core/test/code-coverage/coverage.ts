/**
 * Runs the tests of core, and of the two packages that are its ports, and prints how much of core they reach: lines and branches (branches.ts says
 * which), per file and in total. Node's own summary merges the pictures of several processes by their ranges and loses most of what only some of
 * them reached.
 *
 * usage: pnpm --filter @salvage/core coverage [--uncovered] [--from FOLDER] [part of a file's path…]
 *   --uncovered      the lines and branches of each file that no test reached
 *   --from FOLDER    no tests: figures from the files that other runs left with NODE_V8_COVERAGE=FOLDER
 */
import { spawnSync } from "node:child_process";
import { globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { structureOf } from "./branches.ts";
import { reachedOf } from "./counts.ts";

const packageFolder = join(import.meta.dirname, "../..");
const sourceFolder = join(packageFolder, "src");
const tests = [".", "../codecs", "../disassembler"].flatMap((folder) => [`${folder}/src/**/*.test.ts`, `${folder}/test/**/*.test.ts`]);

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { uncovered: { type: "boolean", default: false }, from: { type: "string" } },
});

if (values.from !== undefined) print(values.from);
else {
  const folder = mkdtempSync(join(tmpdir(), "salvage-coverage-"));
  try {
    runTests(folder);
    print(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A failed test fails the command, but the figures are printed all the same. */
function runTests(folder: string): void {
  const { status } = spawnSync(process.execPath, ["--test", "--test-reporter=dot", ...tests], {
    cwd: packageFolder,
    stdio: "inherit",
    // Functions that come from Node's compile cache are not counted.
    env: { ...process.env, NODE_V8_COVERAGE: folder, NODE_DISABLE_COMPILE_CACHE: "1" },
  });
  if (status !== 0) process.exitCode = 1;
}

type Figures = { lines: number; reachedLines: number; branches: number; reachedBranches: number };

function print(folder: string): void {
  const texts = new Map<string, string>();
  for (const path of globSync("**/*.ts", { cwd: sourceFolder, exclude: (path) => path.endsWith(".test.ts") }).sort()) {
    texts.set(path, readFileSync(join(sourceFolder, path), "utf8"));
  }
  const reached = reachedOf(folder, sourceFolder, (source) => texts.get(source)?.length);
  const total: Figures = { lines: 0, reachedLines: 0, branches: 0, reachedBranches: 0 };
  console.log(row("lines", "branches", "file"));
  for (const [path, text] of texts) {
    if (positionals.length > 0 && !positionals.some((part) => path.includes(part))) continue;
    const { lines, branches } = structureOf(path, text);
    const picture = reached.get(path);
    const missedLines = [...lines].filter(([, offset]) => picture?.[offset] !== 1).map(([line]) => line);
    const missedBranches = branches.filter(({ offset }) => picture?.[offset] !== 1);
    const figures: Figures = {
      lines: lines.size,
      reachedLines: lines.size - missedLines.length,
      branches: branches.length,
      reachedBranches: branches.length - missedBranches.length,
    };
    for (const key of Object.keys(total) as (keyof Figures)[]) total[key] += figures[key];
    console.log(rowOf(figures, path));
    if (!values.uncovered) continue;
    if (missedLines.length > 0) console.log(`                    lines ${spans(missedLines)}`);
    if (missedBranches.length > 0)
      console.log(`                    branches ${missedBranches.map(({ kind, line }) => `${line} ${kind}`).join(", ")}`);
  }
  console.log(rowOf(total, "all"));
}

function row(lines: string, branches: string, file: string): string {
  return `${lines.padStart(8)}${branches.padStart(10)}  ${file}`;
}

function rowOf(figures: Figures, file: string): string {
  return row(percent(figures.reachedLines, figures.lines), percent(figures.reachedBranches, figures.branches), file);
}

/** A file without branches has reached all of them. */
function percent(part: number, whole: number): string {
  return whole === 0 ? "100.00" : ((100 * part) / whole).toFixed(2);
}

/** `[1, 2, 3, 7]` → `1-3 7`. */
function spans(numbers: readonly number[]): string {
  const parts: string[] = [];
  let start = 0;
  numbers.forEach((number, index) => {
    if (numbers[index + 1] === number + 1) return;
    const first = numbers[start] as number;
    parts.push(first === number ? `${number}` : `${first}-${number}`);
    start = index + 1;
  });
  return parts.join(" ");
}

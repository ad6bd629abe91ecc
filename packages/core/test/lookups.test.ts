/**
 * A folder of debug files with the answers another tool gave for every address where the answer changes (`lookups*.json`), named by
 * SALVAGE_CORPUS. Skipped when it is not set. Prints one row per case and says how many it ran.
 *
 * The answers: [address as the file states addresses, [[function, file, line], …] innermost first]. Answers without a line are not judged.
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, relative } from "node:path";
import { test } from "node:test";
import { createPorts } from "@salvage/codecs";
import { BufferSource, identifyObject, type Ports } from "../src/index.ts";
import { type Judged, judgeLookups } from "./judge-lookups.ts";

const folder = process.env.SALVAGE_CORPUS;
const shownDifferences = 3;

/** Differences that stand, "case: address", each with its proof. */
const standing = new Map<string, string>([]);

type Row = Judged & { name: string };

test("every lookups*.json of the folder, address by address", { skip: folder === undefined }, () => {
  const scratchDir = join(tmpdir(), `salvage-lookups-${process.pid}`);
  const ports = createPorts({ scratchDir, memoryBytes: 64 << 20 });
  const rows: Row[] = [];
  for (const path of lookupFiles(folder!)) rows.push(judge(path, ports));
  ports.close();
  rmSync(scratchDir, { recursive: true, force: true });
  for (const { name, format, addresses, wrong } of rows) {
    console.log(`${name.padEnd(58)} ${format.padEnd(24)} ${addresses - wrong.length} of ${addresses} right`);
    for (const line of wrong.slice(0, shownDifferences)) console.log(`    ${line}`);
  }
  const total = rows.reduce((sum, row) => sum + row.addresses, 0);
  const wrong = rows.flatMap((row) => row.wrong);
  console.log(`${rows.length} cases, ${total} addresses, ${wrong.length} wrong, ${standing.size} of them proven`);
  assert.deepEqual(wrong, []);
});

function lookupFiles(root: string): string[] {
  return readdirSync(root, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /^lookups.*\.json$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

function judge(path: string, ports: Ports): Row {
  const name = relative(folder!, path.endsWith("lookups.json") ? dirname(path) : path);
  const judged = judgeLookups(path, debugFileFor(path), ports);
  const wrong = judged.wrong.map((line) => `${name}: ${line}`);
  return { ...judged, name, wrong: wrong.filter((line) => ![...standing.keys()].some((known) => line.startsWith(`${known}:`))) };
}

/** The file with debug information: that of the answers' own name, an exe that carries it, a PDB, a dSYM's, one split off, or the only one. */
function debugFileFor(path: string): string {
  const own = /^lookups-(.+)\.json$/.exec(basename(path))?.[1];
  if (own !== undefined) return join(dirname(path), own);
  const files = readdirSync(dirname(path), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  const kinds: ((file: string) => boolean)[] = [
    (file) => file.endsWith(".exe") && identifyObject(new BufferSource(readFileSync(file))).features.includes("lines"),
    (file) => file.endsWith(".pdb"),
    (file) => /\.dSYM\/Contents\/Resources\/DWARF\/[^/]+$/.test(file),
    (file) => file.endsWith(".debug"),
    (file) => !basename(file).includes("."),
  ];
  for (const isKind of kinds) {
    const found = files.find(isKind);
    if (found !== undefined) return found;
  }
  throw new Error(`no debug file beside ${path}`);
}

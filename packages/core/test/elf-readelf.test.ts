/**
 * Unwind rules of real binaries against what GNU readelf prints of them, row by row. Runs over the files of the folders in SALVAGE_BINARIES
 * (separated by ":"), when that is set and readelf is at hand; SALVAGE_BINARIES_MAX (default 200) files at most, spread over the folders.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { BufferSource } from "../src/bytes/byte-source.ts";
import { openElf } from "../src/elf/elf-file.ts";
import { openElfUnwind } from "../src/elf/unwind.ts";
import type { RegisterRule, UnwindRow } from "../src/unwind/rules.ts";

const folders = (process.env["SALVAGE_BINARIES"] ?? "").split(":").filter((folder) => folder !== "");
const maxFiles = Number(process.env["SALVAGE_BINARIES_MAX"] ?? 200);
const maxFileBytes = 40 << 20;
const hasReadelf = spawnSync("readelf", ["--version"]).status === 0;
const skip = folders.length === 0 ? "SALVAGE_BINARIES is not set" : hasReadelf ? false : "readelf is not installed";

type Table = { section: string; ranges: { start: bigint; end: bigint; columns: string[]; rows: { at: bigint; cells: string[] }[] }[] };

function elfFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return elfFiles(path);
    if (!entry.isFile()) return [];
    const { size } = statSync(path);
    return size > 64 && size < maxFileBytes && readFileSync(path).readUInt32BE(0) === 0x7f454c46 ? [path] : [];
  });
}

function readelfTables(path: string): Table[] {
  const { stdout } = spawnSync("readelf", ["-W", "--debug-dump=frames-interp", path], { encoding: "utf8", maxBuffer: 1 << 30 });
  const tables: Table[] = [];
  for (const line of stdout.split("\n")) {
    const section = /^Contents of the (\S+) section/.exec(line)?.[1];
    if (section !== undefined) {
      tables.push({ section, ranges: [] });
      continue;
    }
    const fde = /^[0-9a-f]+ [0-9a-f]+ [0-9a-f]+ FDE .*pc=([0-9a-f]+)\.\.([0-9a-f]+)/.exec(line);
    if (fde) {
      tables.at(-1)?.ranges.push({ start: BigInt(`0x${fde[1]}`), end: BigInt(`0x${fde[2]}`), columns: [], rows: [] });
      continue;
    }
    if (/^[0-9a-f]+ [0-9a-f]+ [0-9a-f]+ CIE/.test(line)) tables.at(-1)?.ranges.push({ start: 0n, end: 0n, columns: [], rows: [] });
    const range = tables.at(-1)?.ranges.at(-1);
    if (range === undefined) continue;
    if (/^\s+LOC\s/.test(line)) {
      range.columns = line.trim().split(/\s+/);
      continue;
    }
    // "r7 (rsp)" is one cell.
    const cells = line
      .replace(/(\S) \((\w+)\)/g, "$1($2)")
      .trim()
      .split(/\s+/);
    if (/^[0-9a-f]{8,16}$/.test(cells[0] ?? "") && cells.length === range.columns.length)
      range.rows.push({ at: BigInt(`0x${cells[0]}`), cells });
  }
  return tables;
}

const armNames: Readonly<Record<string, string>> = { r13: "sp", r14: "lr", r15: "pc" };

/** Whether a rule is what a cell says; cells of expressions say no more than that there is one. */
function agrees(cell: string, rule: RegisterRule | undefined, isReturnAddress: boolean): boolean {
  if (cell === "u")
    return rule === undefined || rule.kind === "undefined" || (isReturnAddress && (rule.kind === "same" || rule.kind === "register"));
  if (rule === undefined) return cell === "s";
  switch (rule.kind) {
    case "cfaOffset":
      return cell === `c${rule.offset < 0 ? "" : "+"}${rule.offset}`;
    case "valCfaOffset":
      return cell === `v${rule.offset < 0 ? "" : "+"}${rule.offset}`;
    case "same":
      return cell === "s";
    case "register":
      return cell.includes(rule.register) || /^r\d+/.test(cell);
    case "expression":
      return cell === "exp" || cell === "vexp";
    case "undefined":
      return false;
  }
}

function mismatch(cpu: string | null, columns: readonly string[], cells: readonly string[], row: UnwindRow | null): string | null {
  const plain = (name: string) => (cpu === "arm" ? (armNames[name] ?? name) : name);
  if (row === null) return "no row";
  for (let i = 1; i < columns.length; i++) {
    const column = columns[i]!;
    const cell = cells[i]!;
    if (column === "CFA") {
      const want = row.cfa.kind === "register" ? `${row.cfa.register}${row.cfa.offset < 0 ? "" : "+"}${row.cfa.offset}` : "exp";
      const alias = cell.replace(/^\w+/, plain);
      if (alias !== want) return `CFA ${want}`;
    } else if (column === "ra") {
      if (!agrees(cell, row.returnAddress, true)) return `ra ${JSON.stringify(row.returnAddress)}`;
    } else if (/^(r[a-ds]|e[a-ds])|^[rx]\d+$|^(sp|lr)$/.test(column)) {
      const rule = row.registers.get(plain(column));
      if (!agrees(cell, rule, false)) return `${column} ${JSON.stringify(rule)}`;
    }
  }
  return null;
}

test("every row of every FDE is what readelf says", { skip }, () => {
  const found = folders.map(elfFiles);
  const files = found.flatMap((paths) => {
    const share = Math.max(1, Math.floor((maxFiles * paths.length) / Math.max(1, found.flat().length)));
    const step = Math.max(1, Math.floor(paths.length / share));
    return paths.filter((_, i) => i % step === 0).slice(0, share);
  });
  let rows = 0;
  let tables = 0;
  const wrong: string[] = [];
  for (const path of files) {
    const source = new BufferSource(readFileSync(path));
    const file = openElf(source);
    if (file.segments.length === 0) continue;
    const unwind = openElfUnwind(source);
    if (unwind === null) continue;
    const starts = new Map<number, UnwindRow | null>();
    let end = 0;
    for (const range of unwind.ranges()) {
      assert.ok(range.start >= end && range.length > 0, `${path}: ranges overlap at ${range.start.toString(16)}`);
      end = range.start + range.length;
      starts.set(range.start, range.row);
    }
    for (const table of readelfTables(path)) {
      if (table.section !== ".eh_frame" && table.section !== ".debug_frame") continue;
      tables++;
      for (const { start, end: last, columns, rows: lines } of table.ranges) {
        for (const [i, { at, cells }] of lines.entries()) {
          // Rows without code: of CIEs, of discarded functions, and those that the next one replaces at once.
          if (start === last || start === 0n || at < start || at >= last || lines[i + 1]?.at === at) continue;
          const relative = Number(at - file.imageBase);
          rows++;
          const why =
            mismatch(file.cpu, columns, cells, unwind.find(relative)) ??
            (starts.has(relative) ? mismatch(file.cpu, columns, cells, starts.get(relative)!) : null);
          if (why !== null && wrong.push(`${path} ${at.toString(16)}: ${columns.join(" ")} = ${cells.join(" ")}, read as ${why}`) > 20) {
            assert.fail(wrong.join("\n"));
          }
        }
      }
    }
  }
  console.log(`${files.length} files, ${tables} tables, ${rows} rows`);
  assert.deepEqual(wrong, []);
  assert.ok(rows > 0, "nothing was compared");
});

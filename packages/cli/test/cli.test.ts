/** The command line as a user runs it: real files, exit codes, and the shape of what it prints. */
import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { reportSchema } from "@salvage/contracts";
import { salvage } from "./salvage.ts";

const demo = fileURLToPath(new URL("../../../fixtures/demo-crash/", import.meta.url));
const dump = join(demo, "driftwood-1.0.dmp");
const sym = join(demo, "driftwood-1.0.sym");
const debugId = "3A602B8F0E1EC55692887F20C93549E80";
const folder = mkdtempSync(join(tmpdir(), "salvage-cli-"));
after(() => rmSync(folder, { recursive: true, force: true }));

test("--help lists the commands; wrong calls end with 2", async () => {
  const help = await salvage(["--help"]);
  assert.equal(help.code, 0);
  for (const command of ["report", "upload", "lookup", "inspect", "check", "crashes", "missing", "login", "user", "db"])
    assert.match(help.stdout, new RegExp(`^  ${command}`, "m"));
  for (const command of [["report"], ["upload"], ["crashes", "show"], ["user", "reset-password"], ["completion"]]) {
    const { code, stdout } = await salvage([...command, "--help"]);
    assert.equal(code, 0);
    assert.match(stdout, new RegExp(`Example:\\n +(\\S+ )?(\\./)?salvage ${command.join(" ")}`), "each has an example");
  }
  assert.equal((await salvage(["report"])).code, 2);
  assert.equal((await salvage(["polish"])).code, 2);
  assert.equal((await salvage(["report", dump, "--json", "--human"])).code, 2);
});

test("report --json fits the report schema and names the crashing frames", async () => {
  const { code, stdout } = await salvage(["report", dump, "--symbols", demo, "--json"]);
  assert.equal(code, 0);
  const report = reportSchema.parse(JSON.parse(stdout));
  assert.equal(report.crash_info.address, "0x0000000000000048");
  const frames = report.crashing_thread?.frames ?? [];
  assert.deepEqual(
    frames[0]?.inlines?.map((inline) => inline.function),
    ["driftwood::Icon::area() const", "driftwood::Renderer::CostOf(driftwood::Item const&) const"],
  );
  assert.deepEqual(
    frames.slice(0, 4).map(({ function: name, line, trust }) => [name, line, trust]),
    [
      ["driftwood::Renderer::DrawItem(driftwood::Item const&, int)", 67, "context"],
      ["driftwood::Renderer::DrawInventory(driftwood::Inventory const&)", 75, "cfi"],
      ["driftwood::Renderer::RenderFrame(driftwood::Inventory const&)", 81, "cfi"],
      ["driftwood::ThreadMain(void*)", 91, "cfi"],
    ],
  );
  assert.equal(report.modules[0]?.own, true);
  assert.equal(report.modules.find((module) => module.filename === "libc.so.6")?.own, false);
});

test("report finds files by id in the Breakpad layout too, and not by name alone", async () => {
  const layout = join(folder, "layout", "driftwood", debugId);
  mkdirSync(layout, { recursive: true });
  copyFileSync(sym, join(layout, "driftwood.sym"));
  const found = await salvage(["report", dump, "--symbols", join(folder, "layout")]);
  assert.match(found.stdout, /driftwood::Renderer::DrawItem/);

  const other = join(folder, "other");
  mkdirSync(other);
  copyFileSync(join(demo, "driftwood-1.1.sym"), join(other, "driftwood.sym"));
  const missing = await salvage(["report", dump, "--symbols", other]);
  assert.equal(missing.code, 0);
  assert.doesNotMatch(missing.stdout, /DrawItem/);
  assert.match(missing.stderr, new RegExp(`driftwood.sym is of another build of driftwood; this crash needs ${debugId}`));
});

test("report finds the PDB of a module without CodeView record through its exe", async () => {
  const windows = join(demo, "../formats/windows-x64");
  const bytes = readFileSync(join(windows, "game.dmp"));
  for (let at = bytes.indexOf("RSDS"); at >= 0; at = bytes.indexOf("RSDS")) bytes.write("XXXX", at, "latin1");
  const path = join(folder, "no-codeview.dmp");
  writeFileSync(path, bytes);
  const { stdout } = await salvage(["report", path, "--symbols", windows, "--json"]);
  const report = reportSchema.parse(JSON.parse(stdout));
  assert.equal(report.modules[0]?.debug_id, null);
  const [frame] = report.crashing_thread?.frames ?? [];
  assert.deepEqual([frame?.inlines?.[0]?.function, frame?.function, frame?.line], ["geo::storeThrough", "geo::crashHere", 9]);
});

test("report refuses what is no minidump, with place and reason", async () => {
  const text = join(folder, "text.dmp");
  writeFileSync(text, "this is no minidump");
  const { code, stdout, stderr } = await salvage(["report", text]);
  assert.deepEqual([code, stdout], [1, ""]);
  assert.match(stderr, /text\.dmp: minidump/);
  assert.match((await salvage(["report", join(folder, "absent.dmp")])).stderr, /absent\.dmp: no such file or folder/);
});

test("lookup answers per address, innermost first, from arguments and from standard input", async () => {
  const file = "/driftwood/driftwood.cc";
  const expected = {
    address: "0x2bd6",
    frames: [
      { function: "driftwood::Icon::area() const", function_mangled: null, file, line: 31 },
      { function: "driftwood::Renderer::CostOf(driftwood::Item const&) const", function_mangled: null, file, line: 57 },
      { function: "driftwood::Renderer::DrawItem(driftwood::Item const&, int)", function_mangled: null, file, line: 67 },
    ],
  };
  const one = await salvage(["lookup", sym, "0x2bd6", "--json"]);
  assert.deepEqual([one.code, JSON.parse(one.stdout)], [0, expected]);
  const piped = await salvage(["lookup", sym, "-", "--json"], "2bd6\n\n0xffffff\n0xffffffffffff\n");
  const lines = piped.stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as { address: string; frames: unknown[] });
  assert.deepEqual(lines[0], expected);
  assert.deepEqual(lines.slice(2), [{ address: "0xffffffffffff", frames: [] }]);
  assert.equal(lines.length, 3);
  const damaged = await salvage(["lookup", sym, "-", "--json"], "2bd6\nzebra\n2bd6\n");
  assert.deepEqual([damaged.code, damaged.stdout.trimEnd().split("\n").length], [1, 2], "a damaged line costs itself");
  assert.match(damaged.stderr, /"zebra" is no address/);
  assert.match(
    (await salvage(["lookup", sym, "2bd6"])).stdout,
    /^0x2bd6 {2}driftwood::Icon::area\(\) const \(inline\) {2}\/driftwood\/driftwood\.cc:31\n/,
  );
  assert.equal((await salvage(["lookup", sym, "zebra"])).code, 2);

  const mangled = join(folder, "mangled.sym");
  writeFileSync(mangled, `MODULE Linux x86_64 ${debugId} app\nFUNC 1000 10 0 _ZN3geo4walkEi\n1000 10 7 0\nFILE 0 geo.cc\n`);
  assert.deepEqual(JSON.parse((await salvage(["lookup", mangled, "1004", "--json"])).stdout).frames, [
    { function: "geo::walk(int)", function_mangled: "_ZN3geo4walkEi", file: "geo.cc", line: 7 },
  ]);
  assert.equal((await salvage(["lookup", mangled, "1004"])).stdout, "0x1004  geo::walk(int)  geo.cc:7\n");
});

test("lookup wants the files of one image", async () => {
  const { code, stderr } = await salvage(["lookup", demo, "2bd6"]);
  assert.equal(code, 1);
  assert.match(stderr, /holds files of 2 images/);
  const nothing = await salvage(["lookup", join(demo, "recipe.md"), "2bd6"]);
  assert.deepEqual([nothing.code, nothing.stdout], [1, ""]);
});

test("inspect tells what files are, and which is none", async () => {
  const { code, stdout } = await salvage(["inspect", sym, dump, join(demo, "recipe.md"), "--json"]);
  assert.equal(code, 1);
  const [symbols, minidump, text] = stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  assert.deepEqual(
    [symbols.kind, symbols.debug_id, symbols.cpu, symbols.features],
    ["breakpad", debugId, "amd64", ["symbols", "lines", "inlines", "unwind"]],
  );
  assert.deepEqual([minidump.kind, minidump.modules[0].debug_id, minidump.modules[0].touched], ["minidump", debugId, true]);
  assert.equal(typeof text.error, "string");
});

test("symcache build, dump and check", async () => {
  const out = join(folder, "driftwood.symcache");
  const built = await salvage(["symcache", "build", sym, "--out", out, "--json"]);
  assert.equal(built.code, 0, built.stderr);
  const summary = JSON.parse(built.stdout);
  assert.deepEqual([summary.symcache, summary.debug_id, summary.features], [out, debugId, ["symbols", "lines", "inlines", "unwind"]]);
  assert.match((await salvage(["symcache", "check", out])).stdout, /whole, \d+ functions/);
  const dumped = await salvage(["symcache", "dump", out, "--ranges", "--json"]);
  const [header, ...ranges] = dumped.stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  assert.equal(header.range_count, ranges.length);
  assert.equal(typeof ranges[0].address, "string");

  const damaged = join(folder, "damaged.symcache");
  writeFileSync(damaged, readFileSync(out).fill(1, 5000, 5010));
  const refused = await salvage(["symcache", "check", damaged]);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /checksum differs/);

  const none = await salvage(["symcache", "build", join(demo, "driftwood-1.0.dmp"), "--out", join(folder, "none.symcache")]);
  assert.equal(none.code, 1);
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.startsWith("none.symcache")),
    [],
  );
  assert.equal((await salvage(["symcache", "polish"])).code, 2);
});

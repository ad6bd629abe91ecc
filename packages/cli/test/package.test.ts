/** The npm package as people get it: packed, installed into an empty folder without a registry, run on the oldest Node it is for. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { run } from "./salvage.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const demo = join(root, "../../fixtures/demo-crash");
const formats = join(root, "../../fixtures/formats");
const folder = mkdtempSync(join(tmpdir(), "salvage-package-"));
after(() => rmSync(folder, { recursive: true, force: true }));

/** Programs of a name on PATH. */
const onPath = (name: string) =>
  (process.env.PATH ?? "")
    .split(delimiter)
    .map((part) => join(part, name))
    .filter(existsSync);
const npm = onPath("npm")[0];
const majorOf = (node: string) => Number(/^v(\d+)/.exec(execFileSync(node, ["--version"], { encoding: "utf8" }))?.[1]);
/** The oldest that is here; this process's own when there is no other. */
const node =
  [process.execPath, ...onPath("node")].filter((path) => majorOf(path) >= 20).toSorted((a, b) => majorOf(a) - majorOf(b))[0] ?? "";
const installed = join(folder, "app/node_modules/@salvage/cli");
const skip = npm === undefined && "no npm here";

before(async () => {
  if (npm === undefined) return;
  const env = { PATH: [dirname(process.execPath), process.env.PATH].join(delimiter), HOME: folder };
  mkdirSync(join(folder, "app"));
  const packed = await run(npm, ["pack", root, "--pack-destination", folder, "--json", "--loglevel=error"], "", env);
  assert.equal(packed.code, 0, packed.stderr);
  const args = ["install", join(folder, "salvage-cli-0.1.0.tgz"), "--prefix", join(folder, "app"), "--offline", "--no-audit", "--no-fund"];
  const done = await run(npm, args, "", env);
  assert.equal(done.code, 0, done.stderr + done.stdout);
});

const salvage = (...args: string[]) => run(node, [join(installed, "dist/salvage.js"), ...args]);

test("the package is what runs and nothing else", { skip }, () => {
  const { dependencies, bin } = JSON.parse(readFileSync(join(installed, "package.json"), "utf8")) as Record<string, unknown>;
  assert.deepEqual([dependencies, bin], [undefined, { salvage: "dist/salvage.js" }]);
  assert.ok(existsSync(join(folder, "app/node_modules/.bin/salvage")));
  assert.ok(!existsSync(join(installed, "src")));
  const licences = readFileSync(join(installed, "dist/LICENSES.txt"), "utf8");
  for (const name of ["commander", "iced-x86", "@alexaltea/capstone-js", "libarchive-wasm", "fzstd", "zod"])
    assert.match(licences, new RegExp(`^${name} \\d`, "m"), name);
});

test(`report, with each disassembler, lookup and inspect run on Node ${node === "" ? "" : majorOf(node)}`, { skip }, async () => {
  const crash = await salvage("report", join(demo, "driftwood-1.0.dmp"), "--symbols", demo, "--json");
  assert.equal(crash.code, 0, crash.stderr);
  const report = JSON.parse(crash.stdout) as { crashing_thread: { frames: { function: string }[] }; crash_info: { instruction: string } };
  assert.equal(report.crashing_thread.frames[0]?.function, "driftwood::Renderer::DrawItem(driftwood::Item const&, int)");
  assert.ok(report.crash_info.instruction, "x86 is disassembled");
  const arm = await salvage("report", join(formats, "macos-arm64/game.dmp"), "--symbols", join(formats, "macos-arm64"), "--json");
  assert.ok(JSON.parse(arm.stdout).crash_info.instruction, "ARM is disassembled");
  const found = await salvage("lookup", join(demo, "driftwood-1.0.sym"), "2bd6");
  assert.match(found.stdout, /driftwood::Icon::area\(\) const/);
  assert.equal((await salvage("inspect", join(formats, "windows-x64/game.pdb"), join(formats, "linux-x64/app.debug"))).code, 0);
});

test("commands of an installation are the clone's", { skip }, async () => {
  const { stdout } = await salvage("--help");
  assert.match(stdout, /^ {2}upload /m);
  assert.doesNotMatch(stdout, /^ {2}(user|organization|db|backup|restore|doctor) /m);
  assert.equal((await salvage("db", "setup")).code, 2);
  assert.equal((await salvage("upload", demo)).code, 2, "no server is known");
});

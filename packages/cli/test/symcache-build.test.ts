/** A build of a lookup file that is cancelled or killed: nothing appears under its name, what stood there stays, and the next build is whole. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { salvage } from "./salvage.ts";

const entry = fileURLToPath(new URL("../src/main.ts", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "salvage-build-"));
const sym = join(folder, "game.sym");
const symcache = join(folder, "game.symcache");
let whole: Buffer;

before(async () => {
  const lines = ["MODULE Linux x86_64 0123456789ABCDEF0123456789ABCDEF0 game", "FILE 0 /src/game.c"];
  for (let i = 0; i < 60_000; i++) {
    const start = (i * 32).toString(16);
    lines.push(
      `FUNC ${start} 20 0 function_number_${i}`,
      `${start} 10 ${i} 0`,
      `STACK CFI INIT ${start} 20 .cfa: $rsp 8 + .ra: .cfa -8 + ^`,
    );
  }
  writeFileSync(sym, `${lines.join("\n")}\n`);
  assert.equal((await salvage(["symcache", "build", sym, "--out", symcache])).code, 0);
  whole = readFileSync(symcache);
});

after(() => rmSync(folder, { recursive: true, force: true }));

const unfinished = () => readdirSync(folder).filter((name) => name.startsWith("game.symcache.part-"));

/** Ends a build that has begun to write. */
async function interrupt(signal: "SIGINT" | "SIGTERM" | "SIGKILL"): Promise<NodeJS.Signals | null> {
  const child = spawn(process.execPath, [entry, "symcache", "build", sym, "--out", symcache], { stdio: "ignore" });
  const ended = once(child, "exit") as Promise<[number | null, NodeJS.Signals | null]>;
  while (unfinished().length === 0 && child.exitCode === null) await new Promise((resolve) => setTimeout(resolve, 2));
  child.kill(signal);
  return (await ended)[1];
}

for (const signal of ["SIGINT", "SIGTERM", "SIGKILL"] as const) {
  test(`${signal}: nothing under its name; the next build is whole and takes away what was left`, async () => {
    rmSync(symcache, { force: true });
    assert.equal(await interrupt(signal), signal);
    assert.ok(!readdirSync(folder).includes("game.symcache"));
    assert.equal((await salvage(["symcache", "build", sym, "--out", symcache])).code, 0);
    assert.ok(readFileSync(symcache).equals(whole));
    assert.deepEqual(unfinished(), []);
  });
}

test("a lookup file that stood there before stays as it was", async () => {
  writeFileSync(symcache, whole);
  assert.equal(await interrupt("SIGKILL"), "SIGKILL");
  assert.ok(readFileSync(symcache).equals(whole));
  assert.equal((await salvage(["symcache", "check", symcache])).code, 0);
});

test("what a build that still runs has written is left alone", async () => {
  const other = join(folder, `game.symcache.part-${process.pid}`);
  writeFileSync(other, "half");
  assert.equal((await salvage(["symcache", "build", sym, "--out", symcache])).code, 0);
  assert.equal(readFileSync(other, "utf8"), "half");
  rmSync(other);
  assert.deepEqual(unfinished(), []);
});

/** Finding a Temporal server: what is named or kept is used, and a machine without python3 is told so. */
import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, test } from "node:test";
import { findTemporal } from "./binary.ts";

const folder = mkdtempSync(join(tmpdir(), "salvage-temporal-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const { PATH, TEMPORAL_CLI } = process.env;
afterEach(() => {
  process.env.PATH = PATH;
  if (TEMPORAL_CLI === undefined) delete process.env.TEMPORAL_CLI;
  else process.env.TEMPORAL_CLI = TEMPORAL_CLI;
});

function program(path: string, version: string): string {
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, `#!/bin/sh\necho "${version}"\n`);
  chmodSync(path, 0o755);
  return path;
}

test("the copy in .toolchain is used, then PATH; what does not answer as Temporal is passed over", async () => {
  delete process.env.TEMPORAL_CLI;
  const toolchain = join(folder, "toolchain");
  const onPath = program(join(folder, "bin/temporal"), "temporal version 1.9.1 (Server 1.32.0)");
  process.env.PATH = join(folder, "bin");
  program(join(toolchain, "temporal/bin/temporal"), "something else");
  assert.deepEqual(await findTemporal(toolchain), { path: onPath, source: "PATH" });
  const kept = program(join(toolchain, "temporal/bin/temporal"), "temporal version 1.9.1 (Server 1.32.0)");
  assert.deepEqual(await findTemporal(toolchain), { path: kept, source: ".toolchain" });
});

test("TEMPORAL_CLI comes first", async () => {
  process.env.TEMPORAL_CLI = program(join(folder, "own/temporal"), "temporal version 9");
  assert.equal((await findTemporal(join(folder, "none"))).source, "TEMPORAL_CLI");
});

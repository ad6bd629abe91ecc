/** What the fuzzer once found (fuzz/finds/<target>/): each input now has an allowed outcome, in time. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const fuzzFolder = fileURLToPath(new URL("../fuzz/", import.meta.url));
const finds = join(fuzzFolder, "finds");
const maxMs = 1000;

for (const file of readdirSync(join(fuzzFolder, "targets"))) {
  const target = file.slice(0, -".ts".length);
  const folder = join(finds, target);
  const inputs = existsSync(folder) ? readdirSync(folder) : [];
  test(`${target}: ${inputs.length} finds, no input, and one byte`, async () => {
    const { fuzz } = (await import(`../fuzz/targets/${file}`)) as { fuzz(bytes: Uint8Array): unknown };
    fuzz(new Uint8Array(0));
    fuzz(new Uint8Array(1));
    for (const name of inputs) {
      const { user } = process.cpuUsage();
      fuzz(new Uint8Array(readFileSync(join(folder, name))));
      assert.ok((process.cpuUsage().user - user) / 1000 < maxMs, `${name} takes ${(process.cpuUsage().user - user) / 1000} ms`);
    }
  });
}

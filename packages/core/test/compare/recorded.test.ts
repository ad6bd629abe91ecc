/**
 * Binaries built from `sources/` and llvm-symbolizer's answers about all of their code, recorded by `pnpm compare --record`; variants.ts has the
 * command of each.
 */
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createPorts } from "@salvage/codecs";
import { judgeLookups } from "../judge-lookups.ts";

const recorded = join(import.meta.dirname, "recorded");

for (const name of readdirSync(recorded).sort()) {
  test(`${name}: every recorded answer`, () => {
    const ports = createPorts({ scratchDir: join(tmpdir(), `salvage-recorded-${process.pid}`), memoryBytes: 16 << 20 });
    const folder = join(recorded, name);
    const binary = readdirSync(folder).find((file) => file.startsWith("app") && !/\.dw[op]$/.test(file));
    const { addresses, wrong } = judgeLookups(join(folder, "lookups.json"), join(folder, binary!), ports);
    ports.close();
    assert.ok(addresses > 100, `${addresses} addresses`);
    assert.deepEqual(wrong, []);
  });
}

/**
 * `pnpm fuzz [--seconds N] [target...]`: fuzzes each target guided by coverage, one after the other, 60 seconds each by default. Inputs that
 * reached something are kept in `.toolchain/fuzz/` and are where the next run starts; finds lie in `finds/<target>/`, to be mended and
 * committed: test/finds.test.ts runs them again. The packages that instrument core are installed here when they are first needed.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { seedsOf } from "../test/seeds.ts";
import { mangledSeeds } from "./mangled-seeds.ts";

const maxSeedBytes = 1 << 17;
const here = import.meta.dirname;
const kept = join(here, "../../../.toolchain/fuzz");

const { values, positionals } = parseArgs({ options: { seconds: { type: "string", default: "60" } }, allowPositionals: true });
const all = readdirSync(join(here, "targets")).map((file) => file.slice(0, -".ts".length));
const unknown = positionals.filter((name) => !all.includes(name));
if (unknown.length > 0) throw new Error(`no target ${unknown.join(", ")}; there are ${all.join(", ")}`);

if (!existsSync(join(here, "node_modules"))) {
  const install = ["install", "--frozen-lockfile", "--ignore-workspace", "--ignore-scripts"];
  if (spawnSync("pnpm", install, { cwd: here, stdio: "inherit" }).status !== 0) process.exit(1);
}

const seeds: Record<string, Uint8Array[]> = { ...seedsOf(process.env.SALVAGE_CORPUS, maxSeedBytes), ...mangledSeeds() };
let failed = 0;
for (const target of positionals.length > 0 ? positionals : all) {
  const folder = join(kept, target);
  mkdirSync(folder, { recursive: true });
  for (const seed of seeds[target] ?? []) writeFileSync(join(folder, createHash("sha256").update(seed).digest("hex").slice(0, 16)), seed);
  const args = ["--disable-warning=ExperimentalWarning", "--import", join(here, "instrument.ts"), join(here, "drive.ts")];
  if (spawnSync(process.execPath, [...args, target, values.seconds, folder], { stdio: "inherit" }).status !== 0) failed++;
}
process.exit(failed === 0 ? 0 : 1);

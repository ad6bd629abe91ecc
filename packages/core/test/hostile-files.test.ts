/**
 * Hostile debug files: mutants of each format's small files, asked everything that the import and a report ask. SALVAGE_FILE_MUTANTS sets how
 * many in all (default 10000), spread over the formats; SALVAGE_CORPUS adds a folder's files.
 */
import { test } from "node:test";
import { askDebugFile } from "../fuzz/allow.ts";
import { fuzz as askSymcache } from "../fuzz/targets/symcache.ts";
import { runMutants, shownRun } from "./hostile-run.ts";
import { type Format, seedsOf } from "./seeds.ts";

const mutants = Number(process.env.SALVAGE_FILE_MUTANTS ?? 10_000);
/** Small ones, so that many can be tried: they have headers and records of each kind. */
const maxSeedBytes = 24 << 10;
const asked: Partial<Record<Format, (bytes: Uint8Array) => void>> = {
  elf: askDebugFile,
  pe: askDebugFile,
  pdb: askDebugFile,
  macho: askDebugFile,
  sym: askDebugFile,
  symcache: askSymcache,
};
const formats = Object.entries(asked) as [Format, (bytes: Uint8Array) => void][];
const seeds = seedsOf(process.env.SALVAGE_CORPUS, maxSeedBytes);

for (const [format, ask] of formats) {
  const count = Math.ceil(mutants / formats.length);
  test(`${count} mutants of ${format} files: answers or a FormatError, in bounded time and memory`, (t) => {
    t.diagnostic(shownRun(format, seeds[format].length, runMutants(format, ask, seeds[format], count)));
  });
}

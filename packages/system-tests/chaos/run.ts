/**
 * `pnpm chaos [--kills 500] [--seed N] [--results FILE]`: kills parts of a whole Salvage under load and says what did not survive. Exit code 1 when
 * something did not. With a file of results the run is added to it, one line of JSON, and the table is over all of its runs.
 */
import { appendFile, readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { type ChaosResult, runChaos } from "./chaos.ts";
import { tableOf } from "./table.ts";

const { values } = parseArgs({
  options: { kills: { type: "string", default: "500" }, seed: { type: "string" }, results: { type: "string" } },
});
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 32));
const kills = Number(values.kills);
if (!Number.isInteger(seed) || !Number.isInteger(kills) || kills < 1) {
  process.stderr.write("--seed and --kills want whole numbers\n");
  process.exit(2);
}
const say = (line: string) => process.stderr.write(`${line}\n`);
say(`seed ${seed}`);
const result = await runChaos({ seed, kills, say });
let runs: ChaosResult[] = [result];
if (values.results !== undefined) {
  await appendFile(values.results, `${JSON.stringify(result)}\n`);
  const lines = (await readFile(values.results, "utf8")).trim().split("\n");
  runs = lines.map((line) => JSON.parse(line) as ChaosResult);
}
console.log(tableOf(runs));
process.exit(result.broken.length === 0 ? 0 : 1);

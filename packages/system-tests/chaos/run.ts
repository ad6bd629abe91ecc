/** `pnpm chaos [--kills 500] [--seed N] [--json]`: kills parts of a whole Salvage under load and says what did not survive. Exit code 1 when something did not. */
import { parseArgs } from "node:util";
import { runChaos } from "./chaos.ts";

const { values } = parseArgs({
  options: { kills: { type: "string", default: "500" }, seed: { type: "string" }, json: { type: "boolean", default: false } },
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
if (values.json) process.stdout.write(`${JSON.stringify(result)}\n`);
else {
  const width = Math.max(...Object.keys(result.blows).map((name) => name.length));
  for (const [name, { hit, missed }] of Object.entries(result.blows).sort())
    console.log(`${name.padEnd(width)}  ${hit} hit, ${missed} missed`);
  console.log(`${result.sent} crashes sent; ${result.refusedAnswers} answers made senders try again; seed ${result.seed}`);
  for (const sentence of result.broken) console.log(`BROKEN  ${sentence}`);
  if (result.broken.length === 0) console.log("every invariant holds");
}
process.exit(result.broken.length === 0 ? 0 : 1);

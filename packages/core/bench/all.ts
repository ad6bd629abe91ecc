/** `pnpm bench [part of a name...]`: every *.bench.ts here, one after the other, each in a process of its own. What each needs stands at its top. */
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";

const chosen = process.argv.slice(2);
const files = readdirSync(import.meta.dirname)
  .filter((name) => name.endsWith(".bench.ts") && (chosen.length === 0 || chosen.some((part) => name.includes(part))))
  .sort();
let failed = 0;
for (const name of files) {
  console.log(`\n== ${name}`);
  if (spawnSync(process.execPath, [join(import.meta.dirname, name)], { stdio: "inherit" }).status !== 0) failed++;
}
process.exit(failed === 0 ? 0 : 1);

/** Writes a binary and another tool's answers for the tests that run without the tool. */
import { copyFileSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Answer } from "../answers.ts";

export const recordedFolder = join(import.meta.dirname, "recorded");

/** Answers only where they change, as [address, [[function, file, line], …]]. */
export function record(name: string, path: string, addresses: readonly bigint[], answers: readonly Answer[][]): void {
  const folder = join(recordedFolder, name);
  mkdirSync(folder, { recursive: true });
  copyFileSync(path, join(folder, basename(path)));
  for (const companion of readdirSync(dirname(path)).filter((file) => /\.dw[op]$/.test(file))) {
    copyFileSync(join(dirname(path), companion), join(folder, companion));
  }
  const rows: string[] = [];
  let before = "";
  for (const [i, answer] of answers.entries()) {
    const frames = JSON.stringify(answer.map((frame) => [frame.function, frame.file, frame.line]));
    if (frames !== before) rows.push(`["0x${addresses[i]!.toString(16)}", ${frames}]`);
    before = frames;
  }
  writeFileSync(join(folder, "lookups.json"), `[\n${rows.join(",\n")}\n]\n`);
}

/**
 * Recorded answers of another tool about a debug file, judged: `[address as the file states addresses, [[function, file, line], …] innermost
 * first]`, where the answer changes. Answers without a line are not judged.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { BufferSource, identifyObject, openNames, type Ports } from "../src/index.ts";
import { type Answer, companionsOf, difference, imageBaseOf, isJudged, toAnswers } from "./answers.ts";

export type Judged = {
  /** Kind and processor of the debug file. */
  format: string;
  addresses: number;
  /** One line for each wrong answer, with its address first. */
  wrong: string[];
};

/** `debugFile` is asked; companions are found beside it. */
export function judgeLookups(answersPath: string, debugFile: string, ports: Ports): Judged {
  const source = new BufferSource(readFileSync(debugFile));
  const verdict = identifyObject(source);
  const names = openNames(source, { ports, companion: companionsOf(debugFile) })?.names ?? null;
  assert.ok(names !== null, debugFile);
  const base = imageBaseOf(debugFile, verdict.debugId);
  const answers = JSON.parse(readFileSync(answersPath, "utf8")) as [address: string, frames: [string, string, number][]][];
  const judged: Judged = { format: `${verdict.kind} ${verdict.cpu}`, addresses: 0, wrong: [] };
  for (const [address, frames] of answers) {
    const expected = frames.map(([fn, file, line]): Answer => ({ function: fn, file, line }));
    if (!isJudged(expected)) continue;
    judged.addresses++;
    const differs = difference(toAnswers(names.lookup(Number(BigInt(address) - base))), expected);
    if (differs !== null) judged.wrong.push(`${address}: ${differs}`);
  }
  return judged;
}

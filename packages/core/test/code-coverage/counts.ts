/**
 * What several processes reached of each source, from the files that Node leaves in `NODE_V8_COVERAGE`: one per process and worker,
 * each with the functions of each script and, inside them, ranges with how often they ran (Chrome DevTools protocol, domain Profiler,
 * `takePreciseCoverage`). A range counts for all it holds except the ranges inside it.
 *
 * Something is reached when one process reached it. Processes split the same source into different ranges, so ranges cannot be added up
 * one by one; each process's picture is drawn first, character by character.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";

type Script = { url: string; functions: { ranges: { startOffset: number; endOffset: number; count: number }[] }[] };

/** For each source below `root` (path relative to it): a byte per UTF-16 unit, 1 where something ran. `lengthOf` is its length in units. */
export function reachedOf(folder: string, root: string, lengthOf: (source: string) => number | undefined): Map<string, Uint8Array> {
  const reached = new Map<string, Uint8Array>();
  for (const name of readdirSync(folder)) {
    if (!name.startsWith("coverage-")) continue;
    const { result } = JSON.parse(readFileSync(join(folder, name), "utf8")) as { result: Script[] };
    for (const script of result) {
      if (!script.url.startsWith("file:")) continue;
      const source = relative(root, fileURLToPath(script.url)).replaceAll(sep, "/");
      const length = lengthOf(source);
      if (length === undefined) continue;
      const all = reached.get(source) ?? new Uint8Array(length);
      reached.set(source, all);
      pictureOf(script, length).forEach((ran, index) => {
        if (ran === 1) all[index] = 1;
      });
    }
  }
  return reached;
}

/** Outer ranges come before the ones they hold, and functions before those declared in them. */
function pictureOf(script: Script, length: number): Uint8Array {
  const picture = new Uint8Array(length);
  for (const { ranges } of script.functions) {
    for (const { startOffset, endOffset, count } of ranges) picture.fill(count > 0 ? 1 : 0, startOffset, endOffset);
  }
  return picture;
}

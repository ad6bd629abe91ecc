/**
 * Nanoseconds per name of the demanglers. The names are those of a folder of vectors (`<set>.*.tsv`, mangled name first on each line), or of
 * files with one name a line. A set is cut into blocks of names; each block's best round counts, as other work on the machine only slows.
 * Beside C++ names: what `c++filt` and `llvm-cxxfilt` take for them, where they are installed.
 *
 * usage: node bench/demangle.bench.ts FOLDER-OR-FILE…
 */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { demangle } from "../src/demangle/demangle.ts";
import { shortName } from "../src/demangle/short-name.ts";

const rounds = 25;
const blockNames = 200;
const filters = ["c++filt", "llvm-cxxfilt"];
/** A filter's start is little beside so many names. */
const filteredNames = 200_000;
/** Small sets are repeated up to this many names, so that the code is compiled. */
const leastNames = 5000;

/** Each a string of its own, as readers of debug files make them, and not a part of the file's text. */
function names(path: string): string[] {
  return readFileSync(path, "utf8")
    .split("\n")
    .map((line) => Buffer.from(line.split("\t")[0]!).toString())
    .filter((name) => name !== "");
}

/** Best time per name. The results' last characters are read, so that their text is really made. */
function nanoseconds(list: readonly string[], work: (name: string) => string | null): number {
  const all = Array.from({ length: Math.max(list.length, leastNames) }, (_, i) => list[i % list.length]!);
  const best = new Float64Array(Math.ceil(all.length / blockNames)).fill(Number.POSITIVE_INFINITY);
  let sum = 0;
  for (let round = 0; round < rounds; round++) {
    for (let block = 0; block < best.length; block++) {
      const end = Math.min((block + 1) * blockNames, all.length);
      const start = performance.now();
      for (let i = block * blockNames; i < end; i++) {
        const text = work(all[i]!);
        sum += text === null ? 0 : text.charCodeAt(text.length - 1);
      }
      best[block] = Math.min(best[block]!, performance.now() - start);
    }
  }
  return sum === -1 ? 0 : (best.reduce((a, b) => a + b, 0) * 1e6) / all.length;
}

/** Best of three whole runs of a filter, per name; null where it is not installed. */
function filterNanoseconds(filter: string, list: readonly string[]): number | null {
  const all = Array.from({ length: Math.max(list.length, filteredNames) }, (_, i) => list[i % list.length]!);
  const input = `${all.join("\n")}\n`;
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 3; round++) {
    const start = performance.now();
    const { error } = spawnSync(filter, { input, stdio: ["pipe", "ignore", "ignore"] });
    if (error !== undefined) return null;
    best = Math.min(best, performance.now() - start);
  }
  return (best * 1e6) / all.length;
}

function filterRow(list: readonly string[]): void {
  const times = filters.flatMap((filter) => {
    const time = filterNanoseconds(filter, list);
    return time === null ? [] : [`${filter} ${time.toFixed(0)} ns`];
  });
  if (times.length > 0) console.log(`  ${times.join(", ")}`);
}

function row(label: string, list: readonly string[]): void {
  if (list.length === 0) return;
  const length = list.reduce((total, name) => total + name.length, 0) / list.length;
  const readable = list.map((name) => demangle(name) ?? name);
  const long = nanoseconds(list, demangle).toFixed(0).padStart(7);
  const short = nanoseconds(readable, shortName).toFixed(0).padStart(7);
  console.log(
    `${label.padEnd(36)} ${String(list.length).padStart(7)} names of ${length.toFixed(0).padStart(4)}  ${long} ns  short ${short} ns`,
  );
}

for (const path of process.argv.slice(2)) {
  const files = statSync(path).isDirectory() ? readdirSync(path).map((file) => join(path, file)) : [path];
  for (const file of files.filter((name) => !name.endsWith(".json"))) {
    const label = file.slice(file.lastIndexOf("/") + 1);
    const list = names(file);
    row(label, list);
    if (list.length > 1000 && list.every((name) => name.startsWith("_Z"))) filterRow(list);
    if (list.length > 1000) {
      row(
        `  of these up to 100 characters`,
        list.filter((name) => name.length <= 100),
      );
    }
  }
}

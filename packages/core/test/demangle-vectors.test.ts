/**
 * Published demangling tests, given by SALVAGE_CORPUS as `demangle-vectors/<set>.*.tsv`: mangled name, tab, readable name, both with `\` before
 * `\`, and `\t`, `\n`. Skipped when it is not set. Prints a row per set, and what differs with SALVAGE_SHOW=<how many>.
 *
 * Each set has the spelling of the tool that it was taken from; `read` gives ours in that spelling. A set that states the same name twice (with
 * and without parameters) counts as right what equals one of our two forms.
 */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { demangle } from "../src/demangle/demangle.ts";
import { demangleItanium, demangleItaniumType } from "../src/demangle/itanium/demangle-itanium.ts";
import { demangleMsvc } from "../src/demangle/msvc/demangle-msvc.ts";
import { demangleRustLegacy } from "../src/demangle/rust/legacy.ts";
import { demangleRustV0 } from "../src/demangle/rust/v0.ts";
import { shortName } from "../src/demangle/short-name.ts";
import { demangleSwift } from "../src/demangle/swift/demangle-swift.ts";

interface VectorSet {
  name: string;
  /** Right answers in percent that the set must reach. */
  goal: number;
  read: (mangled: string) => (string | null)[];
}

function itanium(mangled: string): string | null {
  return /^_+Z/.test(mangled) ? demangleItanium(mangled) : demangleItaniumType(mangled);
}

function withAndWithoutParameters(mangled: string): (string | null)[] {
  return [demangle(mangled) ?? mangled, demangleItanium(mangled, { nameOnly: true })];
}

function simplifiedSwift(mangled: string): (string | null)[] {
  return (["types", "none"] as const).map((parameters) => demangleSwift(mangled, { simplified: true, parameters }));
}

const sets: VectorSet[] = [
  { name: "itanium", goal: 99, read: (m) => [itanium(m)] },
  // A null is right. The one that we read is a `long double` of x87, which is damaged on other processors only.
  { name: "itanium-invalid", goal: 96, read: (m) => [itanium(m) ?? m] },
  { name: "rust-legacy", goal: 99, read: (m) => [demangleRustLegacy(m, { hash: true }) ?? m] },
  { name: "rust-legacy-nohash", goal: 99, read: (m) => [demangleRustLegacy(m) ?? m] },
  { name: "rust-v0-llvm", goal: 99, read: (m) => [demangleRustV0(m, { spelling: "llvm" }) ?? m] },
  { name: "rust-v0-nohash", goal: 99, read: (m) => [demangleRustV0(m) ?? m] },
  // Spelled by cpp_demangle: `> >`, `(long)1`, `{parm#1}`. What is written there as llvm writes it must be equal.
  { name: "symbolic-cpp", goal: 60, read: withAndWithoutParameters },
  { name: "symbolic-objcpp", goal: 30, read: withAndWithoutParameters },
  { name: "msvc", goal: 99, read: (m) => [demangleMsvc(m)] },
  // Spelled by Microsoft's undname: `(int,char)`, `> >`, `* const`, `uint64_t`, `vector deleting destructor`, and every string is `string'.
  { name: "msvc-demangler-rust", goal: 15, read: (m) => [demangleMsvc(m)] },
  // The name alone, as ours for titles; with parameters there is no return type, which ours has.
  { name: "symbolic-msvc", goal: 50, read: (m) => [shortName(demangleMsvc(m) ?? m)] },
  { name: "swift", goal: 99, read: (m) => [demangleSwift(m) ?? m] },
  { name: "swift-simplified", goal: 99, read: (m) => [demangleSwift(m, { simplified: true }) ?? m] },
  { name: "swift-clang-types", goal: 99, read: (m) => [demangleSwift(m) ?? m] },
  // Simplified, without effects and results, with the types of the parameters or without parameters.
  { name: "symbolic-swift", goal: 99, read: simplifiedSwift },
];

const folder = join(process.env.SALVAGE_CORPUS ?? "", "demangle-vectors");
const shown = Number(process.env.SALVAGE_SHOW ?? 0);

function unescaped(text: string): string {
  return text.replace(/\\(.)/g, (_, letter: string) => (letter === "n" ? "\n" : letter === "t" ? "\t" : letter === "r" ? "\r" : letter));
}

function readPairs(set: string): [string, string][] {
  const files = readdirSync(folder).filter((file) => file.startsWith(`${set}.`) && file.endsWith(".tsv"));
  const lines = files.flatMap((file) => readFileSync(join(folder, file), "utf8").split("\n"));
  return lines.filter((line) => line !== "").map((line) => line.split("\t").map(unescaped) as [string, string]);
}

for (const { name, goal, read } of sets) {
  test(`demangling vectors: ${name}`, { skip: process.env.SALVAGE_CORPUS === undefined || !existsSync(folder) }, (t) => {
    const pairs = readPairs(name);
    let right = 0;
    let wrong = 0;
    for (const [mangled, readable] of pairs) {
      const ours = read(mangled);
      if (ours.includes(readable)) right++;
      else if (wrong++ < shown) t.diagnostic(`${mangled}\n  theirs ${readable}\n  ours   ${ours.join("\n         ")}`);
    }
    const percent = pairs.length === 0 ? 100 : (100 * right) / pairs.length;
    t.diagnostic(
      `${name.padEnd(20)} ${String(right).padStart(6)} of ${String(pairs.length).padStart(6)} ${percent.toFixed(2).padStart(7)} %`,
    );
    assert.ok(percent >= goal, `${name}: ${percent.toFixed(2)} % right, goal ${goal} %`);
  });
}

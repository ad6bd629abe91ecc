/**
 * `pnpm compare [part of a variant's name] [--record]`: our answers against llvm-symbolizer and addr2line, live, on binaries built from
 * the sources here, at addresses spread over all code. Prints a row per variant and the first differences; ends with 1 when an answer is
 * ours alone. `--record` writes the marked variants and their answers to `recorded/`, which recorded.test.ts reads.
 */
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createPorts } from "@salvage/codecs";
import { BufferSource, objectKind, openNames } from "../../src/index.ts";
import { type Answer, companionsOf, difference, imageBaseOf, isJudged, toAnswers } from "../answers.ts";
import { codeAddresses } from "./code-addresses.ts";
import { record } from "./record.ts";
import { variants } from "./variants.ts";

const maxAddresses = 4000;
const shownDifferences = 3;

type Oracle = "llvm-symbolizer-19" | "addr2line";

function askLlvm(path: string, addresses: readonly bigint[]): Answer[][] {
  const input = addresses.map((address) => `0x${address.toString(16)}`).join("\n");
  // Names of 32-bit Windows carry an underscore that only demangling takes off.
  const options = [`--obj=${path}`, "--inlining", "--output-style=JSON", path.endsWith(".exe") ? "--demangle" : "--no-demangle"];
  const { stdout } = spawnSync("llvm-symbolizer-19", options, { input, encoding: "utf8", maxBuffer: 1 << 28 });
  return stdout
    .trimEnd()
    .split("\n")
    .map((line) =>
      ((JSON.parse(line).Symbol ?? []) as { FunctionName: string; FileName: string; Line: number }[])
        .filter(({ FunctionName, FileName }) => FunctionName !== "" || FileName !== "")
        .map(({ FunctionName, FileName, Line }) => ({ function: FunctionName, file: FileName, line: Line })),
    );
}

function askAddr2line(path: string, addresses: readonly bigint[]): Answer[][] {
  const input = addresses.map((address) => `0x${address.toString(16)}`).join("\n");
  const { stdout } = spawnSync("addr2line", ["-e", path, "-a", "-i", "-f"], { input, encoding: "utf8", maxBuffer: 1 << 28 });
  return stdout
    .split(/^0x[0-9a-f]+\n/m)
    .slice(1)
    .map((block) => {
      const lines = block.trimEnd().split("\n");
      const answers: Answer[] = [];
      for (let i = 0; i + 1 < lines.length; i += 2) {
        const [, file, line] = /^(.*):(\d+|\?)(?: \(discriminator \d+\))?$/.exec(lines[i + 1]!) ?? [];
        answers.push({ function: lines[i]!, file: file === "??" ? "" : (file ?? ""), line: Number(line) || 0 });
      }
      return answers.filter(({ function: name }) => name !== "??");
    });
}

/** Of two tools one may be wrong: an answer of ours is when neither gives it. */
type Judgement = { judged: number; agree: number[]; wrong: string[] };

function judge(
  ours: readonly Answer[][],
  tools: readonly { name: Oracle; answers: readonly Answer[][] }[],
  addresses: readonly bigint[],
): Judgement {
  const result: Judgement = { judged: 0, agree: tools.map(() => 0), wrong: [] };
  for (const [i, address] of addresses.entries()) {
    const given = tools.map(({ name, answers }) => ({ name, answer: answers[i] ?? [] })).filter(({ answer }) => isJudged(answer));
    if (given.length === 0) continue;
    result.judged++;
    const differences = given.map(({ name, answer }) => ({ name, differs: difference(ours[i]!, answer) }));
    for (const { name, differs } of differences) if (differs === null) result.agree[tools.findIndex((tool) => tool.name === name)]!++;
    if (differences.some(({ differs }) => differs === null)) continue;
    result.wrong.push(`0x${address.toString(16)}: ${differences.map(({ name, differs }) => `${name}: ${differs}`).join("; ")}`);
  }
  return result;
}

function main(args: readonly string[]): number {
  const only = args.find((arg) => !arg.startsWith("--"));
  const root = mkdtempSync(join(tmpdir(), "salvage-compare-"));
  const ports = createPorts({ scratchDir: join(root, "scratch"), memoryBytes: 64 << 20 });
  let failures = 0;
  for (const { name, recorded, standing, build } of variants) {
    if (only !== undefined && !name.includes(only)) continue;
    const built = build(join(root, name));
    if (built === null) {
      console.log(`${name.padEnd(30)} not built: a tool is missing`);
      continue;
    }
    const source = new BufferSource(readFileSync(built.path));
    const opened = openNames(source, { ports, companion: companionsOf(built.path) });
    // llvm-symbolizer reads a PDB through its dll.
    const asked = built.path.replace(/\.pdb$/, ".exe");
    const base = imageBaseOf(built.path, null);
    const addresses = codeAddresses(asked, maxAddresses).map((address) => base + BigInt(address));
    const ours = addresses.map((address) => toAnswers(opened?.names?.lookup(Number(address - base)) ?? null));
    const tools = [{ name: "llvm-symbolizer-19" as Oracle, answers: askLlvm(asked, addresses) }];
    // Debian's addr2line reads ELF alone.
    if (objectKind(source) === "elf") tools.push({ name: "addr2line", answers: askAddr2line(asked, addresses) });
    const { judged, agree, wrong } = judge(ours, tools, addresses);
    const isStanding = standing !== undefined && wrong.length <= standing.count;
    if (!isStanding) failures += wrong.length;
    const columns = tools.map((tool, i) => `${tool.name} ${agree[i]}`);
    const needs = (opened?.needs.length ?? 0) > 0 ? `; needs ${opened?.needs.join("; ")}` : "";
    console.log(`${name.padEnd(30)} ${judged - wrong.length} of ${judged} right; agree: ${columns.join(", ")}${needs}`);
    for (const line of wrong.slice(0, shownDifferences)) console.log(`    ${line}`);
    if (isStanding && wrong.length > 0) console.log(`    ours stand: ${standing.why}`);
    if (recorded && args.includes("--record")) record(name, built.path, addresses, tools[0]!.answers);
    const keep = process.env.SALVAGE_KEEP;
    if (keep !== undefined) cpSync(join(root, name), join(keep, name), { recursive: true });
  }
  ports.close();
  rmSync(root, { recursive: true, force: true });
  return failures === 0 ? 0 : 1;
}

process.exitCode = main(process.argv.slice(2));

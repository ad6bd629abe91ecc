/**
 * Our reading of binaries against the .sym that Mozilla's dump_syms makes of them: names, inline chains, files and lines, and unwind rules, at
 * addresses spread over all code. Runs when SALVAGE_DUMP_SYMS names the program and SALVAGE_CORPUS or SALVAGE_BINARIES a folder of binaries;
 * prints a row per file. A difference must be of a listed kind; where the kind does not prove itself, llvm-symbolizer-19 must answer as we do.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, posix, relative } from "node:path";
import { test } from "node:test";
import { createPorts } from "@salvage/codecs";
import { BufferSource, FormatError, identifyObjects, objectKind, openNames, openSym, openUnwind, type Ports } from "../src/index.ts";
import type { RegisterRule, UnwindRow, WindowsFrame } from "../src/unwind/rules.ts";
import { type Answer, companionsOf, difference, imageBaseOf, lastComponent, toAnswers } from "./answers.ts";
import { codeAddresses } from "./compare/code-addresses.ts";

const dumpSyms = process.env.SALVAGE_DUMP_SYMS;
const folders = [process.env.SALVAGE_CORPUS, process.env.SALVAGE_BINARIES].filter((folder) => folder !== undefined);
const maxAddresses = 10_000;
const largestFile = 256 << 20;
const shownDifferences = 3;

/** Names of processors as dump_syms spells them. */
const architectures: Record<string, string> = { amd64: "x86_64", x86: "x86", arm64: "arm64", arm: "arm" };

/** Kinds of different names, with the reason why ours stands. The first that fits counts. */
const nameKinds: readonly { name: string; why: string; fits(ours: readonly Answer[], theirs: readonly Answer[]): boolean }[] = [
  {
    name: "invented name",
    why: "dump_syms makes names for linkage tables and for code that only unwind tables know",
    fits: (_, theirs) => /^<.* in .*>$/.test(theirs[0]?.function ?? ""),
  },
  {
    name: "name not found",
    why: "dump_syms reads no supplementary file, and writes <name omitted>",
    fits: (ours, theirs) =>
      ours.length === theirs.length &&
      theirs.some((frame) => frame.function === "<name omitted>") &&
      ours.every(
        (frame, i) => frame.line === theirs[i]!.line && (theirs[i]!.function === "<name omitted>" || similarFunction(frame, theirs[i]!)),
      ),
  },
  {
    name: "stretched symbol",
    why: "a PUBLIC record has no size: it reaches to the next record, over padding and over functions without names",
    fits: (ours, theirs) => ours.length === 0 && theirs.length === 1 && theirs[0]!.line === 0,
  },
  {
    name: "line of padding",
    why: "the line table covers the padding between functions: we give the line and no function",
    fits: (ours, theirs) => theirs.length === 0 && ours.length === 1 && ours[0]!.function === "",
  },
  {
    name: "symbol left out",
    why: "dump_syms leaves out symbols of a dSYM, of COFF and of object files",
    fits: (ours, theirs) => theirs.length === 0 && ours.length === 1 && ours[0]!.line === 0,
  },
  {
    name: "line left out",
    why: "the same function without its line: dump_syms follows no split units and reads no lines of some cold parts",
    fits: (ours, theirs) =>
      theirs.length === 1 && theirs[0]!.line === 0 && (ours[0]?.line ?? 0) > 0 && sameFunction(ours.at(-1)!, theirs[0]!),
  },
  {
    name: "name spelled",
    why: "one place, another spelling: aliases of std (basic_ostream), inherited constructors, names that dump_syms cannot demangle",
    fits: (ours, theirs) =>
      ours.length === theirs.length &&
      ours.every(
        (frame, i) => frame.line === theirs[i]!.line && samePath(frame.file, theirs[i]!.file) && similarFunction(frame, theirs[i]!),
      ),
  },
  {
    name: "path joined twice",
    why: "dump_syms puts the unit's directory before a path that is absolute",
    fits: (ours, theirs) =>
      ours.length === theirs.length &&
      ours.every(
        (frame, i) =>
          frame.line === theirs[i]!.line && frame.file !== "" && theirs[i]!.file.endsWith(frame.file) && similarFunction(frame, theirs[i]!),
      ),
  },
  {
    name: "inlined function left out",
    why: "dump_syms reads no inlined functions of DWARF in a PE, and loses some of others",
    fits: (ours, theirs) =>
      theirs.length < ours.length &&
      theirs.length > 0 &&
      theirs[0]!.line === ours[0]!.line &&
      ours.some((frame) => similarFunction(frame, theirs[0]!)),
  },
  {
    name: "line of the call",
    why: "for code before an inlined function's first line record dump_syms gives the line of the call",
    fits: (ours, theirs) =>
      ours.length === theirs.length &&
      theirs.length > 1 &&
      theirs[0]!.line === theirs[1]!.line &&
      theirs[0]!.file === theirs[1]!.file &&
      ours.every((frame, i) => similarFunction(frame, theirs[i]!)),
  },
  {
    name: "two lines at one address",
    why: "of several lines of a PDB that start at one address we take the first, as llvm-symbolizer does, dump_syms the last",
    fits: (ours, theirs) => {
      const outer = ours.slice(-theirs.length);
      const differing = outer.filter((frame, i) => frame.line !== theirs[i]!.line);
      const isWindows = theirs[0]?.file.includes("\\") ?? false;
      return (
        isWindows &&
        differing.length === 1 &&
        outer.length === theirs.length &&
        outer.every((frame, i) => similarFunction(frame, theirs[i]!))
      );
    },
  },
];

function sameFunction(a: Answer, b: Answer): boolean {
  return lastComponent(a.function) === lastComponent(b.function);
}

/** The same function, spelled in whatever way. */
function similarFunction(ours: Answer, theirs: Answer): boolean {
  if (sameFunction(ours, theirs) || /^(_?Z|_R|\?)/.test(theirs.function)) return true;
  // Of an inherited constructor (CI1, CI2) either class gives the name.
  if (/CI[12]/.test(ours.function)) return true;
  const [mine, other] = [ours, theirs].map((frame) => lastComponent(frame.function));
  if (/`(scalar|vector) deleting d/.test(mine!) && other!.startsWith("~")) return true;
  const plain = (name: string) => name.replace(/^~?basic_/, (start) => start.replace("basic_", "")).replace(/^_+|[.@]\d+$/g, "");
  return plain(mine!) === plain(other!);
}

function samePath(a: string, b: string): boolean {
  const plain = (path: string) => posix.normalize(path.replaceAll("\\", "/"));
  return plain(a) === plain(b);
}

type Row = { judged: number; equal: number; kinds: Map<string, number>; unexplained: string[] };

function count(row: Row, kind: string): void {
  row.kinds.set(kind, (row.kinds.get(kind) ?? 0) + 1);
}

function filesBelow(root: string): string[] {
  return readdirSync(root, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => statSync(path).size <= largestFile && statSync(path).size >= 16)
    .sort();
}

/** Null for content that is no linked image, and for a program whose names lie in a PDB beside it, which is asked itself. */
function imageOf(path: string): { source: BufferSource; kind: string; cpu: string | null; debugId: string; asked: string } | null {
  const source = new BufferSource(readFileSync(path));
  try {
    if (objectKind(source) === null || objectKind(source) === "breakpad") return null;
    const { kind, cpu, debugId, features } = identifyObjects(source)[0]!;
    if (debugId === null || features.length === 0) return null;
    if (kind === "pe" && /\.(exe|dll)$/.test(path) && /\.pdb$|\.pd_$/.test(companionPdb(path) ?? "")) return null;
    const program = [".exe", ".dll"].map((ending) => path.replace(/\.pdb$/, ending)).find((other) => kind === "pdb" && existsSync(other));
    return { source, kind, cpu, debugId, asked: program ?? path };
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    return null;
  }
}

function companionPdb(program: string): string | undefined {
  return [".pdb", ".pd_"].map((ending) => program.replace(/\.(exe|dll)$/, ending)).find((path) => existsSync(path));
}

/** Addresses over the FUNC records, where the sections of the image are not at hand. */
function recordAddresses(text: string): number[] {
  const functions = [...text.matchAll(/^FUNC (?:m )?([0-9a-f]+) ([0-9a-f]+) /gm)].map(([, start, size]) => ({
    start: Number.parseInt(start!, 16),
    size: Number.parseInt(size!, 16),
  }));
  const step = Math.max(1, Math.ceil(functions.reduce((sum, { size }) => sum + size, 0) / maxAddresses));
  return functions.flatMap(({ start, size }) => Array.from({ length: Math.ceil(size / step) }, (_, i) => start + i * step));
}

/** Whether an address lies in a function that dump_syms marks as one of several folded into one place: either name is right. */
function foldedIn(text: string): (address: number) => boolean {
  const folded = [...text.matchAll(/^FUNC m ([0-9a-f]+) ([0-9a-f]+) /gm)].map(([, start, size]) => ({
    start: Number.parseInt(start!, 16),
    end: Number.parseInt(start!, 16) + Number.parseInt(size!, 16),
  }));
  return (address) => folded.some(({ start, end }) => address >= start && address < end);
}

/** llvm-symbolizer's answers; empty where it is not installed or has none. */
function askLlvm(path: string, base: bigint, addresses: readonly number[], isWindows: boolean): Answer[][] {
  const input = addresses.map((address) => `0x${(base + BigInt(address)).toString(16)}`).join("\n");
  const options = [`--obj=${path}`, "--inlining", "--output-style=JSON", isWindows ? "--demangle" : "--no-demangle"];
  const { stdout, error } = spawnSync("llvm-symbolizer-19", options, { input, encoding: "utf8", maxBuffer: 1 << 28 });
  if (error !== undefined) return [];
  return stdout
    .trimEnd()
    .split("\n")
    .map((line) => (JSON.parse(line || "{}").Symbol ?? []) as { FunctionName: string; FileName: string; Line: number }[])
    .map((frames) => frames.map(({ FunctionName, FileName, Line }) => ({ function: FunctionName, file: FileName, line: Line })));
}

function shown(frames: readonly Answer[]): string {
  return frames.map((frame) => `${lastComponent(frame.function)} ${frame.file}:${frame.line}`).join(" < ") || "nothing";
}

type Chains = {
  address: number;
  ours: Answer[];
  theirs: Answer[];
  /** Where our function starts, counted from where theirs does. */
  startsBehind: number;
};

/** Two symbols of one address without lines. */
function symbolKind({ ours, theirs, startsBehind }: Chains): string | null {
  if (ours.length !== 1 || theirs.length !== 1 || ours[0]!.line !== 0 || theirs[0]!.line !== 0 || startsBehind < 0) return null;
  return startsBehind === 0 ? "one of several symbols" : "stretched symbol";
}

/** Sorts differences into kinds; the rest is put before llvm-symbolizer. */
function judgeNames(
  row: Row,
  chains: readonly Chains[],
  isFolded: (address: number) => boolean,
  arbiter: (addresses: readonly number[]) => Answer[][],
): void {
  const open: Chains[] = [];
  for (const chain of chains) {
    const { ours, theirs } = chain;
    if (ours.length === 0 && theirs.length === 0) continue;
    row.judged++;
    if (ours.length > 0 && theirs.length > 0 && difference(ours, theirs) === null && (theirs[0]!.line > 0 || ours[0]!.line === 0)) {
      row.equal++;
      continue;
    }
    const kind = nameKinds.find(({ fits }) => fits(ours, theirs));
    if (kind !== undefined) count(row, kind.name);
    else if (isFolded(chain.address)) count(row, "folded functions");
    else if (symbolKind(chain) !== null) count(row, symbolKind(chain)!);
    else open.push(chain);
  }
  const answers = open.length === 0 ? [] : arbiter(open.map(({ address }) => address));
  for (const [i, { address, ours, theirs }] of open.entries()) {
    const judge = answers[i] ?? [];
    if (ours.length > 0 && judge.length > 0 && difference(ours, judge) === null) count(row, "llvm-symbolizer answers as we do");
    else row.unexplained.push(`0x${address.toString(16)}: ours ${shown(ours)}; dump_syms ${shown(theirs)}; llvm ${shown(judge)}`);
  }
}

const scratchDir = join(tmpdir(), `salvage-dump-syms-${process.pid}`);

/** Runs `compare` on every image that dump_syms converts, prints its row, and gives what no kind explains. */
function eachImage(compare: (image: NonNullable<ReturnType<typeof imageOf>>, path: string, symText: Buffer, ports: Ports) => Row | null): {
  rows: number;
  unexplained: string[];
} {
  const ports = createPorts({ scratchDir, memoryBytes: 64 << 20 });
  const total = { rows: 0, unexplained: [] as string[] };
  for (const root of folders) {
    for (const path of filesBelow(root)) {
      const image = imageOf(path);
      if (image === null) continue;
      const architecture = architectures[image.cpu ?? ""];
      const options = ["--inlines", ...(architecture === undefined ? [] : ["-a", architecture]), image.asked];
      const made = spawnSync(dumpSyms!, options, { maxBuffer: 1 << 30, timeout: 120_000 });
      if (made.status !== 0 || made.stdout.length === 0) continue;
      const row = compare(image, path, made.stdout, ports);
      if (row === null) continue;
      total.rows++;
      const name = relative(root, path);
      const kinds = [...row.kinds].map(([kind, times]) => `${kind} ${times}`);
      if (row.unexplained.length > 0) kinds.push(`UNEXPLAINED ${row.unexplained.length}`);
      console.log(`${name} (${image.kind} ${image.cpu}): ${row.equal} of ${row.judged} equal; ${kinds.join(", ")}`);
      for (const line of row.unexplained.slice(0, shownDifferences)) console.log(`    ${line}`);
      total.unexplained.push(...row.unexplained.map((line) => `${name} ${line}`));
    }
  }
  ports.close();
  rmSync(scratchDir, { recursive: true, force: true });
  return total;
}

function addressesOf(asked: string, symText: Buffer): number[] {
  const spread = objectKind(new BufferSource(readFileSync(asked))) === "pdb" ? [] : codeAddresses(asked, maxAddresses);
  return spread.length > 0 ? spread : recordAddresses(symText.toString("latin1"));
}

const skip = dumpSyms === undefined || folders.length === 0;

test("names: every difference is of a listed kind", { skip }, () => {
  const { rows, unexplained } = eachImage(({ source, kind, debugId, asked }, path, symText, ports) => {
    const sym = openSym(new BufferSource(symText)).names;
    const ours = openNames(source, { ports, debugId, companion: companionsOf(path) })?.names ?? null;
    // Lines that dump_syms found in a file elsewhere are not this file's.
    if (sym === null || ours === null || (!ours.hasLines && /^FUNC /m.test(symText.toString("latin1")))) return null;
    const row: Row = { judged: 0, equal: 0, kinds: new Map(), unexplained: [] };
    const chains = addressesOf(asked, symText).map((address) => {
      const [mine, other] = [ours.lookup(address), sym.lookup(address)];
      const startsBehind = (mine?.at(-1)?.functionAddress ?? 0) - (other?.at(-1)?.functionAddress ?? 0);
      return { address, ours: toAnswers(mine), theirs: toAnswers(other), startsBehind };
    });
    judgeNames(row, chains, foldedIn(symText.toString("latin1")), (addresses) =>
      askLlvm(asked, imageBaseOf(asked, debugId), addresses, kind === "pdb" || kind === "pe"),
    );
    return row;
  });
  for (const { name, why } of nameKinds) console.log(`${name}: ${why}`);
  console.log(`${rows} files, ${unexplained.length} unexplained`);
  assert.deepEqual(unexplained, []);
});

test("unwind rules: every difference is of a listed kind", { skip }, () => {
  const { rows, unexplained } = eachImage(({ source, kind, debugId, asked }, path, symText) => {
    const sym = openSym(new BufferSource(symText));
    const program = asked === path ? source : new BufferSource(readFileSync(asked));
    const rules = rulesOf(program, asked === path ? debugId : null);
    const frames = rulesOf(source, debugId)?.windowsFrames ?? null;
    const row: Row = { judged: 0, equal: 0, kinds: new Map(), unexplained: [] };
    for (const address of addressesOf(asked, symText)) {
      const where = `0x${address.toString(16)}`;
      const theirs = sym.unwind?.find(address) ?? null;
      if (theirs !== null) judgeRules(row, where, kind, rules?.unwind?.find(address) ?? null, theirs);
      const theirFrame = sym.windowsFrames?.find(address) ?? null;
      if (theirFrame !== null) judgeFrame(row, where, frames?.find(address) ?? null, theirFrame);
    }
    return row.judged === 0 ? null : row;
  });
  for (const [name, why] of Object.entries(ruleKinds)) console.log(`${name}: ${why}`);
  console.log(`${rows} files, ${unexplained.length} unexplained`);
  assert.deepEqual(unexplained, []);
});

/** Null for damaged tables. */
function rulesOf(program: BufferSource, debugId: string | null): ReturnType<typeof openUnwind> {
  try {
    return openUnwind(program, debugId);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    return null;
  }
}

/** Kinds of different rules, with the reason why ours stand. */
const ruleKinds = {
  table: "linkage tables: rules that depend on the place within an entry, of which dump_syms keeps the first part",
  prologue: "prologues and epilogues: dump_syms writes one rule for the whole function, we follow PE unwind data and the code",
  outermost: "the function a program starts in has no caller, which its table does not always say",
  restored: "a link register that is back in place (DW_CFA_restore): dump_syms leaves it at its place on the stack, which is gone",
  basePointer: "FPO records that use ebp as a register: dump_syms does not say so, Breakpad's dump_syms does",
  register: 'ARM64 Windows: dump_syms writes ".sp", which is no register',
};

/** One spelling for one rule: a value that stays in the register it is in. */
function printed(rule: RegisterRule): string {
  return rule.kind === "register" && rule.offset === 0 && /^(x30|lr|ra)$/.test(rule.register) ? '{"kind":"same"}' : JSON.stringify(rule);
}

function judgeRules(row: Row, where: string, kind: string, ours: UnwindRow | null, theirs: UnwindRow): void {
  row.judged++;
  const sameCfa = ours !== null && printed(ours.cfa) === printed(theirs.cfa);
  if (sameCfa && printed(ours.returnAddress) === printed(theirs.returnAddress)) row.equal++;
  else if (ours?.cfa.kind === "expression" && theirs.cfa.kind !== "expression") count(row, "table");
  else if (ours !== null && theirs.cfa.kind === "expression" && / ?\.sp /.test(theirs.cfa.program)) count(row, "register");
  else if (sameCfa && ours.returnAddress.kind === "undefined") count(row, "outermost");
  else if (sameCfa && ours.returnAddress.kind === "same" && theirs.returnAddress.kind === "cfaOffset") count(row, "restored");
  else if (ours !== null && kind !== "elf") count(row, "prologue");
  else
    row.unexplained.push(
      `${where}: ours ${ours === null ? "none" : `${printed(ours.cfa)} ${printed(ours.returnAddress)}`}; dump_syms ${printed(theirs.cfa)} ${printed(theirs.returnAddress)}`,
    );
}

function judgeFrame(row: Row, where: string, ours: WindowsFrame | null, theirs: WindowsFrame): void {
  row.judged++;
  const parts = ({ kind, program, parameterSize, savedRegisterSize, localSize, allocatesBasePointer }: WindowsFrame) =>
    JSON.stringify([kind, program?.trim(), parameterSize, savedRegisterSize, localSize, allocatesBasePointer]);
  if (ours !== null && parts(ours) === parts(theirs)) row.equal++;
  else if (ours?.allocatesBasePointer && parts({ ...ours, allocatesBasePointer: false }) === parts(theirs)) count(row, "basePointer");
  else row.unexplained.push(`${where}: ours ${ours === null ? "none" : parts(ours)}; dump_syms ${parts(theirs)}`);
}

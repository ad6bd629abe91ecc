/**
 * Answers about addresses, ours and those of other tools, made comparable: functions by the last part of their readable name without arguments
 * and template arguments, since tools spell those differently; files by path; lines as they are.
 */
import { readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { demangle } from "../src/demangle/demangle.ts";
import { shortName } from "../src/demangle/short-name.ts";
import { openElf } from "../src/elf/elf-file.ts";
import { BufferSource, type CompanionNeed, objectKind, type SourceFrame } from "../src/index.ts";
import { chooseMachO } from "../src/macho/headers.ts";
import { PeImage } from "../src/pe/image.ts";

export type Answer = { function: string; file: string; line: number };

/** "void geo::Ring<int, 4>::at(int) const" → "at"; mangled names are made readable first. */
export function lastComponent(name: string): string {
  const short = shortName(demangle(name) ?? name)
    .replaceAll(/<…>/g, "")
    .replace(/ ?\(?\[?(clone )?\.(cold|part|isra|constprop|llvm).*$/, "")
    .replaceAll(/\b(struct|class|union|enum) /g, "");
  // Blocks and lambdas of one place are numbered differently by every tool.
  const last = short.includes("::") ? short.slice(short.lastIndexOf("::") + 2) : short;
  return /^(\{lambda|'lambda|\$_\d|\{closure)/.test(last) ? "lambda" : last;
}

export function toAnswers(frames: readonly SourceFrame[] | null): Answer[] {
  return (frames ?? []).map((frame) => ({ function: frame.function, file: frame.file ?? "", line: frame.line ?? 0 }));
}

/** One slash, no "." and no ".." in the path. */
function plainPath(path: string): string {
  const parts: string[] = [];
  for (const part of path.replaceAll("\\", "/").split("/")) {
    if (part === ".." && parts.length > 0 && parts.at(-1) !== "" && parts.at(-1) !== "..") parts.pop();
    else if (part !== "." && (part !== "" || parts.length === 0)) parts.push(part);
  }
  return parts.join("/");
}

/** Whether an answer can be judged: the innermost frame has a line. */
export function isJudged(expected: readonly Answer[]): boolean {
  return expected.length > 0 && expected[0]!.line > 0;
}

/** A compiler's own label, which llvm-symbolizer takes for the name of what follows it. */
function isLabel(name: string): boolean {
  return /^(\.L|\$[adtx](\.|$))/.test(name);
}

/** What differs first, in words; null when the chains agree. Frames that have no line in `expected` are compared by function alone. */
export function difference(ours: readonly Answer[], expected: readonly Answer[]): string | null {
  if (ours.length !== expected.length) return `${ours.length} frames instead of ${expected.length}`;
  for (const [i, theirs] of expected.entries()) {
    const mine = ours[i]!;
    if (!isLabel(theirs.function) && lastComponent(mine.function) !== lastComponent(theirs.function))
      return `function "${mine.function}" instead of "${theirs.function}"`;
    if (theirs.line === 0) continue;
    if (mine.line !== theirs.line) return `line ${mine.line} instead of ${theirs.line}`;
    if (plainPath(mine.file) !== plainPath(theirs.file)) return `file "${mine.file}" instead of "${theirs.file}"`;
  }
  return null;
}

/** Address that a file states for image-relative address 0; a PDB's is that of the exe beside it. */
export function imageBaseOf(path: string, debugId: string | null): bigint {
  const source = new BufferSource(readFileSync(path));
  switch (objectKind(source)) {
    case "elf":
      return openElf(source).imageBase;
    case "macho":
      return chooseMachO(source, debugId)?.baseAddress ?? 0n;
    case "pe":
      return new PeImage(source).imageBase;
    case "pdb":
      return imageBaseOf(path.replace(/\.pdb$/, ".exe"), debugId);
    default:
      return 0n;
  }
}

/** Companions by name: beside the file, and where it says. */
export function companionsOf(path: string): (need: CompanionNeed) => BufferSource | null {
  return (need) => {
    if (need.kind === "split-package") return fileIfThere(`${path}.dwp`);
    if (need.name === null) return null;
    const stated = need.kind === "split" ? join(need.directory ?? "", need.name) : need.name;
    return fileIfThere(join(dirname(path), basename(need.name))) ?? fileIfThere(stated);
  };
}

function fileIfThere(path: string): BufferSource | null {
  try {
    return new BufferSource(readFileSync(path));
  } catch {
    return null;
  }
}

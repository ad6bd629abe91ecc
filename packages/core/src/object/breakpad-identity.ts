/** Identity of a .sym file from its MODULE and INFO lines, its features from a scan. */

import type { SymModule } from "../breakpad/records.ts";
import { indexSym } from "../breakpad/sym-index.ts";
import type { ByteSource } from "../bytes/byte-source.ts";
import { baseName } from "../bytes/text.ts";
import { normalizeCodeId } from "../ids/code-id.ts";
import { normalizeDebugId } from "../ids/debug-id.ts";
import type { ObjectVerdict } from "./verdict.ts";

const cpus: Readonly<Record<string, string>> = {
  x86_64: "amd64",
  x86_64h: "amd64",
  amd64: "amd64",
  x86: "x86",
  i386: "x86",
  i686: "x86",
  arm64: "arm64",
  arm64e: "arm64",
  aarch64: "arm64",
};
const systems: Readonly<Record<string, string>> = { linux: "linux", mac: "macos", windows: "windows", android: "android", ios: "ios" };

/** "x86_64" → "amd64"; names without another spelling stay as they are, in lower case. */
export function cpuName(arch: string): string {
  const lower = arch.toLowerCase();
  return cpus[lower] ?? (/^armv?[5-7]?/.exec(lower)?.[0] ? "arm" : lower);
}

/** The verdict as far as the first lines tell it; features are empty. */
export function breakpadVerdict(module: SymModule): ObjectVerdict {
  return {
    kind: "breakpad",
    name: module.name === "" ? null : baseName(module.name),
    codeFile: module.codeFile === null ? null : baseName(module.codeFile),
    debugId: normalizeDebugId(module.id),
    codeId: module.codeId === null ? null : normalizeCodeId(module.codeId),
    cpu: cpuName(module.arch),
    os: systems[module.os.toLowerCase()] ?? module.os.toLowerCase(),
    features: [],
    convertible: true,
    lacks: [],
  };
}

/** Scans the whole file. Throws FormatError when its first line is no MODULE record. */
export function identifyBreakpad(source: ByteSource): ObjectVerdict {
  const index = indexSym(source);
  const verdict = breakpadVerdict(index.module);
  if (index.functions.start.length > 0 || index.publics.address.length > 0) verdict.features.push("symbols");
  else verdict.lacks.push("names: the file has neither FUNC nor PUBLIC records");
  if (index.hasLines) verdict.features.push("lines");
  else verdict.lacks.push("line numbers: made from a binary without debug information");
  if (index.hasInlines) verdict.features.push("inlines");
  if (index.cfi.start.length > 0 || index.win.start.length > 0) verdict.features.push("unwind");
  else verdict.lacks.push("unwind rules: the file has no STACK records");
  if (verdict.debugId === null) {
    verdict.convertible = false;
    verdict.lacks.push(`a debug id: "${index.module.id.slice(0, 80)}" in the MODULE line is none, so no crash can ever match the file`);
  }
  return verdict;
}

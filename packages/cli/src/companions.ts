/**
 * Files that belong to a debug file and hold a part of it: split units (.dwo, .dwp), and what dwz moved into a supplementary file. They are looked
 * for where the debug file says, then under their own name beside it and in the folders at hand.
 */
import { existsSync, statSync } from "node:fs";
import { basename, dirname, isAbsolute, join } from "node:path";
import type { ByteSource, CompanionNeed } from "@salvage/core";
import { FileSource } from "./file-source.ts";

/** Gives the companions of the file at `path`; null for one that is not found. */
export function companionsOf(path: string, folders: readonly string[] = []): (need: CompanionNeed) => ByteSource | null {
  const beside = [...new Set([dirname(path), ...folders])];
  return (need) => {
    for (const candidate of candidates(path, beside, need)) {
      if (existsSync(candidate) && statSync(candidate).isFile()) return new FileSource(candidate);
    }
    return null;
  };
}

function* candidates(path: string, folders: readonly string[], need: CompanionNeed): Iterable<string> {
  if (need.kind === "split-package") {
    yield `${path}.dwp`;
    const bare = path.replace(/\.debug$/, "");
    for (const folder of folders) yield join(folder, `${basename(bare)}.dwp`);
    return;
  }
  const { name } = need;
  if (name === null) return;
  if (isAbsolute(name)) yield name;
  else {
    if (need.kind === "split" && need.directory !== null) yield join(need.directory, name);
    yield join(dirname(path), name);
  }
  for (const folder of folders) yield join(folder, basename(name));
  if (need.kind === "supplementary" && need.buildId !== null)
    yield join("/usr/lib/debug/.build-id", need.buildId.slice(0, 2), `${need.buildId.slice(2)}.debug`);
}

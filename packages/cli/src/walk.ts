/** Files below a path: itself when it is a file, else all in its folders, in a stable order. Links to folders are followed once. */
import { readdirSync, realpathSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileProblem } from "./cli-error.ts";

/** Throws CliError when `path` itself does not exist; what lies deeper and cannot be read is passed over. */
export function* walkFiles(path: string): Generator<string> {
  let isFolder: boolean;
  try {
    isFolder = statSync(path).isDirectory();
  } catch (error) {
    throw fileProblem(path, error);
  }
  if (isFolder) yield* walkFolder(path, new Set());
  else yield path;
}

function* walkFolder(folder: string, seen: Set<string>): Generator<string> {
  let names: string[];
  try {
    const real = realpathSync(folder);
    if (seen.has(real)) return;
    seen.add(real);
    names = readdirSync(folder).sort();
  } catch {
    return;
  }
  for (const name of names) {
    const path = join(folder, name);
    try {
      const stats = statSync(path);
      if (stats.isDirectory()) yield* walkFolder(path, seen);
      else if (stats.isFile() && stats.size > 0) yield path;
    } catch {
      // a dangling link, or gone meanwhile
    }
  }
}

/**
 * Debug files on this machine, found by their ids and not by their names: the folders given with --symbols are walked once, each file is
 * identified by its content, and a module takes the file that carries its debug id (or code id, where the module has no debug id).
 * The Breakpad layout `<debug file>/<debug id>/<name>.sym` is tried first, since it needs no walk.
 */
import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import {
  bestNames,
  bestUnwind,
  bestWindowsFrames,
  FormatError,
  type ImageFile,
  type ImageLookup,
  identifyObject,
  type ModuleIds,
  normalizeCodeId,
  normalizeDebugId,
  type OpenedUnwind,
  openSym,
  openUnwind,
} from "@salvage/core";
import { FileSource } from "./file-source.ts";
import { walkFiles } from "./walk.ts";

/** A file that carries a module's ids; `sym` when it is a .sym file. */
type Found = { path: string; sym: boolean };

export class SymbolFolders {
  readonly #folders: readonly string[];
  #byId: Map<string, Found[]> | null = null;
  /** Base names (lower case) of files found, for telling "another build" from "not there". */
  readonly #names = new Map<string, string>();

  constructor(folders: readonly string[]) {
    this.#folders = folders;
  }

  /** What is at hand for a module; null when no file carries its ids. Opens the files at the first call. */
  image(module: ModuleIds): ImageLookup | null {
    if (this.#folders.length === 0) return null;
    const found = this.#inBreakpadLayout(module) ?? this.#byContent(module);
    if (found.length === 0) return null;
    const files: (ImageFile & Pick<OpenedUnwind, "code">)[] = [];
    let malformed = false;
    // Rules read from binaries are complete where those of .sym files leave out prologues and epilogues, so binaries come last, which is best.
    for (const { path, sym } of found.toSorted((a, b) => Number(b.sym) - Number(a.sym))) {
      try {
        const file = sym ? openSym(new FileSource(path)) : openBinary(path, module.debugId);
        if (file !== null) files.push(file);
      } catch (error) {
        if (!(error instanceof FormatError)) throw error;
        malformed = true;
      }
    }
    if (files.length === 0) {
      const status = malformed ? "malformed" : "unsupported";
      return { names: null, unwind: null, namesStatus: status, unwindStatus: status };
    }
    const names = bestNames(files);
    const unwind = bestUnwind(files);
    const windowsFrames = bestWindowsFrames(files);
    const rules = unwind ?? windowsFrames;
    return {
      names,
      unwind,
      windowsFrames,
      code: files.findLast((file) => file.code)?.code ?? null,
      namesStatus: names !== null ? "found" : found.every((file) => file.sym) ? "missing" : "unsupported",
      unwindStatus: rules === null ? "missing" : "found",
    };
  }

  /** Names of the debug files at hand; walks the folders. */
  names(): Iterable<string> {
    this.#byId ??= this.#index();
    return this.#names.keys();
  }

  /** A file of the module's name but with other ids, when there is one: usually another build of the same program. */
  otherBuild(module: ModuleIds): string | null {
    this.#byId ??= this.#index();
    for (const name of [module.debugFile, module.codeFile]) {
      const path = name === null ? undefined : this.#names.get(stem(name));
      if (path !== undefined) return path;
    }
    return null;
  }

  #inBreakpadLayout(module: ModuleIds): Found[] | null {
    if (module.debugFile === null || module.debugId === null) return null;
    const name = lastSegment(module.debugFile);
    for (const folder of this.#folders) {
      for (const file of new Set([`${name.replace(/\.pdb$/i, "")}.sym`, `${name}.sym`])) {
        const path = join(folder, name, module.debugId, file);
        if (existsSync(path) && quickSymIds(path)?.debugId === module.debugId) return [{ path, sym: true }];
      }
    }
    return null;
  }

  #byContent(module: ModuleIds): Found[] {
    this.#byId ??= this.#index();
    const byDebugId = module.debugId === null ? undefined : this.#byId.get(module.debugId);
    return byDebugId ?? (module.codeId === null ? undefined : this.#byId.get(codeKey(module.codeId))) ?? [];
  }

  #index(): Map<string, Found[]> {
    const index = new Map<string, Found[]>();
    for (const folder of this.#folders) {
      for (const path of walkFiles(folder)) {
        const ids = identify(path);
        if (ids === null) continue;
        this.#names.set(stem(ids.name ?? path), path);
        for (const key of [ids.debugId, ids.codeId === null ? null : codeKey(ids.codeId)]) {
          if (key !== null) index.set(key, [...(index.get(key) ?? []), { path, sym: ids.sym }]);
        }
      }
    }
    return index;
  }
}

type FileIds = { name: string | null; debugId: string | null; codeId: string | null; sym: boolean };

/** What a binary gives without being converted: unwind rules and code; its names come by way of a .sym file. Null when it has neither. */
function openBinary(path: string, debugId: string | null): (ImageFile & Pick<OpenedUnwind, "code">) | null {
  const opened = openUnwind(new FileSource(path), debugId);
  if (opened === null || (!opened.unwind && !opened.windowsFrames && !opened.code)) return null;
  return { names: null, ...opened, hasLines: false, hasInlines: false };
}

/** Ids of a debug file, or null when it is none. */
function identify(path: string): FileIds | null {
  const quick = quickSymIds(path);
  if (quick !== null) return quick;
  let source: FileSource | null = null;
  try {
    source = new FileSource(path);
    const { name, debugId, codeId, kind } = identifyObject(source);
    return { name, debugId, codeId, sym: kind === "breakpad" };
  } catch {
    // Not a debug file, or one that cannot be read: a symbol folder may hold anything.
    return null;
  } finally {
    source?.close();
  }
}

/** Ids of a .sym from its first lines: a folder may hold gigabytes of them, and only a few will be needed. */
function quickSymIds(path: string): FileIds | null {
  let source: FileSource | null = null;
  try {
    source = new FileSource(path);
    const text = Buffer.from(source.read(0, Math.min(source.size, 4096))).toString("utf8");
    const module = /^MODULE\s+\S+\s+\S+\s+(\S+)[ \t]+([^\r\n]*)/.exec(text);
    if (module === null) return null;
    const code = /^INFO CODE_ID[ \t]+([0-9A-Fa-f]+)/m.exec(text)?.[1];
    return {
      name: module[2] ?? null,
      debugId: normalizeDebugId(module[1] ?? ""),
      codeId: code === undefined ? null : normalizeCodeId(code),
      sym: true,
    };
  } catch {
    return null;
  } finally {
    source?.close();
  }
}

const codeKey = (codeId: string) => `code:${codeId.toLowerCase()}`;

function lastSegment(path: string): string {
  return path.slice(Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1);
}

function stem(path: string): string {
  return basename(lastSegment(path))
    .toLowerCase()
    .replace(/\.(sym|pdb|exe|dll|debug|so|dylib|dsym)$/, "");
}

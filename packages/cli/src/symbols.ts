/**
 * Debug files on this machine, found by their ids and not by their names: the folders given with --symbols are walked once, each file is
 * identified by its content, and a module takes the files that carry its debug id (or code id, where the module has no debug id).
 *
 * An image may have several files: exe and PDB, a stripped library and its .debug, a .sym beside them. The best part of each kind counts:
 * names with inlined functions before names with lines before bare symbols, among equals a binary's own before a .sym's; unwind rules of
 * binaries before those of .sym files, which leave out prologues and epilogues, and rules that hold only at calls last.
 */
import { basename } from "node:path";
import {
  FormatError,
  type ImageFile,
  type ImageLookup,
  identifyObjects,
  imageLookup,
  type ModuleIds,
  normalizeCodeId,
  normalizeDebugId,
  type ObjectKind,
  type ObjectVerdict,
  openDebugFile,
} from "@salvage/core";
import { companionsOf } from "./companions.ts";
import { FileSource } from "./file-source.ts";
import { ports } from "./ports.ts";
import { walkFiles } from "./walk.ts";

const compareBytes = 1 << 20;

/** A file that carries a module's ids. */
type Found = { path: string; debugId: string | null; kind: ObjectKind; features: readonly string[] };

/** Two files that claim one id and have the same parts, but not the same content. */
export type Conflict = { id: string; paths: [string, string] };

export class SymbolFolders {
  /** Of the modules asked for so far. Both files are used, the second first. */
  readonly conflicts: Conflict[] = [];
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
    const found = this.#byContent(module);
    if (found.length === 0) return null;
    this.#noteConflicts(found, module.debugId ?? module.codeId ?? "");
    const files: ImageFile[] = [];
    let malformed = false;
    for (const { path, debugId } of found) {
      try {
        files.push(openLocal(path, module.debugId ?? debugId, this.#folders));
      } catch (error) {
        if (!(error instanceof FormatError)) throw error;
        malformed = true;
      }
    }
    return imageLookup(files, malformed);
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

  #byContent(module: ModuleIds): Found[] {
    this.#byId ??= this.#index();
    const byId = this.#byId;
    const byDebugId = module.debugId === null ? undefined : byId.get(module.debugId);
    if (byDebugId !== undefined || module.codeId === null) return byDebugId ?? [];
    // A module without CodeView record names its exe alone, and the exe names its PDB.
    const byCodeId = byId.get(codeKey(module.codeId)) ?? [];
    const companions = byCodeId.flatMap(({ debugId }) => (debugId === null ? [] : (byId.get(debugId) ?? [])));
    return [...new Map([...byCodeId, ...companions].map((file) => [file.path, file])).values()];
  }

  #noteConflicts(found: readonly Found[], id: string): void {
    for (const [i, a] of found.entries()) {
      for (const b of found.slice(i + 1)) {
        if (a.kind === b.kind && a.features.join() === b.features.join() && !sameContent(a.path, b.path))
          this.conflicts.push({ id, paths: [a.path, b.path] });
      }
    }
  }

  #index(): Map<string, Found[]> {
    const index = new Map<string, Found[]>();
    for (const folder of this.#folders) {
      for (const path of walkFiles(folder)) {
        for (const { name, debugId, codeId, kind, features } of identify(path)) {
          this.#names.set(stem(name ?? path), path);
          for (const key of [debugId, codeId === null ? null : codeKey(codeId)]) {
            if (key !== null) index.set(key, [...(index.get(key) ?? []), { path, debugId, kind, features }]);
          }
        }
      }
    }
    return index;
  }
}

/** Opens a local debug file, with its companions from beside it and from `folders`. Throws FormatError as openDebugFile does. */
export function openLocal(path: string, debugId: string | null, folders: readonly string[] = []): ImageFile {
  return openDebugFile(new FileSource(path), { debugId, ports, companion: companionsOf(path, folders) });
}

type FileIds = Pick<ObjectVerdict, "name" | "debugId" | "codeId" | "kind" | "features">;

/** Ids of the images in a debug file; none when it is no debug file. */
function identify(path: string): FileIds[] {
  const quick = quickSymIds(path);
  if (quick !== null) return [quick];
  let source: FileSource | null = null;
  try {
    source = new FileSource(path);
    return identifyObjects(source);
  } catch {
    // Not a debug file, or one that cannot be read: a symbol folder may hold anything.
    return [];
  } finally {
    source?.close();
  }
}

/** Whether two files have the same bytes. */
function sameContent(a: string, b: string): boolean {
  const [first, second] = [new FileSource(a), new FileSource(b)];
  try {
    if (first.size !== second.size) return false;
    for (let at = 0; at < first.size; at += compareBytes) {
      const length = Math.min(compareBytes, first.size - at);
      if (Buffer.compare(first.read(at, length), second.read(at, length)) !== 0) return false;
    }
    return true;
  } finally {
    first.close();
    second.close();
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
      kind: "breakpad",
      features: [],
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

/**
 * What crashes of one batch share: which files exist for a module, and which names the organization ever uploaded.
 * Asked once per batch instead of once per crash. A batch lasts seconds, and a file that comes meanwhile is noticed anyway:
 * finishing a crash checks again, after its missing rows are committed.
 */
import { fileKey } from "@salvage/contracts";
import { baseName, stemsOf } from "@salvage/core/own-modules";
import type { ImageFileRef, SystemFiles, WantedModule } from "@salvage/db/system";

/** The key under which a module's debug file is asked for and found; null when nothing identifies it. */
export function keyOfModule(module: WantedModule): string | null {
  return fileKey(module.debugId, module.codeId, baseName(module.codeFile));
}

export class BatchContext {
  readonly #files: SystemFiles;
  readonly #found = new Map<string, Promise<ImageFileRef[]>>();
  readonly #stems = new Map<string, Promise<ReadonlySet<string>>>();

  constructor(files: SystemFiles) {
    this.#files = files;
  }

  /** The files of each module, in order. */
  async resolve(organizationId: string, modules: readonly WantedModule[]): Promise<ImageFileRef[][]> {
    const unknown = new Map<string, WantedModule>();
    const keys = modules.map((module) => {
      const key = keyOfModule(module);
      if (key === null) return null;
      // A file that only has a code id answers for modules of that name; the name is part of what is asked.
      const cacheKey = `${organizationId}|${key}|${module.codeId ?? ""}|${module.codeFile}`;
      if (!this.#found.has(cacheKey)) unknown.set(cacheKey, module);
      return cacheKey;
    });
    if (unknown.size > 0) {
      const asked = [...unknown];
      const answers = this.#files.resolveForModules(
        organizationId,
        asked.map(([, module]) => module),
      );
      asked.forEach(([key], place) => {
        const files = answers.then((found) => found[place] ?? []);
        files.catch(() => this.#found.delete(key)); // whoever awaits it sees the error; the next crash asks again
        this.#found.set(key, files);
      });
    }
    return Promise.all(keys.map((key) => (key === null ? [] : (this.#found.get(key) ?? []))));
  }

  /** Stems of every name the organization ever uploaded. */
  ownStems(organizationId: string): Promise<ReadonlySet<string>> {
    let stems = this.#stems.get(organizationId);
    if (stems === undefined) {
      stems = this.#files.ownNames(organizationId).then(stemsOf);
      stems.catch(() => this.#stems.delete(organizationId));
      this.#stems.set(organizationId, stems);
    }
    return stems;
  }
}

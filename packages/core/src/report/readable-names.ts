/** Names of functions as a report shows them: readable, and the debug file's own spelling beside where that is another. */
import { demangle } from "../demangle/demangle.ts";

/** `function` is null for a function that the debug file has lines for but no name. */
export type ReadableName = { function: string | null; function_mangled: string | null };

/** Names that are kept: no stack that is listed has so many different ones. */
const maxKept = 4096;

/** Makes names readable and keeps the last ones. One for each report, or for each run of lookups. */
export class ReadableNames {
  readonly #kept = new Map<string, ReadableName>();

  /** `stated` is the name as the debug file has it, mangled or not. */
  of(stated: string): ReadableName {
    const kept = this.#kept.get(stated);
    if (kept !== undefined) return kept;
    const readable = demangle(stated);
    const name = readable === null || readable === stated ? asStated(stated) : { function: readable, function_mangled: stated };
    if (this.#kept.size >= maxKept) this.#kept.clear();
    this.#kept.set(stated, name);
    return name;
  }
}

function asStated(stated: string): ReadableName {
  return { function: stated === "" ? null : stated, function_mangled: null };
}

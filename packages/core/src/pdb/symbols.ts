/** Answers from public symbols, where no function of a module is known. */
import { shortText } from "../bytes/short-text.ts";
import { encodeUtf8 } from "../bytes/utf8.ts";
import type { NameSink } from "../names/name-source.ts";
import type { SourceFrame } from "../symbolicate/lookup.ts";
import type { ModuleLoader } from "./module-loader.ts";
import type { Publics } from "./publics.ts";
import { nowhere, type Omap, type Sections } from "./sections.ts";

/** What precedes the class in the names of scalar and vector deleting destructors, those of class templates last. */
const deletingPrefixes = ["??_G", "??_E", "??_G?$", "??_E?$"].map(encodeUtf8);

export class Symbols {
  readonly #publics: Publics;
  readonly #sections: Sections;
  readonly #modules: ModuleLoader;
  readonly #omap: Omap | null;

  constructor(publics: Publics, sections: Sections, modules: ModuleLoader, omap: Omap | null) {
    this.#publics = publics;
    this.#sections = sections;
    this.#modules = modules;
    this.#omap = omap;
  }

  /** The symbol at an address of linked code, if it starts behind `before`, the start of the last function below. */
  lookup(address: number, before: number): SourceFrame[] | null {
    const symbol = this.#publics.find(address);
    if (symbol === null || symbol.address <= before || address >= this.#limit(symbol.address, symbol.section)) return null;
    const start = this.#omap === null ? symbol.address : this.#omap.toImage(symbol.address);
    if (start === nowhere) return null;
    const name = shortText(symbol.name, 0, symbol.name.length);
    return [{ function: name, functionAddress: start, file: null, line: null }];
  }

  /** Name of the symbol that starts at an address of linked code. */
  nameAt(address: number): Uint8Array | null {
    const symbol = this.#publics.find(address);
    return symbol === null || symbol.address !== address ? null : symbol.name;
  }

  /**
   * The mangled name of a deleting destructor, which clang names like the destructor it calls: the public symbol at its start says ??_G or ??_E.
   * Null for all other functions.
   */
  deletingDestructor(address: number, name: Uint8Array): Uint8Array | null {
    const tilde = name.lastIndexOf(0x7e);
    if (tilde < 2 || name[tilde - 1] !== 0x3a) return null;
    let end = tilde + 1;
    while (end < name.length && name[end] !== 0x3c) end++;
    const className = name.subarray(tilde + 1, end);
    for (const prefix of deletingPrefixes) {
      const beginning = new Uint8Array(prefix.length + className.length + 1);
      beginning.set(prefix);
      beginning.set(className, prefix.length);
      beginning[beginning.length - 1] = 0x40;
      const found = this.#publics.nameWith(address, beginning);
      if (found !== null) return found;
    }
    return null;
  }

  visit(sink: NameSink): void {
    const omap = this.#omap;
    this.#publics.each((address, section, name) => {
      const limit = this.#limit(address, section);
      if (omap === null) {
        sink.symbol(address, 0, name, limit);
        return;
      }
      const start = omap.toImage(address);
      if (start !== nowhere) sink.symbol(start, 0, name, start + (limit - address));
    });
  }

  /** A symbol names code of one module only, and in moved code what stays together. */
  #limit(address: number, section: number): number {
    const limit = Math.min(this.#sections.end(section), this.#modules.pieceEnd(address));
    return this.#omap === null ? limit : Math.min(limit, this.#omap.togetherUntil(address));
  }
}
